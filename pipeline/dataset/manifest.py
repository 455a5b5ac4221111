"""The dataset's rows: how they are joined, and the checks that they agree.

`assemble` checks every row as it is made, `pipeline/verify/dataset.py` checks the same things on a
dataset on disk. The columns are those of `pipeline/dataset/columns.py`.
"""

import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from models.errors import DataError
from models.phonology.phonemes import words_of
from pipeline.audio.delivery import suffix_of
from pipeline.audio.files import decode_audio
from pipeline.dataset.columns import AUDIO, COLUMNS, KEPT_AUDIO, feature_of
from pipeline.dataset.kept_audio import kept_audio, kept_audio_problems
from pipeline.licences.summary import RowLicences
from pipeline.records import (
    SILENCE,
    FinishedClip,
    JudgedClip,
    Reject,
    Sentence,
    SpokenSentence,
    WordTime,
)
from pipeline.storage.shards import REJECT, read_table, reject_value, write_table

Row = dict[str, Any]
_R = TypeVar("_R", Sentence, SpokenSentence, JudgedClip, FinishedClip)

_PART = "manifest rows"
_WORD_TOLERANCE_S = 0.001  # times are sums of hops in floating point


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong in a dataset: in which file, in which row (empty: the file), and what."""

    file: str
    id: str
    message: str

    def __str__(self) -> str:
        row = f": row {self.id}" if self.id else ""
        return f"{self.file}{row}: {self.message}"


def dataset_schema(sample_rate: int | None = None, kept: Sequence[str] = ()) -> pa.Schema:
    """The columns, with the `huggingface` metadata that makes `audio` load as Audio.

    `sample_rate` in Hz is declared to readers; None declares none and every clip has its own.
    `kept` are those of `KEPT_AUDIO` that stand beside `audio`.
    """
    columns = [
        (column.name, column.type)
        for column in COLUMNS.values()
        if not column.kept or column.name in kept
    ]
    sound = {"sampling_rate": sample_rate, "_type": "Audio"}
    features = {name: sound if kind == AUDIO else feature_of(kind) for name, kind in columns}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(columns, metadata=metadata)


def assemble(
    sentences: Iterable[Sentence],
    spoken: Iterable[SpokenSentence],
    judged: Iterable[JudgedClip],
    finished: Iterable[FinishedClip],
    seed: int,
    licences: RowLicences,
) -> Iterator[Row | Reject]:
    """Join the records of a shard by id into dataset rows, in the order of `sentences`.

    Only ids with a finished clip become rows. The audio of `judged` is kept where it was read from
    disk, as is the noise alone where `finished` has it. A row whose fields contradict each other is
    yielded as a `Reject`. Raises `DataError` when a finished clip lacks an earlier record.
    """
    by_id = {clip.id: clip for clip in finished}
    spoken_by_id, judged_by_id = _by_id(spoken), _by_id(judged)
    for sentence in sentences:
        clip = by_id.pop(sentence.id, None)
        if clip is None:
            continue
        row = _row(
            sentence,
            _required(spoken_by_id, clip.id, "spoken sentence"),
            _required(judged_by_id, clip.id, "judged clip"),
            clip,
        )
        row |= kept_audio(judged_by_id[clip.id], clip)
        row |= {"license": licences.of(row), "seed": seed}
        problems = row_problems(row)
        yield Reject(clip.id, "manifest", "; ".join(problems)) if problems else row
    if by_id:
        raise DataError(f"row {min(by_id)}: a finished clip without its sentence")


def write_part(path: Path, rows: Iterable[Row | Reject]) -> Path:
    """Write a shard's dataset rows and rejects, whole or not at all; `read_part` reads it."""
    reject = pa.field("reject", REJECT)
    values = [
        {"id": row.id, "reject": reject_value(row)} if isinstance(row, Reject) else row
        for row in rows
    ]
    schema = dataset_schema(kept=KEPT_AUDIO).append(reject)
    table = pa.Table.from_pylist(values, schema=schema)
    return write_table(path, table, _PART)


def read_part(path: Path, columns: Sequence[str] | None = None) -> list[Row]:
    """The dataset rows of a part, or some of their columns (its rejects: `read_rejects`)."""
    names = columns or list(COLUMNS)
    rows = read_table(path, _PART, [*names, "reject"]).to_pylist()
    for row in rows:
        for name in KEPT_AUDIO:
            if row.get(name) is None:
                row.pop(name, None)
    return [row for row in rows if row.pop("reject") is None]


def read_part_table(path: Path, columns: Sequence[str]) -> pa.Table:
    """The same rows, as a table."""
    table = read_table(path, _PART, [*columns, "reject"])
    return table.filter(pc.is_null(table["reject"])).drop_columns(["reject"])


def read_kept(path: Path) -> tuple[Counter[str], Counter[str]]:
    """How many rows of a part each speaker has, and each template."""
    rows = read_table(path, _PART, ["speaker", "template", "reject"]).to_pylist()
    kept = [row for row in rows if row["reject"] is None]
    return Counter(row["speaker"] for row in kept), Counter(row["template"] for row in kept)


def row_problems(row: Row) -> list[str]:
    """Contradictions within one row, each as `field: expected ..., found ...`."""
    missing = list(_missing(row))
    if missing:
        return missing
    return [
        *_text_problems(row),
        *_audio_problems(row),
        *kept_audio_problems(row),
        *_word_problems(row),
        *_range_problems(row),
    ]


def _by_id(records: Iterable[_R]) -> dict[str, _R]:
    return {record.id: record for record in records}


def _required(records: Mapping[str, _R], row_id: str, name: str) -> _R:
    if row_id not in records:
        raise DataError(f"row {row_id}: a finished clip without its {name}")
    return records[row_id]


def _row(sentence: Sentence, spoken: SpokenSentence, judged: JudgedClip, clip: FinishedClip) -> Row:
    performance, noise = judged.performance, asdict(clip.noise)
    noise["class"] = noise.pop("noise_class")
    return {
        "id": clip.id,
        "audio": {"bytes": clip.audio, "path": f"{clip.id}{suffix_of(clip.audio)}"},
        "text": sentence.text,
        "normalized_text": spoken.normalized_text,
        "transcript": spoken.transcript,
        "phonemes": performance.phonemes,
        "duration_s": clip.num_samples / clip.sample_rate,
        "sample_rate": clip.sample_rate,
        "speaker": performance.speaker,
        "accent": performance.accent,
        "pace": performance.pace,
        "pitch_semitones": performance.pitch_semitones,
        "energy": performance.energy,
        "pitch_range": performance.pitch_range,
        "vocal_tract": performance.vocal_tract,
        "context": performance.context,
        "domain": sentence.domain,
        "template": sentence.template,
        "intent": sentence.intent,
        "slots": [
            asdict(slot) | asdict(word_range)
            for slot, word_range in zip(sentence.slots, spoken.slot_words, strict=True)
        ],
        "source": sentence.source,
        "style": list(sentence.style),
        "negative": asdict(sentence.negative),
        "words": [asdict(word) for word in delivered_words(judged, clip)],
        "noise": noise,
        "room": asdict(clip.room),
        "channel": asdict(clip.channel),
        "augmentations": [asdict(augmentation) for augmentation in clip.augmentations],
        "quality": asdict(judged.judgement) | asdict(clip.quality),
        "attempt": judged.attempt,
        "acoustic_model": performance.acoustic_model,
        "vocoder": judged.clean.vocoder,
    }


def delivered_words(judged: JudgedClip, clip: FinishedClip) -> Iterator[WordTime]:
    """The words of `judged` where they lie in the finished clip, which may cut into their ends."""
    scale, shift_s = clip.time_scale, clip.time_shift_s
    duration_s = clip.num_samples / clip.sample_rate
    for word in judged.performance.words:
        start_s, end_s = (
            min(max(time_s * scale + shift_s, 0.0), duration_s)
            for time_s in (word.start_s, word.end_s)
        )
        yield WordTime(word.word, start_s, end_s)


def _missing(row: Row) -> Iterator[str]:
    """What is null, not finite or, of a column of text, empty, and may not be."""
    for name, value in row.items():
        column = COLUMNS.get(name)
        may_be_null = {f"{name}.{field}" for field in column.nullable} if column else set[str]()
        if column and column.kept:
            may_be_null.add(name)
        yield from _missing_in(name, value, may_be_null)
        if value == "" and not (column and column.may_be_empty):
            yield f"{name}: expected text, found none"


def _missing_in(name: str, value: Any, may_be_null: Collection[str]) -> Iterator[str]:
    if value is None and name not in may_be_null:
        yield f"{name}: expected a value, found null"
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{name}: expected a finite number, found {value}"
    elif isinstance(value, Mapping):
        for field, item in value.items():
            yield from _missing_in(f"{name}.{field}", item, may_be_null)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _missing_in(f"{name}.{index}", item, may_be_null)


def _text_problems(row: Row) -> Iterator[str]:
    is_silence = row["negative"]["kind"] == SILENCE
    for name in ("text", "normalized_text", "transcript", "phonemes"):
        if is_silence != (row[name] == ""):
            expected = "none without speech" if is_silence else "text"
            yield f"{name}: expected {expected}, found {row[name] or 'none'}"
    words = " ".join(words_of(row["normalized_text"]))
    if row["transcript"] != words:
        yield f"transcript: expected {words!r} from normalized_text, found {row['transcript']!r}"
    text = row["text"].casefold()
    for slot in row["slots"]:
        if slot["value"].casefold() not in text:
            yield f"slots: {slot['name']} is {slot['value']!r}, which text {row['text']!r} lacks"
        first, end, num_words = slot["first_word"], slot["end_word"], len(row["words"])
        if not 0 <= first <= end <= num_words:
            yield f"slots: {slot['name']} is words {first} to {end}, expected within {num_words}"
    if not row["id"].startswith(f"{row['domain']}-"):
        yield f"id: expected to begin with the domain {row['domain']!r}, found {row['id']!r}"


def _audio_problems(row: Row) -> Iterator[str]:
    expected_path = f"{row['id']}{suffix_of(row['audio']['bytes'])}"
    if row["audio"]["path"] != expected_path:
        yield f"audio.path: expected {expected_path}, found {row['audio']['path']}"
    try:
        wave, sample_rate = decode_audio(row["audio"]["bytes"])
    except DataError as error:
        yield f"audio: cannot be decoded: {error}"
        return
    if sample_rate != row["sample_rate"]:
        yield f"sample_rate: expected {sample_rate} from audio, found {row['sample_rate']}"
    duration_s = len(wave) / sample_rate
    if duration_s != row["duration_s"]:
        yield f"duration_s: expected {duration_s:.6f} from audio, found {row['duration_s']:.6f}"


def _word_problems(row: Row) -> Iterator[str]:
    words: Sequence[Mapping[str, Any]] = row["words"]
    joined = " ".join(word["word"] for word in words)
    if joined != row["transcript"]:
        yield f"words: expected {row['transcript']!r} from transcript, found {joined!r}"
    last_s = 0.0
    for word in words:
        start_s, end_s = word["start_s"], word["end_s"]
        if not last_s - _WORD_TOLERANCE_S <= start_s <= end_s:
            yield (
                f"words: {word['word']!r} from {start_s:.3f} s to {end_s:.3f} s, "
                f"expected a rising span after {last_s:.3f} s"
            )
        last_s = end_s
    if last_s > row["duration_s"] + _WORD_TOLERANCE_S:
        yield f"words: last ends at {last_s:.3f} s, expected within {row['duration_s']:.3f} s"


def _range_problems(row: Row) -> Iterator[str]:
    quality, noise = row["quality"], row["noise"]
    for name in ("clipped_fraction", "silence_fraction"):
        if not 0.0 <= quality[name] <= 1.0:
            yield f"quality.{name}: expected 0 to 1, found {quality[name]}"
    if (quality["phone_error_rate"] or 0.0) < 0.0:
        yield f"quality.phone_error_rate: expected >= 0, found {quality['phone_error_rate']}"
    for name in ("pace", "energy", "duration_s", "sample_rate"):
        if row[name] <= 0:
            yield f"{name}: expected > 0, found {row[name]}"
    yield from _unlike_kind("noise", noise["class"], noise, ("source", "snr_db", "measured_snr_db"))
    negative = row["negative"]
    kind = "none" if negative["kind"] == SILENCE else negative["kind"]
    yield from _unlike_kind("negative", kind, negative, ("near_to", "distance"))


def _unlike_kind(
    column: str, kind: str, fields: Mapping[str, Any], names: Sequence[str]
) -> Iterator[str]:
    """Fields that hold a value though the kind is `none`, or none though it is another."""
    for name in names:
        if (kind == "none") != (fields[name] in (None, "")):
            expected = "nothing" if kind == "none" else "a value"
            yield f"{column}.{name}: expected {expected} for {kind}, found {fields[name]!r}"
