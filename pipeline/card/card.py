"""The dataset card: README.md with the YAML header that the Hugging Face hub reads."""

import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from pipeline.card.licences import (
    GENERATED_TAGS,
    generated_sentence,
    header_licence,
    licences_section,
)
from pipeline.card.pictures import write_card_pictures
from pipeline.dataset.files import CARD_FILE, DATA, data_files, read_rows
from pipeline.dataset.kept_audio import AUDIO
from pipeline.dataset.light_rows import RowPlaces
from pipeline.dataset.record import DatasetRecord, read_record
from pipeline.splits import SPLITS

NUM_EXAMPLES = 6
# The hub's own buckets: the first whose bound lies above the number of rows.
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)
_COLUMNS = {
    "id": "the domain and a hash of seed and text",
    "audio": "mono, embedded; FLAC of 16 bit unless `audio.path` ends otherwise. The file's own "
    "metadata says that the speech is synthetic",
    "text": "as written",
    "normalized_text": "as spoken: numbers, times and symbols in words",
    "transcript": "lower case without punctuation: what a recognizer trains on",
    "phonemes": "`^` silence, `|` word boundary, `,` pause, stress marks before vowels",
    "duration_s, sample_rate": "of the clip as shipped, in seconds and Hz",
    "speaker, accent": "whose voice, and the accent of the phonemes",
    "pace, pitch_semitones, energy, pitch_range, vocal_tract": "the controls the voice was asked "
    "for; 1 (0 semitones) is the speaker's own",
    "domain, template, intent, slots": "where the sentence came from and what it means; each slot "
    "value with the words [first_word, end_word) of `transcript` that say it",
    "source, style": "which part of the config wrote the sentence, and what was done to it to "
    "sound spoken",
    "negative": "for a near miss: how it was made, the phrase it must not be taken for, and the "
    "share of that phrase's phones that differ; kind `none` for all others",
    "words": "each word with its start and end in seconds",
    "noise, room, channel": "what was done to the clip, drawn and measured",
    "augmentations": "all that was done to it, link by link in order: what was drawn (enough to do "
    "it again) and what was measured, as JSON",
    "quality": "what was measured: clipping, silence and loudness on the clip as it is, everything "
    "else by the judge before noise",
    "clean_audio": "the clip before augmentation, where `output.keep_clean` is on",
    "noise_audio": "what augmentation added to the speech, where `output.keep_noise` is on; null "
    "where it added nothing",
    "take": "0 for the first; above where the judge turned earlier ones away",
    "context": "what was said before and after the clip and cut away, `...` standing for the clip",
    "acoustic_model, vocoder": "checkpoints, `name@digest`",
    "license, seed": "of the row, with all that is in it, and of the build",
}


def write_card(dataset: Path, license_name: str) -> None:
    """Write README.md, and its pictures, for the data files and `build.json` in `dataset`."""
    build = read_record(dataset)
    header = yaml.safe_dump(_header(dataset, build, license_name), sort_keys=False, width=100)
    text = f"---\n{header}---\n{_body(dataset, build)}"
    (dataset / CARD_FILE).write_text(text, encoding="utf-8")


def _header(dataset: Path, build: DatasetRecord, license_name: str) -> dict[str, Any]:
    num_bytes = dict.fromkeys(SPLITS, 0)
    for path in data_files(dataset):
        num_bytes[path.name.partition("-")[0]] += path.stat().st_size
    splits = [
        {"name": name, "num_bytes": num_bytes[name], "num_examples": build.splits[name].rows}
        for name in build.splits
    ]
    total = sum(num_bytes.values())
    return {
        "pretty_name": build.name,
        "license": header_licence(license_name, build.licences),
        "language": ["en"],
        "task_categories": ["automatic-speech-recognition", "text-to-speech"],
        "size_categories": [_size(build.rows)],
        "annotations_creators": ["machine-generated"],
        "tags": ["speech", "voxloom", *GENERATED_TAGS],
        "dataset_info": {
            "features": _features(_schema(dataset), _sample_rate(dataset)),
            "splits": splits,
            "download_size": total,
            "dataset_size": total,
        },
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": name, "path": f"{DATA}/{name}-*"} for name in build.splits
                ],
            }
        ],
    }


def _features(schema: pa.Schema, sample_rate: int) -> list[dict[str, Any]]:
    audio = {"audio": {"sampling_rate": sample_rate}}
    return [
        {"name": field.name, "dtype": audio} if field.type == AUDIO else _feature(field)
        for field in schema
    ]


def _schema(dataset: Path) -> pa.Schema:
    return pq.read_schema(data_files(dataset)[0])


def _feature(field: pa.Field) -> dict[str, Any]:
    """A column as the card's YAML spells it."""
    kind = field.type
    if pa.types.is_list(kind):
        items = kind.value_type
        if not pa.types.is_struct(items):
            return {"name": field.name, "list": str(items)}
        return {"name": field.name, "list": [_feature(child) for child in items]}
    if pa.types.is_struct(kind):
        return {"name": field.name, "struct": [_feature(child) for child in kind]}
    return {"name": field.name, "dtype": "float64" if pa.types.is_float64(kind) else str(kind)}


def _sample_rate(dataset: Path) -> int:
    return next(read_rows(data_files(dataset)[0], ["sample_rate"]))["sample_rate"]


def _size(num_rows: int) -> str:
    return next((name for bound, name in _SIZES if num_rows < bound), "n>100M")


def _writers(build: DatasetRecord) -> str:
    """Where the sentences come from, files with their licences."""
    found: list[str] = []
    for part in build.parts:
        sentences = part.config.get("sentences", {})
        found += ["sentence templates"] if sentences.get("domain", True) else []
        for file in sentences.get("files", ()):
            known = f" ({file['license']})" if file["license"] else ""
            found.append(f"`{PurePath(file['path']).name}`{known}")
        found += ["a language model"] if sentences.get("language_model") else []
        found += ["near misses of phrases"] if sentences.get("negatives") else []
    return ", ".join(dict.fromkeys(found))


def _parts(build: DatasetRecord) -> str:
    """How the dataset was made, build by build where it has grown."""
    if not build.history:
        return f"Seed {build.seed}."
    lines = "\n".join(f"| {part.name} | {part.rows:,} | {part.seed} |" for part in build.history)
    table = f"| build | clips | seed |\n|---|---:|---:|\n{lines}"
    return f"It grew out of {len(build.history)} builds:\n\n{table}\n"


def _pictures(dataset: Path, build: DatasetRecord) -> str:
    """A table of two columns of pictures, which the hub shows as wide as the page."""
    shown = [f"![{one.title}]({one.file})" for one in write_card_pictures(dataset, build.coverage)]
    pairs = [shown[start : start + 2] for start in range(0, len(shown), 2)]
    lines = [f"| {' | '.join([*pair, ''][:2])} |" for pair in pairs]
    return "\n".join([lines[0], "|---|---|", *lines[1:]])


def _examples(dataset: Path) -> str:
    """Lines of a table: rows at equal distances."""
    places = RowPlaces(data_files(dataset))
    count = min(NUM_EXAMPLES, len(places))
    columns = ["text", "speaker", "noise", "duration_s"]
    rows = [places.read(index * len(places) // count, columns) for index in range(count)]
    return "\n".join(
        f"| {_cell(row['text'])} | {_cell(row['speaker'])} | {_noise(row['noise'])} "
        f"| {row['duration_s']:.1f} |"
        for row in rows
    )


def _noise(noise: Mapping[str, Any]) -> str:
    if noise["measured_snr_db"] is None:
        return "none"
    return f"{_cell(noise['class'])}, {noise['measured_snr_db']:.0f} dB"


def _cell(text: str) -> str:
    """Text in a Markdown table as it is written, whatever is in it."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", " ".join(text.split()))


def _body(dataset: Path, build: DatasetRecord) -> str:
    splits = "\n".join(
        f"| {name} | {split.rows:,} | {split.hours:.2f} |" for name, split in build.splits.items()
    )
    there = _schema(dataset).names
    columns = "\n".join(
        f"| {names} | {meaning} |"
        for names, meaning in _COLUMNS.items()
        if names.split(", ")[0] in there
    )
    digests = "\n".join(f"- {name}: `{digest}`" for name, digest in build.digests.items())
    return f"""
# {build.name}

Synthetic English speech: {build.rows:,} clips, {build.hours:.2f} hours, made by Voxloom.
{generated_sentence()} They come from {_writers(build)}. Open `report.html` to look at and
listen to it.

{_pictures(dataset, build)}

| split | clips | hours |
|---|---:|---:|
{splits}

```python
from datasets import load_dataset

dataset = load_dataset("path/to/this/folder")
```

`datasets` decodes audio with torchcodec, which needs FFmpeg. Without it, leave the clips as
bytes and read those with soundfile:

```python
import io, soundfile
from datasets import Audio

rows = dataset["{next(iter(build.splits))}"].cast_column("audio", Audio(decode=False))
wave, sample_rate = soundfile.read(io.BytesIO(rows[0]["audio"]["bytes"]))
```

## Some of its rows

| text | speaker | noise | seconds |
|---|---|---|---:|
{_examples(dataset)}

## Columns

| column | meaning |
|---|---|
{columns}
{licences_section(build.licences)}
## How it was made

{_parts(build)}
`build.json` holds the whole config, the versions and the digests of what
was used; `rejects.parquet` holds the {build.rejects:,} utterances that were dropped, and why.
`voxloom verify` checks the files against it.

{digests}
"""
