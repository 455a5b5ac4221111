"""What a language model is asked, and what it answered: plain data that names no endpoint."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

_BYTES_AROUND_A_MESSAGE = 64  # roles and marks that an endpoint puts around it, in tokens


class Usage(NamedTuple):
    """Tokens read and written."""

    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True)
class ChatRequest:
    """A question to a model: instructions, prompt, and the JSON schema of the answer wanted.

    `seed` is the build's and `repetition` counts its earlier requests of the same words: neither
    is sent, but each such request gets an answer of its own. `temperature` is left to the model
    if None; `max_output_tokens` cuts the answer off.
    """

    model: str
    instructions: str
    prompt: str
    schema: Mapping[str, Any]
    temperature: float | None
    max_output_tokens: int
    seed: int = 0
    repetition: int = 0

    def as_asked(self) -> dict[str, Any]:
        """What an answer depends on; where it is cut off does not matter to a whole one."""
        return {
            "model": self.model,
            "instructions": self.instructions,
            "prompt": self.prompt,
            "schema": self.schema,
            "temperature": self.temperature,
            "seed": self.seed,
            "repetition": self.repetition,
        }

    @cached_property
    def key(self) -> str:
        """32 hex digits over what the answer depends on."""
        content = json.dumps(self.as_asked(), sort_keys=True).encode()
        return hashlib.blake2b(content, digest_size=16).hexdigest()

    @property
    def at_most(self) -> Usage:
        """More tokens than it can take: no token is shorter than a byte."""
        texts = (self.instructions, self.prompt, json.dumps(self.schema))
        size = sum(len(text.encode()) + _BYTES_AROUND_A_MESSAGE for text in texts)
        return Usage(size, self.max_output_tokens)


@dataclass(frozen=True)
class ChatReply:
    """The text that came back, by which model, and what it took."""

    content: str
    model: str
    usage: Usage
