"""Rows as a build makes them, without sound: in order, or with a bias planted in them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.config import as_mapping
from pipeline.dataset.columns import COLUMNS, audited
from pipeline.dataset.files import BUILD_FILE, DATA, data_file
from pipeline.dataset.record import DatasetRecord

CLASSES = ("street", "cafe", "rain", "office")
FILES = 3  # a class
ROOMS = tuple(f"rooms/{name}.flac" for name in ("bath", "hall", "kitchen", "stairs"))
SPEAKERS = tuple(f"speaker-{number}" for number in range(8))
INTENTS = tuple(f"intent-{number}" for number in range(8))
RECORD = DatasetRecord(
    name="planted",
    seed=7,
    rows=0,
    hours=0.0,
    rejects=0,
    splits={},
    files={},
    config={
        "voice": {"pace": {"low": 0.9, "high": 1.1}},
        "augment": {
            "noise": {"folder": "noise", "probability": 0.8, "snr_db": {"low": 5, "high": 25}},
            "room": {"folder": "rooms", "probability": 0.4},
            "gain_db": {"low": -6, "high": 0},
        },
    },
)

Row = dict[str, Any]


def clean_rows(seed: int, count: int) -> list[Row]:
    """Rows of which everything is drawn by itself."""
    rng = np.random.default_rng(seed)
    return [_row(rng, number) for number in range(count)]


def table_of(rows: list[Row]) -> pa.Table:
    """The rows as the audit reads them."""
    plain = [
        row
        | {
            "augmentations": [
                {"link": link, "parameters": json.dumps(drawn), "measured": "{}"}
                for link, drawn in row["augmentations"].items()
            ]
        }
        for row in rows
    ]
    names = audited("read", "voice", "label")
    schema = pa.schema([(name, COLUMNS[name].type) for name in names])
    table = pa.Table.from_pylist(plain, schema=schema)
    return table.append_column("split", pa.array([row["split"] for row in rows]))


def write_dataset(folder: Path, rows: list[Row]) -> Path:
    """A dataset that has what the audit reads, and no more."""
    table = table_of(rows)
    (folder / DATA).mkdir(parents=True)
    for split in dict.fromkeys(table["split"].to_pylist()):
        part = table.filter(pc.equal(table["split"], split)).drop_columns(["split"])
        pq.write_table(part, folder / data_file(split, 0, 1))
    (folder / BUILD_FILE).write_text(json.dumps(as_mapping(RECORD)))
    return folder


def noise_of(row: Row) -> dict[str, Any] | None:
    """The drawn noise of a row, to be changed in place."""
    drawn: dict[str, Any] | None = row["augmentations"].get("background_noise")
    return drawn


def _row(rng: np.random.Generator, number: int) -> Row:
    intent = int(rng.integers(len(INTENTS)))
    augmentations: dict[str, dict[str, Any]] = {}
    if rng.random() < 0.4:
        augmentations["room_response"] = {"source": ROOMS[rng.integers(len(ROOMS))]}
    if rng.random() < 0.8:
        augmentations["background_noise"] = _noise(rng)
    augmentations["gain"] = {"gain_db": float(rng.uniform(-6, 0))}
    return {
        "id": f"planted-{number:06d}",
        "duration_s": float(rng.uniform(1, 4)),
        "speaker": SPEAKERS[rng.integers(len(SPEAKERS))],
        "accent": "en-us",
        "pace": float(rng.uniform(0.9, 1.1)),
        "pitch_semitones": 0.0,
        "energy": 1.0,
        "pitch_range": 1.0,
        "vocal_tract": 1.0,
        "template": f"{INTENTS[intent]}:{rng.integers(1, 4)}",
        "intent": INTENTS[intent],
        "slots": [
            {"name": "room", "value": f"room {rng.integers(5)}", "first_word": 0, "end_word": 1}
        ],
        "source": "templates",
        "negative": {"kind": "none", "near_to": "", "distance": None},
        "augmentations": augmentations,
        "attempt": 0,
        "split": str(rng.choice(["train", "validation", "test"], p=[0.8, 0.1, 0.1])),
    }


def _noise(rng: np.random.Generator) -> dict[str, Any]:
    name = CLASSES[rng.integers(len(CLASSES))]
    return {
        "classes": [name],
        "sources": [f"{name}/{rng.integers(FILES)}.flac"],
        "offsets_s": [float(rng.uniform(0, 12))],
        "snr_db": float(rng.uniform(5, 25)),
    }
