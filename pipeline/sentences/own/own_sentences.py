"""Sentences that the user brings, as a source beside the templates: `sentences.files`.

A row's template is `FILE:LINE`, so that it leads back to where it was read. Where fewer are
asked for than a file has, the seed chooses which; they come in the file's order all the same.
Choosing takes a pass over the file, and no memory: rows are passed with a chance of those still
wanted out of those still to come. docs/OWN_SENTENCES.md shows what files may look like.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.config import resolve_path
from models.errors import DataError, shortened
from models.phonology.characters import visible
from pipeline.distributions import check_share
from pipeline.licences.summary import LicensedSource
from pipeline.licences.terms import UNKNOWN, check_licence_name
from pipeline.randomness import rng_for
from pipeline.records import Reject, Sentence, Slot
from pipeline.sentences.drawing.sampling import STAGE, Maker, uniforms_of
from pipeline.sentences.drawing.sources import SentenceSource
from pipeline.sentences.own.own_files import (
    EMPTY,
    OwnRow,
    check_files,
    columns_of,
    columns_of_all,
    content_digest,
    data_files,
    kind_of,
    most_rows,
    read_rows,
)
from pipeline.text.slot_words import occurrences

TEXT_COLUMNS = ("text", "sentence", "transcript", "transcription", "utterance", "utt")
_MAX_CHARACTERS = 1000  # about a minute of speech
_READ_AT_FIRST = 500_000  # rows: some seconds
_NEARLY_THE_SAME = 0.8  # of difflib: `intnet` and `intents`, not `content`
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NOT_OF_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_CONTROL_OR_SURROGATE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class OwnFile:
    """A file or dataset folder of the user's own sentences, which give `share` of all.

    `text`, `intent` and `slots` name columns; null takes the obvious one where there is one
    (`TEXT_COLUMNS`, `intent`, `slots`), and an empty list no slots. A column of slots holds
    `{name: value}`, a list of `{name, value}`, either of them as JSON, or the value of the slot
    that is called like the column. `domain` is what ids begin with; null: the file's own name.
    """

    path: Path
    share: float
    text: str | None = None
    intent: str | None = None
    slots: str | tuple[str, ...] | None = None
    domain: str | None = None
    license: str = ""

    def __post_init__(self) -> None:
        check_share(self.share)
        if self.domain is not None and not _NAME.fullmatch(self.domain):
            raise ValueError(
                f"domain: {shortened(self.domain)!r}; up to 100 letters, digits, `.`, `_` and `-` "
                "are allowed"
            )
        check_licence_name(self.license)

    @property
    def name(self) -> str:
        """What stands in the column `domain`, and what ids begin with."""
        return self.domain or _NOT_OF_A_NAME.sub("_", self.path.stem).strip("._-") or "own"


def own_source(key: str, config: OwnFile) -> SentenceSource:
    """The sentences of a file, whose section of the config is `key`."""
    return SentenceSource(
        location=str(config.path),
        lower=f"{key}.share",
        share=config.share,
        check=lambda number: _check(_open(key, config), number),
        rows=lambda maker, number: _rows(_open(key, config), maker, number),
        files=lambda: _open(key, config).files,
        digest=lambda: _digest(_open(key, config)),
        licensed=LicensedSource(
            kind="sentences",
            name=f"files:{config.name}",
            licence=config.license or UNKNOWN,
            attribution=config.path.name,
            key=key,
            file=str(config.path),
        ),
    )


@dataclass(frozen=True, slots=True)
class _OwnSentence:
    text: str
    intent: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class _Opened:
    """A source's files and the columns that are read of them; `locations` name them in rows."""

    key: str
    config: OwnFile
    files: tuple[Path, ...]
    locations: tuple[str, ...]
    text: str
    intent: str
    slots: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(filter(None, (self.text, self.intent, *self.slots))))

    def rows(self) -> Iterator[tuple[str, _OwnSentence | str]]:
        """Every row with its location, `FILE:LINE`: what it says, or why it cannot be used."""
        check_files(self.files, self.columns)
        for file, location in zip(self.files, self.locations, strict=True):
            for row in read_rows(file, self.columns):
                try:
                    sentence: _OwnSentence | str = _own_sentence(self, row)
                except ValueError as error:
                    sentence = str(error)
                yield f"{location}:{row.line}", sentence


def _open(key: str, config: OwnFile) -> _Opened:
    path = resolve_path(config.path)
    files = data_files(path)
    types = columns_of_all(files)
    wanted = [config.slots] if isinstance(config.slots, str) else config.slots
    opened = _Opened(
        key,
        config,
        tuple(files),
        tuple(f.relative_to(path).as_posix() if path.is_dir() else f.name for f in files),
        text=_named(config.text, types) or _obvious_text(key, config, types),
        intent=_named(config.intent, types) or _obvious(key, config.intent, "intent", types),
        slots=tuple(_named(name, types) for name in wanted or ())
        or tuple(filter(None, [_obvious(key, wanted, "slots", types)])),
    )
    for option, names in (
        ("text", [opened.text]),
        ("intent", [opened.intent]),
        ("slots", opened.slots),
    ):
        for name in names:
            if name and name not in types:
                raise DataError(
                    f"{key}.{option}: {config.path} has no column `{name}`; {_known(types)}"
                )
    _check_same_columns(opened)
    if "string" not in (types[opened.text] or "string"):
        raise DataError(
            f"{key}.text: the column `{opened.text}` of {config.path} holds {types[opened.text]}, "
            "not text"
        )
    return opened


def _check_same_columns(opened: _Opened) -> None:
    """Raise `DataError` naming a file of the folder that lacks a column of the first."""
    for file in opened.files[1:]:
        if kind_of(file) == ".jsonl":
            continue  # whose objects may lack what others have
        types = columns_of(file)
        for name in opened.columns:
            if name not in types:
                raise DataError(
                    f"{file}: no column `{name}` as in {opened.files[0]}; {_known(types)}"
                )


def _named(column: str | None, types: Mapping[str, str]) -> str:
    """A column as the file writes it, which may be in other letters than the config."""
    if column is None or column in types:
        return column or ""
    return _by_name(types).get(_plain(column), column)


def _obvious(key: str, asked: object, column: str, types: Mapping[str, str]) -> str:
    """The column of this name where none was asked for. Raises `DataError` where only a name that
    is nearly the same is there: its content would be lost silently.
    """
    if asked is not None:
        return ""
    by_name = _by_name(types)
    for near in difflib.get_close_matches(column, by_name, n=1, cutoff=_NEARLY_THE_SAME):
        if near != column:
            none = "[]" if column == "slots" else '""'
            raise DataError(
                f"{key}.{column}: null, and there is no column `{column}` but `{by_name[near]}`; "
                f"rename it, name it here, or say {none} to read none"
            )
    return by_name.get(column, "")


def _by_name(types: Mapping[str, str]) -> dict[str, str]:
    return {_plain(name): name for name in reversed(list(types))}


def _plain(column: str) -> str:
    return column.strip().casefold()


def _obvious_text(key: str, config: OwnFile, types: Mapping[str, str]) -> str:
    by_name = _by_name(types)
    for name in TEXT_COLUMNS:
        if name in by_name:
            return by_name[name]
    raise DataError(
        f"{config.path}: which column holds the sentences? Name it as {key}.text; {_known(types)}"
    )


def _known(types: Mapping[str, str]) -> str:
    return f"columns: {', '.join(types) or 'none'}"


def _check(opened: _Opened, number: int) -> None:
    """Raise `DataError` unless `number` distinct sentences can be read. Rows after the first half
    million are only counted: what is wrong with them is told when they are drawn.
    """
    seen, rows, example = set[bytes](), 0, ""
    for location, sentence in opened.rows():
        rows += 1
        if isinstance(sentence, str):
            example = example or f" (such as {location}: {sentence})"
            continue
        seen.add(hashlib.blake2b(sentence.text.encode(), digest_size=8).digest())
        if len(seen) == number:
            return
        if rows == _READ_AT_FIRST:
            there = sum(most_rows(file, opened.columns) for file in opened.files)
            if len(seen) + there - rows >= number:
                return
            raise DataError(
                f"{opened.config.path}: {number} sentences asked for, but of its {there} rows at "
                f"most {len(seen) + there - rows} hold one that no other has{example}; "
                f"lower {opened.key}.share"
            )
    raise DataError(
        f"{opened.config.path}: {number} sentences asked for, but only {len(seen)} of its "
        f"{rows} rows hold one that no other has{example}; lower {opened.key}.share"
    )


def _rows(opened: _Opened, maker: Maker, number: int) -> Iterator[Sentence | Reject]:
    """First what cannot be read, all of it, then sentences."""
    name, usable = opened.config.name, 0
    for location, row in opened.rows():
        usable += isinstance(row, _OwnSentence)
        if isinstance(row, str):
            yield Reject(f"{name}-{location}", STAGE, f"{location}: {row}")
    for location, sentence in _chosen(opened, number, usable, maker.seed):
        made = maker.make(
            sentence.intent, location, sentence.text, sentence.slots, source="files", domain=name
        )
        yield made or Reject(
            f"{name}-{location}", STAGE, f"{location}: said already: {sentence.text!r}"
        )


def _chosen(
    opened: _Opened, number: int, usable: int, seed: int
) -> Iterator[tuple[str, _OwnSentence]]:
    """All usable rows, `number` at a time: each round is a seeded choice among those that no
    round before it had, in the order of the files. The first is enough unless it holds
    sentences that were said already or are filtered out.
    """
    left, sizes = usable, list[int]()
    while left:
        sizes.append(min(number, left))
        left -= sizes[-1]
        rounds = [
            _picks(size, usable - sum(sizes[:round_number]), _uniforms(opened, seed, round_number))
            for round_number, size in enumerate(sizes)
        ]
        for location, sentence in opened.rows():
            if isinstance(sentence, str):
                continue
            round_number = next(
                (round_number for round_number, picks in enumerate(rounds) if next(picks, False)),
                None,
            )
            if round_number == len(sizes) - 1:
                yield location, sentence


def _picks(size: int, total: int, uniforms: Iterator[float]) -> Iterator[bool]:
    """For each of `total` rows, whether it is one of the `size` that are picked."""
    for left in range(total, 0, -1):
        picked = next(uniforms) * left < size
        size -= picked
        yield picked


def _uniforms(opened: _Opened, seed: int, round_number: int) -> Iterator[float]:
    name = f"{opened.config.name}|{opened.locations[0]}|{round_number}"
    return uniforms_of(rng_for(seed, STAGE, name))


def _own_sentence(opened: _Opened, row: OwnRow) -> _OwnSentence:
    """Raises `ValueError` saying why the row holds no sentence."""
    if row.problem:
        raise ValueError(row.problem)
    text = tidied(row.values.get(opened.text), opened.text)
    if not text:
        raise ValueError(EMPTY)
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"too long: {len(text):,} characters; at most {_MAX_CHARACTERS:,}")
    intent = tidied(row.values.get(opened.intent), opened.intent) if opened.intent else ""
    return _OwnSentence(text, intent, _slots(opened, row.values, text) if opened.slots else ())


def tidied(value: object, column: str) -> str:
    """Text with single spaces; nothing for null, nor for NaN, which pandas writes in its place.
    Raises `ValueError` for what is no text.
    """
    if isinstance(value, (Mapping, list, bytes, bool)):
        raise ValueError(f"`{column}` holds no text")
    is_missing = value is None or value != value
    text = " ".join(visible("" if is_missing else str(value)).split())
    if found := _CONTROL_OR_SURROGATE.search(text):
        raise ValueError(f"`{column}` holds the character {found.group()!a}")
    return text


def _slots(opened: _Opened, values: Mapping[str, Any], text: str) -> tuple[Slot, ...]:
    """The slots of a row, in the order in which the text says them."""
    found = list[tuple[int, Slot]]()
    for column in opened.slots:
        for name, value in _pairs(column, values.get(column)):
            slot = Slot(tidied(name, column), tidied(value, column))
            if not slot.name:
                raise ValueError(f"`{column}` holds a slot without a name")
            if not slot.value:
                continue
            first = next(iter(occurrences(slot.value, text)), None)
            if first is None:
                raise ValueError(f"slot {slot.name}: {slot.value!r} is no word of {text!r}")
            found.append((first.start(), slot))
    return tuple(slot for _, slot in sorted(found, key=lambda pair: pair[0]))


def _pairs(column: str, value: Any) -> list[tuple[Any, Any]]:
    """(name, value) of the slots in a cell."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(f"`{column}` is not JSON") from None
    if isinstance(value, Mapping):
        return _pairs_of_mapping(value)
    if isinstance(value, list):
        if not all(
            isinstance(item, Mapping) and {"name", "value"} <= item.keys() for item in value
        ):
            raise ValueError(f"`{column}` is no list of {{name: ..., value: ...}}")
        return [(item["name"], item["value"]) for item in value]
    return [(column, value)]


def _pairs_of_mapping(value: Mapping[str, Any]) -> list[tuple[Any, Any]]:
    """Of `{name: value}`, `{name, value}`, or of tables' `{name: [...], value: [...]}`."""
    if value.keys() != {"name", "value"}:
        return list(value.items())
    names, values = value["name"], value["value"]
    if isinstance(names, list) and isinstance(values, list):
        return list(zip(names, values, strict=True))
    return [(names, values)]


def _digest(opened: _Opened) -> str:
    digest = hashlib.blake2b(content_digest(opened.files, opened.columns), digest_size=8)
    digest.update("\0".join(opened.locations).encode())
    return digest.hexdigest()
