"""The body of a chat completion, validated: any server may have sent it."""

import json
from typing import Any

from models.errors import shortened
from pipeline.endpoint.failures import UnusableReply
from pipeline.sentences.language_model.chat.messages import ChatReply, Usage


def read_usage(body: str, at_most: Usage) -> Usage:
    """What the endpoint says that it took; `at_most` where it does not say."""
    try:
        usage = json.loads(body)["usage"]
        return Usage(max(int(usage["prompt_tokens"]), 0), max(int(usage["completion_tokens"]), 0))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return at_most


def read_completion(body: str, model: str, usage: Usage) -> ChatReply:
    """The answer in a completion. Raises `UnusableReply` for none, or one that was cut off."""
    try:
        completion = json.loads(body)
        choice = completion["choices"][0]
        message = choice["message"]
        content, refusal = message.get("content"), message.get("refusal")
        ended = choice.get("finish_reason")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise UnusableReply(
            f"it answered what is no chat completion (`{shortened(body)}`); is this the address "
            "of an OpenAI-compatible API? it often ends in /v1"
        ) from None
    if ended == "length":
        raise UnusableReply(
            "the answer was cut off; raise sentences.language_model.max_output_tokens, or lower "
            "sentences_per_request"
        )
    if refusal or ended == "content_filter" or not isinstance(content, str):
        answer = shortened(str(refusal or content))
        raise UnusableReply(
            f"the model gave no answer (`{answer}`); change the prompt or the model"
        )
    return ChatReply(content, _model_of(completion, model), usage)


def _model_of(completion: dict[str, Any], asked: str) -> str:
    named = completion.get("model")
    return named if isinstance(named, str) and named else asked
