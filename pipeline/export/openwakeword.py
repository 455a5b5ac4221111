"""openWakeWord: the four folders of 16 kHz clips that its train.py augments and learns from.

    OUT/{positive,negative}_{train,test}/ID.wav    OUT/clips.jsonl

A clip is positive where it says one of the build's wake phrases (the `phrases` of
`sentences.negatives`, and what its `intents` say); of a build that names none, where the column
`negative` says nothing else. The split `train` is trained on, every other is tested on. In
openWakeWord's config OUT is `output_dir`/`model_name`.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import DataError
from models.phonology.phonemes import words_of
from pipeline.dataset.files import read_rows
from pipeline.dataset.record import read_record
from pipeline.export.clips import Clip, columns_of, json_line
from pipeline.export.pieces import Piece, join_parts
from pipeline.export.sounds import as_wav

SAMPLE_RATE = 16000
_PART = "clips"
_KINDS = ("positive", "negative")
_JUDGED_BY = ("negative", "transcript", "intent")


def check(pieces: Sequence[Piece]) -> None:
    """Raise `DataError` unless there are clips of both kinds to train on and to test on."""
    for use in sorted({_use(piece.split) for piece in pieces}):
        missing = set(_KINDS)
        for piece in pieces:
            if missing and _use(piece.split) == use:
                missing -= _kinds_in(piece)
        if missing:
            raise DataError(
                f"{_dataset(pieces[0])}: no {' and no '.join(sorted(missing))} clip to "
                f"{use} on; openwakeword needs both kinds: build with a section sentences.negatives"
            )


def write(piece: Piece, clips: Iterable[Clip]) -> None:
    wake = _wake_phrases(_dataset(piece))
    with piece.part(_PART).open("w", encoding="utf-8") as lines:
        for clip in clips:
            path = f"{wake.kind_of(clip.row)}_{_use(piece.split)}/{clip.name}.wav"
            piece.place_bytes(path, as_wav(clip, SAMPLE_RATE))
            lines.write(json_line({"path": path, **clip.row}))


def finish(pieces: Sequence[Piece]) -> None:
    join_parts(pieces, _PART, "clips.jsonl")


@dataclass(frozen=True, slots=True)
class WakePhrases:
    """What a clip must say to be positive: one of `phrases`, transcripts, or what is of one of
    `intents`; with none of both, whatever is no negative.
    """

    phrases: frozenset[str] = frozenset()
    intents: frozenset[str] = frozenset()

    def kind_of(self, row: Mapping[str, Any]) -> str:
        """`positive` or `negative`."""
        if row["negative"]["kind"] != "none":
            return "negative"
        said = f" {row['transcript']} "
        wakes = row["intent"] in self.intents or any(f" {one} " in said for one in self.phrases)
        return "positive" if wakes or not (self.phrases or self.intents) else "negative"


def _wake_phrases(dataset: Path) -> WakePhrases:
    phrases, intents = set[str](), set[str]()
    for part in read_record(dataset).parts:
        negatives = (part.config.get("sentences") or {}).get("negatives") or {}
        phrases.update(negatives.get("phrases") or ())
        intents.update(negatives.get("intents") or ())
    return WakePhrases(frozenset(map(_transcript, phrases)), frozenset(intents))


@functools.cache
def _transcript(phrase: str) -> str:
    """A phrase as the column `transcript` has it."""
    from pipeline.text.normalize import normalize

    (spoken,) = normalize([phrase])
    return " ".join(words_of(spoken))


def _dataset(piece: Piece) -> Path:
    return piece.source.parent.parent


def _use(split: str) -> str:
    return "train" if split == "train" else "test"


def _kinds_in(piece: Piece) -> set[str]:
    if "negative" not in columns_of(piece.source):
        return {"positive"}
    wake = _wake_phrases(_dataset(piece))
    return {wake.kind_of(row) for row in read_rows(piece.source, _JUDGED_BY)}
