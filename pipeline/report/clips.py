"""The report's table of clips: which ones, how they sound and look, and every parameter of them.

Bounded in bytes, whatever the dataset holds: a clip that is too large for its share of the page
is MP3 there, and ends early where that is too large as well.
"""

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.audio.files import decode_audio
from pipeline.dataset.files import data_files
from pipeline.dataset.light_rows import LightRows, RowsByIndex
from pipeline.pages.charts import data_uri
from pipeline.pages.clip_picture import clip_picture
from pipeline.pages.playable_audio import playable
from pipeline.pages.row_facts import FactGroup, facts_of
from pipeline.randomness import rng_for

NUM_CLIPS = 40
AUDIO_BYTES = 180_000  # of a clip, at most; a third more as text of the page
_ORDERS = (
    ("text", "Text"),
    ("speaker", "Speaker"),
    ("intent", "Intent"),
    ("snr", "SNR"),
    ("errors", "Phone errors"),
    ("seconds", "Duration"),
)
_NUMERIC = frozenset({"snr", "errors", "seconds"})


@dataclass(frozen=True, slots=True)
class ShownClip:
    """A row with its audio and picture as data URIs, and all its parameters in groups."""

    row: Mapping[str, Any]
    audio: str
    picture: str
    top_khz: float
    groups: list[FactGroup]
    snr_db: float | None
    error_percent: float | None


@dataclass(frozen=True, slots=True)
class ShownClips:
    """The section: `smaller` clips are not as the dataset has them, `shortened` are not whole."""

    shown: list[ShownClip]
    total: int
    smaller: int
    shortened: int
    speakers: list[str]
    intents: list[str]
    orders: tuple[tuple[str, str], ...] = _ORDERS
    numeric: frozenset[str] = _NUMERIC


def clips_section(dataset: Path, seed: int) -> ShownClips:
    """Clips of the dataset, drawn by `seed`, and what fills the filters above them."""
    rows = LightRows.of(dataset, ("id", "speaker"))
    ids, speakers, snrs_db = map(rows.values, ("id", "speaker", "noise.snr_db"))
    rows_at = RowsByIndex(data_files(dataset))
    clips, smaller, shortened = [], 0, 0
    for index in sample_indices(ids, speakers, snrs_db, seed):
        row = rows_at.read(index)
        sound = row.pop("audio")["bytes"]
        audio = playable(sound, AUDIO_BYTES)
        smaller += not audio.is_as_shipped
        shortened += audio.seconds < row["duration_s"] - 0.01
        clips.append(_shown(row, sound, data_uri(audio.data, audio.media_type)))
    return ShownClips(
        clips,
        len(rows_at),
        smaller,
        shortened,
        speakers=sorted({clip.row["speaker"] for clip in clips}),
        intents=sorted({clip.row["intent"] for clip in clips} - {""}),
    )


def sample_indices(
    ids: pa.ChunkedArray, speakers: pa.ChunkedArray, snrs_db: pa.ChunkedArray, seed: int
) -> list[int]:
    """Indices of at most 40 rows, seeded: speakers round-robin, each over the span of SNR.

    Takes three columns of the dataset; which rows are chosen does not depend on their order.
    """
    rng = rng_for(seed, "report")
    columns = {"id": ids, "speaker": speakers, "snr": snrs_db, "index": pa.array(range(len(ids)))}
    order = [(name, "ascending") for name in ("speaker", "snr", "id")]  # no noise: null, so last
    table = pa.table(columns).sort_by(order)
    counts = {one["values"]: one["counts"] for one in table["speaker"].value_counts().to_pylist()}
    names = sorted(counts)
    ends = dict(zip(names, itertools.accumulate(counts[name] for name in names), strict=True))
    rng.shuffle(names)
    chosen = []
    for name, count in _shares({name: counts[name] for name in names}).items():
        # One draw from each of `count` equal stretches of the speaker's rows, sorted by SNR.
        start = ends[name] - counts[name]
        bounds = [start + counts[name] * index // count for index in range(count + 1)]
        chosen += [int(rng.integers(low, high)) for low, high in itertools.pairwise(bounds)]
    return table.column("index").take(pa.array(sorted(chosen))).to_pylist()


def _shares(counts: Mapping[str, int]) -> Counter[str]:
    """How many rows to take of each speaker, round-robin, until there are 40 or none is left."""
    shares = Counter[str]()
    while shares.total() < min(NUM_CLIPS, sum(counts.values())):
        with_more = [name for name in counts if shares[name] < counts[name]]
        shares.update(with_more[: NUM_CLIPS - shares.total()])
    return shares


def _shown(row: dict[str, Any], sound: bytes, audio: str) -> ShownClip:
    picture = clip_picture(*decode_audio(sound))
    rate = row["quality"]["phone_error_rate"]
    return ShownClip(
        row=row,
        audio=audio,
        picture=data_uri(picture.webp, "image/webp"),
        top_khz=picture.top_khz,
        groups=facts_of(row),
        snr_db=row["noise"]["measured_snr_db"],
        error_percent=None if rate is None else 100 * rate,
    )
