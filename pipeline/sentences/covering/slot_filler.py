"""Slot values of a plain template, chosen for rare phones and diphones."""

from collections.abc import Callable, Collection, Iterator
from typing import Protocol

from pipeline.domain.templates import Template, tidy
from pipeline.records import Reject, Sentence, Slot
from pipeline.sentences.covering.diphones import reading
from pipeline.sentences.covering.sound_balance import SoundBalance
from pipeline.sentences.drawing.sampling import Maker, Source

CANDIDATES = 4  # of each template
TEMPLATES = 4
_MISSES_BEFORE_LISTING = 50


class SlotFiller:
    """Says the template `name` (`intent:line`) with values in reading order.

    `listed` are the slots whose values are in lexicons. Without a `balance` all sentences
    sound alike.
    """

    def __init__(
        self,
        name: str,
        template: Template,
        maker: Maker,
        listed: Collection[str],
        balance: SoundBalance | None,
    ) -> None:
        assert template.pieces is not None
        self.name, self._intent, self._pieces = name, name.rpartition(":")[0], template.pieces
        self._maker, self._balance = maker, balance
        self._reading = reading(template, listed)
        self.vocabularies = [piece for piece in self._pieces if not isinstance(piece, str)]
        self.listed = [vocabulary.name in listed for vocabulary in self.vocabularies]

    def worth(self, values: tuple[str, ...]) -> float:
        """How rare the sounds of the sentence are among those of the sentences so far."""
        return self._balance.worth(self._units(self._balance, values)) if self._balance else 0.0

    def say(self, values: tuple[str, ...]) -> Sentence | Reject | None:
        """The sentence, counted by the balance; None if it is a repetition."""
        left = iter(values)
        text = "".join(p if isinstance(p, str) else next(left) for p in self._pieces)
        slots = tuple(Slot(w.name, v) for w, v in zip(self.vocabularies, values, strict=True))
        row = self._maker.make(self._intent, self.name, tidy(text), slots)
        if self._balance and isinstance(row, Sentence):
            self._balance.add(self._units(self._balance, values))
        return row

    def _units(self, balance: SoundBalance, values: tuple[str, ...]) -> list[int]:
        left = iter(values)
        spoken: list[str | None] = []
        for piece in self._reading:
            if isinstance(piece, str):
                spoken.append(piece)
            else:
                value = next(left)
                spoken.append(None if piece is None else value)
        return balance.units(spoken)


class SoundingSource(Protocol):
    """A source that scores its next sentence by the rarity of its phones and diphones."""

    def worth(self) -> float:
        """Of what `next_row` would say now."""

    def next_row(self) -> Sentence | Reject | None:
        """The next new sentence, or None when there is none left."""


class BalancedSource:
    """A plain template after full coverage: of several draws, the one with the rarest sounds.

    After many draws that had been said before it goes through all that is left instead.
    """

    def __init__(
        self, filler: SlotFiller, uniforms: Iterator[float], the_rest: Callable[[], Source]
    ) -> None:
        self._filler, self._uniforms = filler, uniforms
        self._make_rest = the_rest
        self._rest: Source | None = None
        self._drawn: tuple[str, ...] | None = None

    def worth(self) -> float:
        if self._rest:
            return 0.0
        drawn = dict.fromkeys(self._draw() for _ in range(CANDIDATES))
        self._drawn = max(drawn, key=self._filler.worth)
        return self._filler.worth(self._drawn)

    def next_row(self) -> Sentence | Reject | None:
        if self._rest is None:
            for _ in range(_MISSES_BEFORE_LISTING):
                values, self._drawn = self._drawn or self._draw(), None
                if row := self._filler.say(values):
                    return row
            self._rest = self._make_rest()
        return self._rest.next_row()

    def _draw(self) -> tuple[str, ...]:
        return tuple(
            words[int(next(self._uniforms) * len(words))] for words in self._filler.vocabularies
        )


def interleave_by_rarity(
    intents: list[list[SoundingSource]], uniforms: Iterator[float]
) -> Iterator[Sentence | Reject]:
    """From a random intent, of several of its templates, what sounds rarest; until all are dry."""
    while intents:
        sources = intents[int(next(uniforms) * len(intents))]
        drawn = dict.fromkeys(int(next(uniforms) * len(sources)) for _ in range(TEMPLATES))
        source = sources[max(drawn, key=lambda index: sources[index].worth())]
        if row := source.next_row():
            yield row
            continue
        sources.remove(source)
        if not sources:
            intents.remove(sources)
