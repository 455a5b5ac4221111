"""Sampling order of a domain's sentences: by weight, uniform, or by Zipf's law.

Intents come up equally often, and templates within an intent, until one has nothing new to
say; what differs is how a template's slots are filled. `random` goes through all combinations
of a template in an order that the seed decides, so none comes twice and none is remembered.
Where two templates say the same, or one says it in two ways, `Maker` tells.
"""

import functools
import hashlib
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import Literal, NamedTuple, Protocol

import numpy as np

from models.errors import DataError
from models.phonology.characters import visible
from pipeline.bits_by_hash import BitsByHash
from pipeline.domain.slots.vocabulary import Vocabulary
from pipeline.domain.templates import Rendered, Template, tidy
from pipeline.randomness import rng_for
from pipeline.records import Negative, Reject, Sentence, Slot
from pipeline.sentences.drawing.permutation import MAX_SIZE, Permutation
from pipeline.sentences.drawing.sentence_filter import SentenceFilter
from pipeline.sentences.drawing.spoken_style import NO_STYLE, StyleConfig, Styled, styled
from pipeline.sentences.drawing.weighted_order import LogWeights, by_weight
from pipeline.text.inline import unmarked

STAGE = "generate"
Strategy = Literal["random", "weighted", "zipf", "coverage"]
Intents = Mapping[str, Mapping[int, Template]]
_DIGEST_OF_ID = re.compile(r"-([0-9a-f]{12})(?:-\d+)?$")  # a further repetition has its number
_MISSES_BEFORE_LISTING = 50
_MISSES_BEFORE_GIVING_UP = 20_000
_LISTED_AT_ONCE = 4096
_FIRST_BLOCK, _LAST_BLOCK = 8, 128  # combinations that are looked up at once
_NOT_NEGATIVE = Negative()
_SUMMED_RANKS = 64
_NEARLY_ONE = 1e-9
_LISTED_VALUES = 20_000  # larger vocabularies are asked for one value at a time


@dataclass(frozen=True)
class ZipfConfig:
    """The value on line r of a lexicon is drawn r ** -exponent times as often as the first.

    For `sentences.strategy: zipf`; a lexicon's weights are then without effect.
    """

    exponent: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.exponent <= 10:
            raise ValueError(f"exponent: {self.exponent}; above 0 and up to 10 is allowed")


class Maker:
    """Renderings into sentences with ids; None for one there has been.

    A sentence is new, wanted and has its id before it is put into spoken `style`; where the
    outcome is not wanted or was said already, it stays as it was. `first` is the number of the
    templates' sentence that it begins with: every range of a build has draws of its own.
    """

    def __init__(
        self,
        domain: str,
        seed: int,
        unwanted: SentenceFilter | None,
        style: StyleConfig = NO_STYLE,
        first: int = 0,
    ) -> None:
        self.domain, self.seed, self.first = domain, seed, first
        self._prefix = f"{seed}|{domain}|"
        self._style = style if style != NO_STYLE else None
        self._seen, self._unwanted = BitsByHash(), unwanted

    def make(
        self,
        intent: str,
        template: str,
        text: str,
        slots: tuple[Slot, ...],
        *,
        source: str = "templates",
        domain: str = "",
        negative: Negative = _NOT_NEGATIVE,
    ) -> Sentence | Reject | None:
        """`domain` is the build's unless another is given. A negative is left as it was found."""
        domain = domain or self.domain
        if not text.isascii():
            text = visible(text)
            slots = tuple(Slot(slot.name, visible(slot.value)) for slot in slots)
        written = text
        try:
            marked = unmarked(text)
            slots = tuple(Slot(slot.name, unmarked(slot.value).text) for slot in slots)
        except DataError as error:
            return Reject(f"{domain}-{self.digest(written)}", STAGE, str(error))
        text = marked.text
        digest = self.digest(text)
        if not self.is_new(digest):
            return None
        sentence_id = f"{domain}-{digest}"
        if self._unwanted and (reason := self._unwanted.reason(text)):
            return Reject(sentence_id, STAGE, f"{reason}: {text!r}")
        style: tuple[str, ...] = ()
        if self._style is not None and not any(marked[1:]) and negative.kind == _NOT_NEGATIVE.kind:
            text, style = self._spoken(sentence_id, text, slots, self._style)
        return Sentence(
            *(sentence_id, text, domain, template, intent, slots, source, style, negative),
            pronunciations=marked.pronunciations,
            breaks=marked.breaks,
            emphases=marked.emphases,
        )

    def leave_out(self, texts: Iterable[str], ids: Iterable[str]) -> None:
        """Treat `texts`, and the sentences that have `ids`, as existing sentences."""
        for text in texts:
            self.is_new(self.digest(text))
        for found in filter(None, map(digest_in, ids)):
            self.is_new(found)

    def id_of(self, text: str) -> str:
        """The id of a sentence of the build's domain."""
        return f"{self.domain}-{self.digest(text)}"

    def is_new(self, digest: str) -> bool:
        """Whether there has been no such sentence; from now on there has."""
        return not self._seen.mark(int(digest, 16))

    def rng(self, purpose: str) -> np.random.Generator:
        """The draws of the templates' sentences for `purpose`."""
        return rng_for(self.seed, STAGE, f"{purpose}|from {self.first}" if self.first else purpose)

    def digest(self, text: str) -> str:
        """What the id of a sentence ends with, whatever style it is put into."""
        return hashlib.blake2b((self._prefix + text).encode(), digest_size=6).hexdigest()

    def _spoken(
        self, sentence_id: str, text: str, slots: tuple[Slot, ...], style: StyleConfig
    ) -> Styled:
        restyled = styled(text, slots, style, rng_for(self.seed, "style", sentence_id))
        if restyled.style and self._unwanted and self._unwanted.reason(restyled.text):
            return Styled(text)
        if restyled.style and not self.is_new(self.digest(restyled.text)):
            return Styled(text)
        return restyled


def digest_in(sentence_id: str) -> str | None:
    """What `Maker.digest` put into it; None for an id of another kind."""
    found = _DIGEST_OF_ID.search(sentence_id)
    return found[1] if found else None


class Source(Protocol):
    """One template and its remaining sentences."""

    def next_row(self) -> Sentence | Reject | None:
        """The next new sentence, or None when there is none left."""


class Drawing(NamedTuple):
    """How the value of a slot is drawn, and the weights by which it is."""

    draw: Callable[[Vocabulary], str]
    log_weights: LogWeights


class DrawnSource:
    """Draws the slots one by one.

    After many draws in a row that had been said before, it goes through the sentences that are left
    instead, so that every one can be reached: of a plain template in the order in which more draws
    would find them, of others in a shuffled one.
    """

    def __init__(
        self, intent: str, line: int, template: Template, maker: Maker, drawing: Drawing
    ) -> None:
        self._intent, self._name, self._template = intent, f"{intent}:{line}", template
        self._maker, self._drawing = maker, drawing
        self._left: Iterator[Sentence | Reject] | None = None

    def next_row(self) -> Sentence | Reject | None:
        if self._left is None:
            for _ in range(_MISSES_BEFORE_LISTING):
                if row := self._make(self._template.render(self._drawing.draw)):
                    return row
            rng = self._maker.rng(f"{self._maker.domain}|{self._name}")
            is_small = _is_small(self._template)
            self._left = self._in_drawn_order(rng) if is_small else self._list_the_rest(rng)
        return next(self._left, None)

    def _make(self, rendered: Rendered) -> Sentence | Reject | None:
        return self._maker.make(self._intent, self._name, rendered.text, rendered.slots)

    def _in_drawn_order(self, rng: np.random.Generator) -> Iterator[Sentence | Reject]:
        slots = [piece for piece in self._template.pieces or () if not isinstance(piece, str)]
        for indices in by_weight(slots, self._drawing.log_weights, rng):
            left = iter(indices)
            if row := self._make(self._template.render(lambda values: values[next(left)])):  # noqa: B023
                yield row

    def _list_the_rest(self, rng: np.random.Generator) -> Iterator[Sentence | Reject]:
        renderings = self._template.all_renderings()
        misses = 0
        while block := list(islice(renderings, _LISTED_AT_ONCE)):
            for index in rng.permutation(len(block)):
                misses += 1
                if row := self._make(block[index]):
                    misses = 0
                    yield row
            if misses > _MISSES_BEFORE_GIVING_UP and self._template.pieces is None:
                return  # conditions can say one thing in more ways than there is time for


class PermutedSource:
    """All combinations of a plain template's slots, each once, in an order of the seed's."""

    def __init__(
        self, intent: str, line: int, template: Template, maker: Maker, values: "SlotValues"
    ) -> None:
        assert template.pieces is not None
        self._maker, self._values = maker, values
        self._rows = self._walk(intent, f"{intent}:{line}", template.pieces)

    def next_row(self) -> Sentence | Reject | None:
        return next(self._rows, None)

    def _walk(
        self, intent: str, name: str, pieces: tuple[str | Vocabulary, ...]
    ) -> Iterator[Sentence | Reject]:
        make = self._maker.make
        for slots in self._combinations(name, [p for p in pieces if not isinstance(p, str)]):
            values = iter(slots)
            parts = [p if isinstance(p, str) else next(values).value for p in pieces]
            if row := make(intent, name, tidy("".join(parts)), slots):
                yield row

    def _combinations(
        self, name: str, vocabularies: list[Vocabulary]
    ) -> Iterator[tuple[Slot, ...]]:
        sizes = [len(vocabulary) for vocabulary in vocabularies]
        readers = [self._values.reader(vocabulary) for vocabulary in vocabularies]
        total = int(np.prod(sizes, dtype=object)) if sizes else 1
        order = Permutation(total, rng_for(self._maker.seed, STAGE, f"{name}|order"))
        for indices in _blocks(total, self._maker.first):
            columns = np.unravel_index(order.at(*indices), sizes) if sizes else ()
            if not sizes:
                yield ()
            listed = [
                [reader(index) for index in column.tolist()]
                for reader, column in zip(readers, columns, strict=True)
            ]
            yield from zip(*listed, strict=True)


def _blocks(total: int, first: int) -> Iterator[tuple[int, int]]:
    """Start and size of blocks that hold 0 ... total-1 once, from `first` on and then from 0."""
    start, block, left = first % total, _FIRST_BLOCK, total
    while left:
        size = min(block, left, total - start)
        yield start, size
        start, block, left = (start + size) % total, min(2 * block, _LAST_BLOCK), left - size


class SlotValues:
    """Slots with their values, made once and shared by all templates while a list of them is
    small; larger vocabularies are asked each time.
    """

    def __init__(self) -> None:
        self._made: dict[int, tuple[Vocabulary, dict[int, Slot]]] = {}

    def reader(self, vocabulary: Vocabulary) -> Callable[[int], Slot]:
        """What gives the slot with the value at an index of `vocabulary`."""
        name = vocabulary.name
        if len(vocabulary) > _LISTED_VALUES:
            return lambda index: Slot(name, vocabulary[index])
        # The vocabulary is kept, so that no other comes to have its id.
        made = self._made.setdefault(id(vocabulary), (vocabulary, {}))[1]

        def slot(index: int) -> Slot:
            if index not in made:
                made[index] = Slot(name, vocabulary[index])
            return made[index]

        return slot


def sample(
    intents: Intents, maker: Maker, strategy: Strategy, zipf: ZipfConfig
) -> Iterator[Sentence | Reject]:
    """Rows by any strategy but `coverage`, until nothing new is left."""
    uniforms = uniforms_of(maker.rng(maker.domain))
    drawing = _drawing(strategy, zipf, uniforms)
    values = SlotValues()

    def source(intent: str, line: int, template: Template) -> Source:
        if strategy == "random" and _is_small(template):
            return PermutedSource(intent, line, template, maker, values)
        return DrawnSource(intent, line, template, maker, drawing)

    sources = [
        [source(intent, line, template) for line, template in templates.items()]
        for intent, templates in intents.items()
    ]
    return interleave(sources, uniforms)


def interleave(
    intents: list[list[Source]], uniforms: Iterator[float]
) -> Iterator[Sentence | Reject]:
    """From a random template of a random intent; those with nothing left are taken out."""
    while intents:
        sources = intents[int(next(uniforms) * len(intents))]
        source = sources[int(next(uniforms) * len(sources))]
        if row := source.next_row():
            yield row
            continue
        sources.remove(source)
        if not sources:
            intents.remove(sources)


def _is_small(template: Template) -> bool:
    """Whether the combinations of its slots can be numbered."""
    return template.pieces is not None and template.max_renderings <= MAX_SIZE


def _drawing(strategy: Strategy, zipf: ZipfConfig, uniforms: Iterator[float]) -> Drawing:
    if strategy == "weighted":
        return Drawing(
            lambda values: values.draw(next(uniforms)),
            lambda values, indices: np.log(values.weights_at(indices)),
        )
    if strategy == "zipf":
        return Drawing(
            lambda values: values[zipf_rank(next(uniforms), len(values), zipf.exponent)],
            lambda _, indices: -zipf.exponent * np.log1p(indices),
        )
    return Drawing(
        lambda values: values[int(next(uniforms) * len(values))],
        lambda _, indices: np.zeros(len(indices)),
    )


def zipf_rank(uniform: float, size: int, exponent: float) -> int:
    """The rank, 0 ... size-1, that a uniform number in [0, 1) points at.

    The first ranks are summed. Beyond them the area below the curve x ** -exponent, half a rank to
    either side, takes the place of the sum, so that a vocabulary of any size needs no long table.
    """
    sums = _first_sums(min(size, _SUMMED_RANKS), exponent)
    begin = len(sums) + 0.5
    at = uniform * (sums[-1] + _area(begin, size + 0.5, exponent))
    if at < sums[-1] or len(sums) == size:
        return min(bisect_right(sums, at), size - 1)
    rest = at - sums[-1]
    if abs(exponent - 1) < _NEARLY_ONE:
        rank = begin * math.exp(rest)
    else:
        rank = (begin ** (1 - exponent) + rest * (1 - exponent)) ** (1 / (1 - exponent))
    return min(round(rank), size) - 1


@functools.lru_cache(maxsize=1024)
def _first_sums(count: int, exponent: float) -> list[float]:
    return list(accumulate(rank**-exponent for rank in range(1, count + 1)))


def _area(begin: float, end: float, exponent: float) -> float:
    if abs(exponent - 1) < _NEARLY_ONE:
        return math.log(end / begin)
    return float((end ** (1 - exponent) - begin ** (1 - exponent)) / (1 - exponent))


def uniforms_of(rng: np.random.Generator) -> Iterator[float]:
    """Uniform numbers in [0, 1), drawn by the thousand because one at a time is slow."""
    while True:
        yield from rng.random(1024).tolist()
