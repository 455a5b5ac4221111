"""The dataset card: README.md with the YAML header that the Hugging Face hub reads."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from pipeline.card.licences import (
    GENERATED_TAGS,
    header_licence,
    licences_section,
    origin_sentence,
    recorded_rows,
)
from pipeline.card.pictures import write_card_pictures
from pipeline.dataset.columns import AUDIO, COLUMNS
from pipeline.dataset.files import CARD_FILE, DATA, data_files, read_rows, read_schema
from pipeline.dataset.light_rows import RowsByIndex
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


def write_card(dataset: Path, license_name: str) -> None:
    """Write README.md, and its pictures, for the data files and `build.json` in `dataset`."""
    build = read_record(dataset)
    header = yaml.safe_dump(_header(dataset, build, license_name), sort_keys=False, width=100)
    text = f"---\n{header}---\n\n{_body(dataset, build)}"
    (dataset / CARD_FILE).write_text(text, encoding="utf-8")


def _body(dataset: Path, build: DatasetRecord) -> str:
    num_recorded = recorded_rows(build.licences)
    return _template().render(
        build=build,
        kind="English speech" if num_recorded else "Synthetic English speech",
        origin=origin_sentence(build.rows, num_recorded),
        writers=_writers(build),
        pictures=write_card_pictures(dataset, build.coverage),
        examples=_examples(dataset),
        columns=[COLUMNS[name] for name in _schema(dataset).names if name in COLUMNS],
        licences=licences_section(build.licences),
    )


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"cell": _cell, "noise": _noise}
    return environment.get_template("card.md.j2")


def _header(dataset: Path, build: DatasetRecord, license_name: str) -> dict[str, Any]:
    num_bytes = dict.fromkeys(SPLITS, 0)
    for path in data_files(dataset):
        num_bytes[path.name.partition("-")[0]] += path.stat().st_size
    splits = [
        {"name": name, "num_bytes": num_bytes[name], "num_examples": build.splits[name].rows}
        for name in build.splits
    ]
    total = sum(num_bytes.values())
    is_generated = recorded_rows(build.licences) < build.rows
    return {
        "pretty_name": build.name,
        "license": header_licence(license_name, build.licences),
        "language": ["en"],
        "task_categories": ["automatic-speech-recognition", "text-to-speech"],
        "size_categories": [_size(build.rows)],
        "annotations_creators": ["machine-generated"],
        "tags": ["speech", "voxloom", *(GENERATED_TAGS if is_generated else ())],
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
    return read_schema(data_files(dataset)[0])


def _feature(field: pa.Field) -> dict[str, Any]:
    """A column in the card's YAML."""
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
        for folder in sentences.get("recordings", ()):
            name = folder["name"] or PurePath(folder["path"]).name
            found.append(f"the recordings `{name}` ({folder['license']})")
        found += ["a language model"] if sentences.get("language_model") else []
        negatives = sentences.get("negatives") or {}
        found += ["near misses of phrases"] if negatives.get("share", 0.0) else []
        found += ["clips without speech"] if negatives.get("silence") else []
    return ", ".join(dict.fromkeys(found))


def _examples(dataset: Path) -> list[dict[str, Any]]:
    """Rows at equal distances."""
    rows_at = RowsByIndex(data_files(dataset))
    count = min(NUM_EXAMPLES, len(rows_at))
    columns = ["text", "speaker", "noise", "duration_s"]
    return [rows_at.read(index * len(rows_at) // count, columns) for index in range(count)]


def _noise(noise: Mapping[str, Any]) -> str:
    if noise["measured_snr_db"] is None:
        return "none"
    return f"{_cell(noise['class'])}, {noise['measured_snr_db']:.0f} dB"


def _cell(text: str) -> str:
    """Text of a Markdown table, escaped."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", " ".join(text.split()))
