"""Annotations (intent, slots) in a language model's replies, checked against the domain.

{"sentences": [{"text": "Pay my landlord $50.", "intent": "pay_bill",
                "slots": [{"name": "payee", "value": "my landlord"}]}]}
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.domain.domains import Domain
from pipeline.domain.templates import tidy
from pipeline.records import Slot

INSTRUCTIONS = (
    "You write what people say to an application by voice, one sentence or short turn each, "
    "written as in a transcript: no quotation marks, no speaker names, no stage directions, no "
    "placeholders. Answer with JSON alone, of this shape: "
    '{"sentences": [{"text": "...", "intent": "...", '
    '"slots": [{"name": "...", "value": "..."}]}]}. '
    "`text` is what is said, `intent` what is wanted by it, by one of the names you are given. "
    "`slots` holds every slot value that `text` says, spelled exactly as in `text`, or nothing."
)
_PLACEHOLDER = re.compile(r"[{}\[\]<>]")
_NOT_AFTER = r"(?<!\w)(?<!\d[.,:/-])"  # `30` is no value of "7:30"
_NOT_BEFORE = r"(?!\w)(?![.,:/-]\d)"
_BRACES_TRIED = 100
_LONGEST = 1000  # characters; a sentence, not an essay


@dataclass(frozen=True, slots=True)
class Annotated:
    """A sentence with the intent and slots that the model gave it; they hold."""

    text: str
    intent: str
    slots: tuple[Slot, ...]


def answer_schema(intents: Sequence[str], slots: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer, as endpoints that keep to schemas want it."""
    name: dict[str, Any] = {"type": "string"}
    slot = _object(name=name | ({"enum": list(slots)} if slots else {}), value={"type": "string"})
    sentence = _object(
        text={"type": "string"},
        intent={"type": "string", "enum": list(intents)},
        slots={"type": "array", "items": slot},
    )
    return _object(sentences={"type": "array", "items": sentence})


def sentences_in(answer: str) -> list[Any]:
    """The items of `sentences` in the last JSON object of an answer that has them.

    Models that are only told about JSON put words or fences around it, and think aloud before:
    what they repeat of the question and draft on the way is no answer. Raises `ValueError`.
    """
    text = _without_thoughts(answer)
    decoder, found, end = json.JSONDecoder(), None, 0
    for _ in range(_BRACES_TRIED):
        start = text.find("{", end)
        if start < 0:
            break
        end = start + 1
        try:
            value, behind = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value.get("sentences"), list):
            found, end = value["sentences"], behind
    if found is None:
        raise ValueError("no JSON object with a list `sentences`")
    return list(found)


class Annotations:
    """Checks annotations against a domain; `open_slots` lets values pass that its lexicons lack."""

    def __init__(self, domain: Domain, open_slots: bool) -> None:
        self._intents = frozenset(domain.intents)
        self._known = {*domain.lexicons, *domain.written_slots}
        self._listed: Mapping[str, Mapping[str, str]] = {
            name: {value.casefold(): value for value in vocabulary}
            for name, vocabulary in domain.lexicons.items()
            if not open_slots
        }

    def read(self, item: object) -> Annotated:
        """An item of an answer. Raises `ValueError` saying which annotation does not hold."""
        if not isinstance(item, dict) or not isinstance(item.get("text"), str):
            raise ValueError("not an object with a `text`")
        text = _checked_text(item["text"])
        intent = item.get("intent")
        if not isinstance(intent, str) or intent not in self._intents:
            raise ValueError(f"annotated with the intent {intent!r}, which the domain lacks")
        slots = [self._slot(text, name, value) for name, value in _pairs(item.get("slots"))]
        for slot, times in Counter(slots).items():
            if len(_positions(slot.value, text)) < times:
                raise ValueError(
                    f"annotated with `{slot.value}` {times} times, which is not in the text"
                )
        slots.sort(key=lambda slot: _positions(slot.value, text)[0])
        return Annotated(text, intent, tuple(slots))

    def _slot(self, text: str, name: object, value: object) -> Slot:
        if not isinstance(name, str) or name not in self._known:
            raise ValueError(f"annotated with the slot {name!r}, which the domain lacks")
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"annotated with the slot `{name}` without a value")
        value = tidy(value)
        if not _positions(value, text):
            raise ValueError(f"annotated with {name} `{value}`, which is not in the text")
        listed = self._listed.get(name)
        if listed is not None and value.casefold() not in listed:
            raise ValueError(f"annotated with {name} `{value}`, which its lexicon lacks")
        return Slot(name, listed[value.casefold()] if listed is not None else value)


def _without_thoughts(answer: str) -> str:
    """What follows `</think>`, which some servers send without its beginning; what has only a
    beginning was not thought to its end.
    """
    return answer.rpartition("</think>")[2].partition("<think>")[0]


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _checked_text(text: str) -> str:
    text = tidy(text)
    if not text:
        raise ValueError("an empty text")
    if len(text) > _LONGEST:
        raise ValueError(f"a text of {len(text)} characters; {_LONGEST} are a sentence")
    if not text.isprintable() or "\ufffd" in text:
        raise ValueError("a text with signs that cannot be printed")
    if placeholder := _PLACEHOLDER.search(text):
        raise ValueError(f"holds a placeholder (`{placeholder.group()}`)")
    return text


def _pairs(slots: object) -> list[tuple[object, object]]:
    """Names and values of claimed slots, in either of the two shapes that models write."""
    if slots is None:
        return []
    if isinstance(slots, dict):
        return list(slots.items())
    if not isinstance(slots, list) or not all(isinstance(slot, dict) for slot in slots):
        raise ValueError("`slots` is not a list of names and values")
    return [(slot.get("name"), slot.get("value")) for slot in slots]


def _positions(value: str, text: str) -> list[int]:
    """Where `value` stands in `text`, in any case, as words and numbers of its own."""
    pattern = rf"{_NOT_AFTER}{re.escape(value)}{_NOT_BEFORE}"
    return [match.start() for match in re.finditer(pattern, text, re.IGNORECASE)]
