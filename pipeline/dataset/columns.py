"""The columns of a dataset, each declared once.

The schema of the data files, the checks of their rows, the card, the facts that pages list and the
columns that the audit reads all come from this table, when they are asked for.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import pyarrow as pa

from models.json_files import parse_json
from pipeline.records import (
    Augmentation,
    Channel,
    Judgement,
    Negative,
    Noise,
    Quality,
    Room,
    Slot,
    WordRange,
    WordTime,
)
from pipeline.storage.shards import arrow_type

# The title under which a page lists a column among a row's facts; "" where it shows it otherwise.
Group = Literal["", "Sentence", "Voice", "Noise, room, channel", "Augmentations", "Measured", "Row"]
Batch = TypeVar("Batch", pa.Table, pa.RecordBatch)
GROUPS: tuple[Group, ...] = get_args(Group)[1:]  # in their order on a page
# The role of a column in the audit: none, read for others, a draw of the voice, or a label that no
# draw may depend on.
Audited = Literal["", "read", "voice", "label"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its `meaning` for the card, and the `stage` of the build that makes its value.

    `nullable` names the fields of a struct that may be null; `kept` is the option of the config's
    `output` that adds the column, where it is not always there (and then null in some rows).
    `former_name` is what datasets of older versions call it; `later` names the fields of a struct
    that they lack, which may be null.
    """

    name: str
    type: pa.DataType
    stage: str
    meaning: str
    group: Group = ""
    audited: Audited = ""
    may_be_empty: bool = False
    nullable: tuple[str, ...] = ()
    kept: str = ""
    former_name: str = ""
    later: tuple[str, ...] = ()


HUGGINGFACE = b"huggingface"  # the key of the schema metadata by which `datasets` reads a file
AUDIO = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_TEXT, _REAL, _WHOLE = pa.string(), pa.float64(), pa.int64()
_NOISE = pa.struct(
    [of.with_name("class") if of.name == "noise_class" else of for of in arrow_type(Noise)]
)
_SLOTS = pa.list_(pa.struct([*arrow_type(Slot), *arrow_type(WordRange)]))
_WORDS = arrow_type(tuple[WordTime, ...])
_FINAL = list(arrow_type(Quality))
# What was measured on the final clip stands in for what the judge measured of the clean one.
_QUALITY = pa.struct([*(of for of in arrow_type(Judgement) if of not in _FINAL), *_FINAL])
_BY_NAME = ("naturalness", "word_error_rate")  # measured by judges that a build may name
_UNJUDGED = (  # where no recognizer judged, or could not align
    "phone_error_rate",
    "divergent_phones",
    "missing_phones",
    "surplus_phones",
    "word_shift_s",
    *_BY_NAME,
)


def _columns() -> Iterator[Column]:
    yield Column("id", _TEXT, "generate", "the domain and a hash of seed and text", "Row", "read")
    yield Column(
        "audio",
        AUDIO,
        "augment",
        "mono, embedded; FLAC of 16 bit unless `audio.path` ends otherwise. The file's own "
        "metadata says whether the speech is synthetic",
    )
    yield from _text_columns()
    yield Column("duration_s", _REAL, "augment", "of the clip as shipped, in seconds", "Row")
    yield Column("sample_rate", _WHOLE, "augment", "of the clip as shipped, in Hz", "Row")
    yield from _voice_columns()
    yield from _sentence_columns()
    yield Column(
        "words",
        arrow_type(tuple[WordTime, ...]),
        "augment",
        "each word with its start and end in seconds",
    )
    yield from _augmentation_columns()
    yield from _origin_columns()
    for name, kept, meaning in (
        ("clean_audio", "keep_clean", "the clip before augmentation"),
        ("noise_audio", "keep_noise", "what augmentation added to the speech; null for nothing"),
    ):
        yield Column(name, AUDIO, "augment", f"{meaning} (`output.{kept}`)", kept=kept)


def _text_columns() -> Iterator[Column]:
    for name, stage, meaning in (  # empty without speech
        ("text", "generate", "as written"),
        ("normalized_text", "frontend", "as spoken: numbers, times and symbols in words"),
        (
            "transcript",
            "frontend",
            "lower case without punctuation: what a recognizer trains on",
        ),
        (
            "phonemes",
            "frontend",
            "`^` silence, `|` word boundary, `,` pause, stress marks before vowels",
        ),
    ):
        yield Column(name, _TEXT, stage, meaning, may_be_empty=True)


def _voice_columns() -> Iterator[Column]:
    yield Column("speaker", _TEXT, "synthesize", "the name of the voice", "Voice", "voice")
    yield Column("accent", _TEXT, "frontend", "that of the phonemes", "Voice", "voice")
    for name, meaning in (
        ("pace", "requested speaking rate, relative to the speaker's own"),
        ("pitch_semitones", "requested pitch, relative to the speaker's own"),
        ("energy", "requested energy, relative to the speaker's own"),
        ("pitch_range", "requested range of pitch, relative to the speaker's own"),
        ("vocal_tract", "length of the vocal tract, relative to the speaker's own"),
    ):
        yield Column(name, _REAL, "synthesize", meaning, "Voice", "voice")
    yield Column(
        "context",
        _TEXT,
        "synthesize",
        "the words before and after the clip that were cut away; `...` stands for the clip",
        "Voice",
        may_be_empty=True,
    )


def _sentence_columns() -> Iterator[Column]:
    group: Group = "Sentence"
    yield Column("domain", _TEXT, "generate", "the domain of the sentence", group)
    for name, meaning in (
        ("template", "what made it: a template, a line of a file, a prompt"),
        ("intent", "what the user wants"),
    ):
        yield Column(name, _TEXT, "generate", meaning, group, "label", may_be_empty=True)
    slots = "each value with the words [first_word, end_word) of `transcript` that say it"
    yield Column("slots", _SLOTS, "frontend", slots, group, "label")
    source = "which part of the config's `sentences` wrote it"
    yield Column("source", _TEXT, "generate", source, group, "label")
    style = "the changes of spoken style in it"
    yield Column("style", arrow_type(tuple[str, ...]), "generate", style, group)
    negative = (
        "for a hard negative: its kind, the phrase it is near to, and the share of that phrase's "
        "phones that differ; kind `silence` without speech, `none` for all others"
    )
    yield Column(
        "negative",
        arrow_type(Negative),
        "generate",
        negative,
        group,
        "label",
        nullable=("distance",),
    )


def _augmentation_columns() -> Iterator[Column]:
    for name, kind, meaning, nullable in (
        ("noise", _NOISE, "background noise, drawn and measured", ("snr_db", "measured_snr_db")),
        ("room", arrow_type(Room), "the room response, and how long it reverberates", ("rt60_s",)),
        ("channel", arrow_type(Channel), "codec, band and gain", ()),
    ):
        yield Column(name, kind, "augment", meaning, "Noise, room, channel", nullable=nullable)
    yield Column(
        "augmentations",
        arrow_type(tuple[Augmentation, ...]),
        "augment",
        "all that was done to the clip, link by link in order: what was drawn (enough to do it "
        "again) and what was measured, as JSON",
        "Augmentations",
        "read",
    )
    yield Column(
        "quality",
        _QUALITY,
        "augment",
        "what was measured: clipping, silence and loudness on the clip as it is, everything else "
        "by the judge before noise",
        "Measured",
        nullable=_UNJUDGED,
        later=_BY_NAME,
    )


def _origin_columns() -> Iterator[Column]:
    yield Column(
        "attempt",
        _WHOLE,
        "judge",
        "0 for the first; above where the judge turned earlier ones away",
        "Voice",
        "read",
        former_name="take",
    )
    yield Column("acoustic_model", _TEXT, "synthesize", "checkpoint, `name@digest`", "Voice")
    yield Column("vocoder", _TEXT, "vocode", "checkpoint, `name@digest`", "Voice")
    yield Column("license", _TEXT, "manifest", "of the row, with all that is in it", "Row")
    yield Column("seed", _WHOLE, "manifest", "of the build", "Row")


COLUMNS: dict[str, Column] = {column.name: column for column in _columns()}
KEPT_AUDIO = tuple(column.name for column in COLUMNS.values() if column.kept)
_FORMER_NAMES = {
    column.name: column.former_name for column in COLUMNS.values() if column.former_name
}
SOUND_COLUMNS = frozenset(column.name for column in COLUMNS.values() if column.type == AUDIO)


def feature_of(kind: pa.DataType) -> Any:
    """An Arrow type as `datasets` spells it in the schema metadata."""
    if pa.types.is_struct(kind):
        return {field.name: feature_of(field.type) for field in kind}
    if pa.types.is_list(kind):  # the spelling that datasets 2 to 5 all read
        return [feature_of(kind.value_type)]
    dtype = "float64" if pa.types.is_float64(kind) else str(kind)
    return {"dtype": dtype, "_type": "Value"}


def audited(*uses: Audited) -> list[str]:
    """The names of the columns that the audit takes in one of these ways."""
    return [column.name for column in COLUMNS.values() if column.audited in uses]


def names_in(there: Collection[str], wanted: Iterable[str]) -> list[str]:
    """What the columns `wanted` are called in a file that has those of `there`: some by a former
    name."""
    former = {now: old for now, old in _FORMER_NAMES.items() if now not in there and old in there}
    return [former.get(name, name) for name in wanted]


def present_names(there: Sequence[str]) -> list[str]:
    """What the columns of a file, `there`, are called now."""
    now = {old: name for name, old in _FORMER_NAMES.items() if name not in there}
    return [now.get(name, name) for name in there]


def present_type(name: str, found: pa.DataType) -> pa.DataType:
    """The type of a column in a file with the fields that older versions did not write; as `found`
    where nothing but these is missing.
    """
    later = COLUMNS[name].later if name in COLUMNS else ()
    if not later or not pa.types.is_struct(found):
        return found
    declared = COLUMNS[name].type
    there = {field.name for field in found}
    is_older = [field for field in declared if field.name in there or field.name not in later]
    return declared if is_older == list(found) else found


def present_rows(rows: Batch) -> Batch:
    """A table or batch of a data file with its columns under the names that they have now, and
    null in the fields that older versions did not write."""
    rows = rows.rename_columns(present_names(rows.schema.names))
    for index, field in enumerate(rows.schema):
        kind = present_type(field.name, field.type)
        if kind != field.type:
            column = rows.column(index).cast(kind)
            rows = rows.set_column(index, pa.field(field.name, kind), column)
    return rows


def present_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of a data file with its columns, and what `huggingface` metadata says of them,
    under the names that they have now, and with all their fields."""
    names = present_names(schema.names)
    kinds = [present_type(name, kind) for name, kind in zip(names, schema.types, strict=True)]
    if names == schema.names and kinds == schema.types:
        return schema
    now = dict(zip(schema.names, names, strict=True))
    later = {
        name: feature_of(kind)
        for name, kind, before in zip(names, kinds, schema.types, strict=True)
        if kind != before
    }
    metadata = dict(schema.metadata or {})
    try:
        told = parse_json(metadata[HUGGINGFACE])
        features = told["info"]["features"].items()
    except (KeyError, TypeError, ValueError):
        pass  # it describes nothing
    else:
        told["info"]["features"] = {now.get(name, name): kind for name, kind in features} | later
        metadata[HUGGINGFACE] = json.dumps(told).encode()
    fields = [pa.field(name, kind) for name, kind in zip(names, kinds, strict=True)]
    return pa.schema(fields, metadata=metadata)
