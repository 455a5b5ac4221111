"""The report's table of voices: clips by speaker, accent and pace."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.config import build as from_mapping
from models.phonology.foreign_accents import parse_accent
from pipeline.distributions import Distribution
from pipeline.records import NOBODY

USUAL_BANDS = 3
MOST_LISTED = 60  # speakers


@dataclass(frozen=True, slots=True)
class VoiceRow:
    """A speaker's clips, and how many of them lie in each column."""

    speaker: str
    clips: int
    cells: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class VoiceTable:
    """`columns` are accents with a band of pace each; `empty` counts cells without a clip, and
    `asked` is what a quota wanted in each (None: there was no quota).
    """

    columns: tuple[str, ...]
    rows: tuple[VoiceRow, ...]
    num_speakers: int
    num_cells: int
    empty: int
    fewest: int
    most: int
    asked: int | None


def voice_table(rows: Collection[Mapping[str, Any]], config: Mapping[str, Any]) -> VoiceTable:
    """Count the dataset's `rows`; `config` is that of its build."""
    voice = config.get("voice", {})
    quota = voice.get("quota")
    edges = _pace_edges(rows, voice, quota["pace_bands"] if quota else USUAL_BANDS)
    bands = np.searchsorted(edges, [row["pace"] for row in rows], side="right").tolist()
    counts: dict[str, Counter[tuple[str, int]]] = defaultdict(Counter)
    for row, band in zip(rows, bands, strict=True):
        if row["speaker"] != NOBODY:
            counts[row["speaker"]][_accent(row), band] += 1
    accents = {accent for of in counts.values() for accent, _ in of}
    columns = [(accent, band) for accent in sorted(accents) for band in range(len(edges) + 1)]
    cells = {name: tuple(of[column] for column in columns) for name, of in counts.items()}
    flat = [count for row in cells.values() for count in row]
    ordered = sorted(cells, key=lambda name: (-sum(cells[name]), name))
    return VoiceTable(
        columns=tuple(f"{accent}, {_band_name(band, edges)}" for accent, band in columns),
        rows=tuple(VoiceRow(name, sum(cells[name]), cells[name]) for name in ordered[:MOST_LISTED]),
        num_speakers=len(cells),
        num_cells=len(flat),
        empty=flat.count(0),
        fewest=min(flat, default=0),
        most=max(flat, default=0),
        asked=quota["at_least"] if quota else None,
    )


def _accent(row: Mapping[str, Any]) -> str:
    """Without the strength of a foreign one, which is the speaker's."""
    return parse_accent(row["accent"]).language


def _pace_edges(
    rows: Collection[Mapping[str, Any]], voice: Mapping[str, Any], bands: int
) -> list[float]:
    """Where one band of pace ends and the next begins: equal shares of what the config draws, or
    of the rows where that is not known.
    """
    quantiles = [band / bands for band in range(1, bands)]
    if "pace" in voice:
        pace = from_mapping(Distribution, voice["pace"], "voice.pace")
        edges = [pace.at(quantile) for quantile in quantiles]
    else:
        edges = np.quantile([row["pace"] for row in rows], quantiles).tolist() if quantiles else []
    return sorted(set(edges)) if len(set(edges)) == len(quantiles) else []


def _band_name(band: int, edges: Sequence[float]) -> str:
    if not edges:
        return "any pace"
    if band == 0:
        return f"below {edges[0]:.2f}"
    return f"from {edges[band - 1]:.2f}"
