"""A build's sentences in ranges, which many processes can draw at a time.

Up to `RANGE_SENTENCES` of the templates' sentences are one range, drawn as `generate` does. Of a
larger build each range is drawn by itself, without knowing of the others; then one pass over what
all have drawn, in their order, keeps of each range what no range before it said, until it has its
number. Rows depend on the number of sentences, and not on who draws which range, or when.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.bits_by_hash import BitsByHash
from pipeline.records import Reject, Sentence
from pipeline.sentences.drawing.existing_sentences import ExistingSentences
from pipeline.sentences.drawing.sampling import digest_in
from pipeline.sentences.drawing.split_plan import SplitPlan
from pipeline.sentences.generate import (
    SentencesConfig,
    Stretch,
    distinct_sentences,
    fills_splits,
    maker_of,
    num_of_templates,
    numbers_of_others,
    repeated,
)
from pipeline.splits import SPLITS, numbers_by_split

RANGE_SENTENCES = 1_000_000
SPLIT_NAMES = ("", *SPLITS)  # "": not decided yet
_SPARE = 1.1  # a range that lacks some is drawn anew with so many times what it seems to need


@dataclass(frozen=True)
class Source:
    """What sentences are drawn from: the config's, seed, plan of splits, and those to leave out."""

    config: SentencesConfig
    seed: int
    plan: SplitPlan | None
    existing: ExistingSentences

    def rows(self, first: int, asked: int) -> Iterator[Sentence | Reject]:
        """Those of the range that begins with the templates' sentence `first`: `asked` of these,
        or as many as there are.
        """
        stretch = Stretch(first, asked)
        return distinct_sentences(self.config, self.seed, self.plan, self.existing, stretch)


def starts_of(config: SentencesConfig) -> list[int]:
    """With which of the templates' sentences each range begins."""
    return list(range(0, max(1, num_of_templates(config)), RANGE_SENTENCES))


def lengths_of(config: SentencesConfig) -> list[int]:
    """How many sentences of templates each range keeps."""
    number = num_of_templates(config)
    return [min(RANGE_SENTENCES, number - first) for first in starts_of(config)]


def rows_in(config: SentencesConfig) -> list[int]:
    """How many rows each range makes; the first has the sentences of all other sources, too."""
    lengths = lengths_of(config)
    others = config.count - sum(lengths)
    return [
        config.repetitions * (length + (others if index == 0 else 0))
        for index, length in enumerate(lengths)
    ]


def rows_by_split(config: SentencesConfig, shares: Mapping[str, float]) -> Counter[str]:
    """How many rows each split gets, where all are filled (`fills_splits`)."""
    rows = Counter[str]()
    for number in (*numbers_of_others(config), *lengths_of(config)):
        for name, of_split in numbers_by_split(shares, number).items():
            rows[name] += config.repetitions * of_split
    return rows


@dataclass(frozen=True)
class Drawn:
    """What a range drew, in its order: digests of each sentence as it was found and as it is said
    (0: none), and the number of its rows by split; a reject has none of them.
    """

    found: np.ndarray  # (rows,) uint64
    said: np.ndarray  # (rows,) uint64
    rows_by_split: np.ndarray  # (rows, 4) uint32

    @property
    def is_sentence(self) -> np.ndarray:
        """(rows,) bool"""
        return np.asarray(self.rows_by_split.sum(axis=1) > 0)


def draw(source: Source, first: int, asked: int) -> Drawn:
    """Of the range that begins with `first`; 32 bytes are kept of a sentence."""
    maker, plan = maker_of(source.config, source.seed), source.plan
    found, said, counts = array("Q"), array("Q"), array("I")
    for row in source.rows(first, asked):
        digest = digest_in(row.id)
        found.append(int(digest, 16) if digest else 0)
        text = row.text if isinstance(row, Sentence) else ""
        if plan is not None and plan.compares_transcripts:
            text = plan.transcript(text)
        said.append(int(maker.digest(text), 16) if text else 0)
        by_split = dict.fromkeys(SPLIT_NAMES, 0)
        if isinstance(row, Sentence):
            for one in repeated(row, source.config.repetitions, plan):
                by_split[one.split] += 1
        counts.extend(by_split.values())
    return Drawn(
        np.array(found, np.uint64),
        np.array(said, np.uint64),
        np.array(counts, np.uint32).reshape(-1, len(SPLIT_NAMES)),
    )


class Choice:
    """Which of the drawn rows are kept, range by range in their order."""

    def __init__(self, source: Source) -> None:
        self._source, self._seen = source, BitsByHash()

    def of(self, drawn: Drawn, index: int) -> np.ndarray:
        """(rows,) bool: those of range `index` that say what none of an earlier one does, as many
        as it keeps, or fewer where it has not more; of the first range all.
        """
        room = self._room(index)
        kept = np.ones(len(drawn.found), bool)
        is_sentence = drawn.is_sentence.tolist()
        splits = drawn.rows_by_split.argmax(axis=1).tolist()
        for row, texts in enumerate(zip(drawn.found.tolist(), drawn.said.tolist(), strict=True)):
            split = splits[row] if len(room) > 1 else 0
            if index and (
                any(map(self._seen.get, filter(None, texts)))
                or not (room[split] if is_sentence[row] else any(room))
            ):
                kept[row] = False
                continue
            for text in texts:
                self._seen.mark(text)
            room[split] -= is_sentence[row]
        return kept

    def _room(self, index: int) -> list[int]:
        """How many sentences the range keeps, by split where a plan parts them."""
        length, plan = lengths_of(self._source.config)[index], self._source.plan
        if plan is None or not fills_splits(self._source.config, plan):
            return [length]
        by_name = numbers_by_split(plan.shares, length)
        return [by_name.get(name, 0) for name in SPLIT_NAMES]


def asked_next(config: SentencesConfig, asked: Sequence[int], kept: Sequence[int]) -> list[int]:
    """How many each range is to draw, where of `asked` sentences it could keep `kept`."""
    return [
        own + int(_SPARE * (length - has) * min(4.0, own / max(1, has))) + 1
        if index and has < length
        else own
        for index, (own, has, length) in enumerate(
            zip(asked, kept, lengths_of(config), strict=True)
        )
    ]


def chosen_rows(
    source: Source, first: int, asked: int, kept: np.ndarray
) -> Iterator[Sentence | Reject]:
    """The rows of a range that are `kept`, drawn again."""
    end = int(kept.nonzero()[0][-1]) + 1 if kept.any() else 0
    for is_kept, row in zip(kept[:end], source.rows(first, asked), strict=False):
        if is_kept and isinstance(row, Sentence):
            yield from repeated(row, source.config.repetitions, source.plan)
        elif is_kept:
            yield row
