"""Asks a language model over any OpenAI-compatible endpoint, within a budget."""

from collections.abc import Callable
from typing import Any

import openai

from models.errors import shortened
from pipeline.endpoint.client import EndpointClient, complaint_of
from pipeline.endpoint.endpoint import Endpoint, EndpointConfig
from pipeline.endpoint.failures import TryAgain
from pipeline.sentences.language_model.chat.budget import Budget
from pipeline.sentences.language_model.chat.completion import read_completion, read_usage
from pipeline.sentences.language_model.chat.dialect import Dialect
from pipeline.sentences.language_model.chat.messages import ChatReply, ChatRequest, Usage

_SECTION = "sentences.language_model"
_LARGEST_BODY = 8_000_000  # bytes
_FREE = Usage()
_MISUNDERSTOOD = (400, 422, 501)  # what endpoints answer to fields that they do not know


class ChatClient:
    """Several threads may ask at a time; they share the pace, the budget and what was learnt.

    `check` raises `UnusableReply` for an answer that is not what was asked for.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        config: EndpointConfig,
        budget: Budget,
        check: Callable[[ChatReply], None],
    ) -> None:
        self._client = EndpointClient(endpoint, config, _SECTION, "chat", _LARGEST_BODY)
        self._budget, self._check, self._dialect = budget, check, Dialect()

    def ask(self, request: ChatRequest) -> ChatReply:
        """The answer; raises as `EndpointClient.patiently` does."""
        return self._client.patiently(lambda: self._attempt(request))

    def stop(self) -> None:
        """Let threads that wait end with `Stopped`."""
        self._client.stop()

    def close(self) -> None:
        self._client.close()

    def _attempt(self, request: ChatRequest) -> ChatReply:
        dialect: Dialect | None = self._dialect
        while dialect is not None:
            self._client.wait_for_slot()
            try:
                body, usage = self._send_within_budget(request, dialect)
            except openai.APIStatusError as error:
                is_unknown = error.status_code in _MISUNDERSTOOD
                dialect = dialect.simpler(shortened(complaint_of(error))) if is_unknown else None
                if dialect is None:
                    self._client.explain(error, request.model)
            else:
                self._dialect = dialect
                reply = read_completion(self._client.endpoint.redact(body), request.model, usage)
                self._check(reply)
                return reply
        raise AssertionError("a refusal without another way of asking is explained")

    def _send_within_budget(self, request: ChatRequest, dialect: Dialect) -> tuple[str, Usage]:
        """A request that timed out is counted in full: it may be charged for."""
        self._budget.hold(request.at_most)
        used = _FREE
        try:
            completions: Any = self._client.openai.chat.completions
            received = self._client.send(completions, dialect.body(request))
            body = received.decode("utf-8", errors="replace")
            used = read_usage(body, request.at_most)
            return body, used
        except TryAgain as failure:
            used = request.at_most if failure.may_be_charged else _FREE
            raise
        finally:
            self._budget.settle(request.at_most, used)
