"""Quotas: every combination of speaker, accent and pace comes up equally often."""

import functools
from dataclasses import dataclass
from typing import NamedTuple

from models.errors import ConfigError
from pipeline.randomness import rng_for


@dataclass(frozen=True, slots=True)
class QuotaConfig:
    """Fill every cell of (speaker x accent x pace band) `at_least` so many times.

    A pace band is an equal share of `voice.pace`, from slow to fast. Rows go round all cells, in
    an order that the seed draws for every round, so no cell is ahead of another by more than one
    row; weights of speakers and accents say only who is there.
    """

    pace_bands: int = 3
    at_least: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.pace_bands <= 20:
            raise ValueError(f"pace_bands: {self.pace_bands}; from 1 to 20 is allowed")
        if self.at_least < 1:
            raise ValueError(f"at_least: {self.at_least}; 1 or more is needed")


class Cell(NamedTuple):
    """The speaker, accent and band of pace assigned to a row; the band is between two quantiles."""

    speaker: str
    accent: str
    slowest: float
    fastest: float


@dataclass(frozen=True)
class Quota:
    """The cells of a build with what decides their order."""

    config: QuotaConfig
    speakers: tuple[str, ...]
    accents: tuple[str, ...]
    seed: int

    @property
    def num_cells(self) -> int:
        return len(self.speakers) * len(self.accents) * self.config.pace_bands

    def check(self, count: int) -> None:
        """Raise `ConfigError` where `count` rows cannot fill every cell as often as asked."""
        needed, bands = self.num_cells * self.config.at_least, self.config.pace_bands
        if count < needed:
            raise ConfigError(
                f"voice.quota: {len(self.speakers)} speakers x {len(self.accents)} accents x "
                f"{bands} pace bands are {self.num_cells} cells, which take {needed} sentences; "
                f"sentences.count is {count}. Raise it, or ask for fewer speakers "
                "(voice.speakers), accents (text.accent), bands or rows a cell (at_least)"
            )

    def cell(self, number: int) -> Cell:
        """The cell of the sentence `number` of a build."""
        cycle, position = divmod(number, self.num_cells)
        index, band = divmod(
            _order(self.seed, cycle, self.num_cells)[position], self.config.pace_bands
        )
        speaker, accent = divmod(index, len(self.accents))
        width = 1 / self.config.pace_bands
        return Cell(self.speakers[speaker], self.accents[accent], band * width, (band + 1) * width)


@functools.lru_cache(maxsize=64)
def _order(seed: int, cycle: int, num_cells: int) -> tuple[int, ...]:
    return tuple(rng_for(seed, "quota", str(cycle)).permutation(num_cells).tolist())
