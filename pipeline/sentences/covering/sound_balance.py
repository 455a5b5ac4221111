"""Balance of phones and diphones: scores sentences by the rarity of their sounds."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pipeline.sentences.covering.diphones import Diphone, PieceSpeech, SoundSet


class _Breath(NamedTuple):
    """A part between pauses: the indices of its phones and diphones in the table, and its edges."""

    units: tuple[int, ...]
    first: str
    last: str


class SoundBalance:
    """Counts of the phones and diphones so far, by pieces that `speech` knows.

    A unit said n times is worth 1 / (1 + n), in shares of the phones or diphones that are
    `possible`; a sentence is worth the mean of its units. Taking the worthiest climbs the sum of
    the counts' logarithms, which is the largest where all counts are the same, and a sound
    that was never said comes first.
    """

    def __init__(self, speech: PieceSpeech, possible: SoundSet) -> None:
        self._speech = speech
        self._phone_worth = 1 / max(1, len(possible.phones))
        self._diphone_worth = 1 / max(1, len(possible.diphones))
        self._indices: dict[str | Diphone, int] = {}
        self._worth: list[float] = []
        self._full: list[float] = []  # the worth of a unit that was never said
        self._counts: list[int] = []
        self._pieces: dict[str | None, tuple[_Breath | None, ...]] = {}

    def units(self, pieces: Sequence[str | None]) -> list[int]:
        """The phones and diphones of a sentence made of `pieces`; None: a slot made by rule."""
        units: list[int] = []
        last = ""
        for piece in pieces:
            known = self._pieces.get(piece)
            for index, breath in enumerate(self._read(piece) if known is None else known):
                if index:
                    last = ""
                if breath is None:
                    continue
                if last:
                    units.append(self._index((last, breath.first)))
                units += breath.units
                last = breath.last
        return units

    def worth(self, units: Sequence[int]) -> float:
        """How rare they are on average; 0 for a sentence without known sounds."""
        return sum(map(self._worth.__getitem__, units)) / len(units) if units else 0.0

    def add(self, units: Sequence[int]) -> None:
        """Count them as covered."""
        for unit in units:
            self._counts[unit] += 1
            self._worth[unit] = self._full[unit] / (1 + self._counts[unit])

    def _read(self, piece: str | None) -> tuple[_Breath | None, ...]:
        read = tuple(
            self._breath(breath) if breath else None for breath in self._speech.breaths(piece)
        )
        self._pieces[piece] = read
        return read

    def _breath(self, phones: tuple[str, ...]) -> _Breath:
        diphones = pairwise(phones)
        units = (*map(self._index, phones), *map(self._index, diphones))
        return _Breath(units, phones[0], phones[-1])

    def _index(self, unit: str | Diphone) -> int:
        index = self._indices.get(unit)
        if index is None:
            index = self._indices[unit] = len(self._worth)
            worth = self._phone_worth if isinstance(unit, str) else self._diphone_worth
            self._worth.append(worth)
            self._full.append(worth)
            self._counts.append(0)
        return index
