"""The dataset's rows: their columns, how they are joined, and the checks that they agree.

This is the one place that knows what a row must look like. `assemble` checks every row as it
is made, `pipeline/verify/dataset.py` checks the same things on a dataset on disk.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from models.errors import DataError
from models.phonology.phonemes import words_of
from pipeline.audio.delivery import suffix_of
from pipeline.audio.files import decode_audio
from pipeline.dataset.kept_audio import AUDIO, KEPT_AUDIO, kept_audio, kept_audio_problems
from pipeline.licences.summary import RowLicences
from pipeline.records import (
    FinishedClip,
    JudgedClip,
    Reject,
    Sentence,
    SpokenSentence,
    WordTime,
)
from pipeline.storage.shards import (
    AUGMENTATIONS,
    CHANNEL,
    JUDGEMENT,
    NEGATIVE,
    QUALITY,
    REJECT,
    ROOM,
    SPOKEN_SLOTS,
    STYLE,
    WORDS,
    read_table,
    reject_value,
    write_table,
)

Row = dict[str, Any]
_R = TypeVar("_R", Sentence, SpokenSentence, JudgedClip, FinishedClip)

_TEXT, _REAL, _WHOLE = pa.string(), pa.float64(), pa.int64()
# What was measured on the final clip stands in for what the judge measured of the clean one.
_QUALITY = pa.struct(
    [
        *(field for field in JUDGEMENT if field.name not in {of.name for of in QUALITY}),
        *QUALITY,
    ]
)
_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("id", _TEXT),
    ("audio", AUDIO),
    ("text", _TEXT),
    ("normalized_text", _TEXT),
    ("transcript", _TEXT),
    ("phonemes", _TEXT),
    ("duration_s", _REAL),
    ("sample_rate", _WHOLE),
    ("speaker", _TEXT),
    ("accent", _TEXT),
    ("pace", _REAL),
    ("pitch_semitones", _REAL),
    ("energy", _REAL),
    ("pitch_range", _REAL),
    ("vocal_tract", _REAL),
    ("context", _TEXT),
    ("domain", _TEXT),
    ("template", _TEXT),
    ("intent", _TEXT),
    ("slots", SPOKEN_SLOTS),
    ("source", _TEXT),
    ("style", STYLE),
    ("negative", NEGATIVE),
    ("words", WORDS),
    (
        "noise",
        pa.struct(
            [
                ("class", _TEXT),
                ("source", _TEXT),
                ("license", _TEXT),
                ("offset_s", _REAL),
                ("snr_db", _REAL),
                ("measured_snr_db", _REAL),
            ]
        ),
    ),
    ("room", ROOM),
    ("channel", CHANNEL),
    ("augmentations", AUGMENTATIONS),
    ("quality", _QUALITY),
    ("take", _WHOLE),
    ("acoustic_model", _TEXT),
    ("vocoder", _TEXT),
    ("license", _TEXT),
    ("seed", _WHOLE),
]
_PART = "manifest rows"
_MAY_BE_EMPTY = {"template", "intent", "context"}
_MAY_BE_NULL = {
    "noise_audio",  # nothing was added
    "negative.distance",
    "noise.snr_db",
    "noise.measured_snr_db",
    "room.rt60_s",
    # where no recognizer judged, or could not align
    "quality.phone_error_rate",
    "quality.divergent_phones",
    "quality.missing_phones",
    "quality.surplus_phones",
    "quality.word_shift_s",
}
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
    columns = [*_COLUMNS, *((name, AUDIO) for name in kept)]
    features = {name: _feature(kind) for name, kind in columns}
    features |= {
        name: {"sampling_rate": sample_rate, "_type": "Audio"} for name in ("audio", *kept)
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema(columns, metadata=metadata)


def _feature(kind: pa.DataType) -> Any:
    """An Arrow type as `datasets` spells it in the schema metadata."""
    if pa.types.is_struct(kind):
        return {kind.field(i).name: _feature(kind.field(i).type) for i in range(kind.num_fields)}
    if pa.types.is_list(kind):  # the spelling that datasets 2 to 5 all read
        return [_feature(kind.value_type)]
    dtype = "float64" if pa.types.is_float64(kind) else str(kind)
    return {"dtype": dtype, "_type": "Value"}


DATASET_SCHEMA = dataset_schema()


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
    names = columns or (*DATASET_SCHEMA.names, *KEPT_AUDIO)
    rows = read_table(path, _PART, [*names, "reject"]).to_pylist()
    for row in rows:
        for name in KEPT_AUDIO:
            if row.get(name) is None:
                row.pop(name, None)
    return [row for row in rows if row.pop("reject") is None]


def read_kept(path: Path) -> tuple[Counter[str], Counter[str]]:
    """How many rows of a part each speaker has, and each template."""
    rows = read_table(path, _PART, ["speaker", "template", "reject"]).to_pylist()
    kept = [row for row in rows if row["reject"] is None]
    return Counter(row["speaker"] for row in kept), Counter(row["template"] for row in kept)


def row_problems(row: Row) -> list[str]:
    """What contradicts itself in one row, each as `field: expected ..., found ...`."""
    missing = list(_missing(row, prefix=""))
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
    noise = asdict(clip.noise)
    noise["class"] = noise.pop("noise_class")
    return {
        "id": clip.id,
        "audio": {"bytes": clip.audio, "path": f"{clip.id}{suffix_of(clip.audio)}"},
        "text": sentence.text,
        "normalized_text": spoken.normalized_text,
        "transcript": spoken.transcript,
        "phonemes": spoken.phonemes,
        "duration_s": clip.num_samples / clip.sample_rate,
        "sample_rate": clip.sample_rate,
        "speaker": judged.speaker,
        "accent": spoken.accent,
        "pace": judged.pace,
        "pitch_semitones": judged.pitch_semitones,
        "energy": judged.energy,
        "pitch_range": judged.pitch_range,
        "vocal_tract": judged.vocal_tract,
        "context": judged.context,
        "domain": sentence.domain,
        "template": sentence.template,
        "intent": sentence.intent,
        "slots": [
            asdict(slot) | asdict(heard)
            for slot, heard in zip(sentence.slots, spoken.slot_words, strict=True)
        ],
        "source": sentence.source,
        "style": list(sentence.style),
        "negative": asdict(sentence.negative),
        "words": [asdict(word) for word in heard_words(judged, clip)],
        "noise": noise,
        "room": asdict(clip.room),
        "channel": asdict(clip.channel),
        "augmentations": [asdict(augmentation) for augmentation in clip.augmentations],
        "quality": asdict(judged.judgement) | asdict(clip.quality),
        "take": judged.take,
        "acoustic_model": judged.acoustic_model,
        "vocoder": judged.vocoder,
    }


def heard_words(judged: JudgedClip, clip: FinishedClip) -> Iterator[WordTime]:
    """The words of `judged` where they lie in the finished clip, which may cut into their ends."""
    scale, shift_s = clip.time_scale, clip.time_shift_s
    duration_s = clip.num_samples / clip.sample_rate
    for word in judged.words:
        start_s, end_s = (
            min(max(time_s * scale + shift_s, 0.0), duration_s)
            for time_s in (word.start_s, word.end_s)
        )
        yield WordTime(word.word, start_s, end_s)


def _missing(values: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name, value in values.items():
        place = f"{prefix}{name}"
        if value is None and place not in _MAY_BE_NULL:
            yield f"{place}: expected a value, found null"
        elif isinstance(value, float) and not math.isfinite(value):
            yield f"{place}: expected a finite number, found {value}"
        elif value == "" and not prefix and name not in _MAY_BE_EMPTY:
            yield f"{place}: expected text, found none"
        elif isinstance(value, Mapping):
            yield from _missing(value, f"{place}.")
        elif isinstance(value, list):
            items = {str(index): item for index, item in enumerate(value)}
            yield from _missing(items, f"{place}.")


def _text_problems(row: Row) -> Iterator[str]:
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
    yield from _unlike_kind("negative", negative["kind"], negative, ("near_to", "distance"))


def _unlike_kind(
    column: str, kind: str, fields: Mapping[str, Any], names: Sequence[str]
) -> Iterator[str]:
    """Fields that hold a value though the kind is `none`, or none though it is another."""
    for name in names:
        if (kind == "none") != (fields[name] in (None, "")):
            expected = "nothing" if kind == "none" else "a value"
            yield f"{column}.{name}: expected {expected} for {kind}, found {fields[name]!r}"
