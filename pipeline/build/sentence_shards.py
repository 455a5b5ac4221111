"""The sentences of a build, numbered and cut into shards: in one pass, or by ranges of many."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from models.errors import DataError
from pipeline.build.config import split_plan_of
from pipeline.build.inputs import EXISTING
from pipeline.build.job import SENTENCES, Job
from pipeline.build.making import while_unchanged
from pipeline.dataset.existing_sentences import existing_sentences_of
from pipeline.records import Reject, Sentence
from pipeline.sentences import ranges
from pipeline.sentences.drawing.existing_sentences import ExistingSentences
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.storage.shards import is_intact, read_table, shard_path, write_shard, write_table

SENTENCE_FILES = ("sentences", EXISTING)  # what sentences are made of
_DRAWN, _KEPT = "drawn", "kept"  # folders for ranges
_BY_SPLIT = [f"rows_{name}" for name in ranges.SPLIT_NAMES]

# Runs a function of this package on a job and each of the pieces, here or on workers, and returns
# what it returned, in their order.
Spread = Callable[[Callable[[Job, Any], Any], Job, Sequence[Any]], list[Any]]


def in_turn(make: Callable[[Job, Any], Any], job: Job, pieces: Sequence[Any]) -> list[Any]:
    """Here, one piece after the other."""
    return [make(job, piece) for piece in pieces]


def is_by_ranges(sentences: SentencesConfig) -> bool:
    """Whether they are more than one pass draws."""
    return len(ranges.starts_of(sentences)) > 1


def make_sentences(job: Job, paths: Sequence[Path], spread: Spread) -> None:
    """Write the shards of sentences at `paths`, with the work on ranges spread over workers."""
    if is_by_ranges(job.config.sentences):
        _make_by_ranges(job, spread)
        return

    def make(check: Callable[[], None]) -> None:
        source = _source(job)
        rows = numbered(generate(source.config, source.seed, source.plan, source.existing))
        for path, shard in zip(paths, cut(rows, job.config.runtime.shard_size), strict=True):
            check()
            write_shard(path, shard, Sentence)

    while_unchanged(job, SENTENCE_FILES, make)


@dataclass(frozen=True)
class RangePiece:
    """A range to be drawn or written: its number, how many sentences every range is `asked` for,
    and how many rows of each split come `before` it, once that is known.
    """

    index: int
    asked: tuple[int, ...]
    before: Mapping[str, int]

    def drawn(self, job: Job) -> Path:
        key = f"{job.keys[SENTENCES]}-{self.asked[self.index]}"
        return shard_path(job.work_dir, _DRAWN, key, self.index)

    def kept(self, job: Job) -> Path:
        key = f"{job.keys[SENTENCES]} {self.asked}"
        digest = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
        return shard_path(job.work_dir, _KEPT, digest, self.index)


def _make_by_ranges(job: Job, spread: Spread) -> None:
    asked = tuple(ranges.lengths_of(job.config.sentences))
    while True:
        pieces = [RangePiece(index, asked, {}) for index in range(len(asked))]
        spread(draw_range, job, pieces)
        chosen, kept = choose_rows(job, pieces)
        again = tuple(ranges.asked_next(job.config.sentences, asked, kept))
        if again == asked:
            break
        asked = again
    spread(write_range, job, chosen)
    for name in (_DRAWN, _KEPT):
        shutil.rmtree(job.work_dir / name)


def draw_range(job: Job, piece: RangePiece) -> None:
    """Draw the sentences of a range, of which digests alone are kept."""
    path = piece.drawn(job)

    def make(check: Callable[[], None]) -> None:
        first = ranges.starts_of(job.config.sentences)[piece.index]
        drawn = ranges.draw(_source(job), first, piece.asked[piece.index])
        columns = {"found": drawn.found, "said": drawn.said} | dict(
            zip(_BY_SPLIT, drawn.rows_by_split.T, strict=True)
        )
        check()
        write_table(path, pa.table({name: pa.array(of) for name, of in columns.items()}), _DRAWN)

    if not is_intact(path):
        while_unchanged(job, SENTENCE_FILES, make)


def choose_rows(job: Job, pieces: Sequence[RangePiece]) -> tuple[list[RangePiece], list[int]]:
    """Which of the drawn rows each range keeps, in their order; returns the pieces, with what comes
    before them, and how many sentences each keeps. Raises `DataError` where there are not enough.
    """
    choice, lengths = ranges.Choice(_source(job)), ranges.lengths_of(job.config.sentences)
    before, chosen, numbers = Counter[str](), list[RangePiece](), list[int]()
    for piece, length in zip(pieces, lengths, strict=True):
        drawn = _read_drawn(piece.drawn(job))
        kept = choice.of(drawn, piece.index)
        write_table(piece.kept(job), pa.table({"kept": pa.array(kept)}), _KEPT)
        chosen.append(replace(piece, before=dict(before)))
        by_split = drawn.rows_by_split[kept].sum(axis=0).tolist()
        before.update(dict(zip(ranges.SPLIT_NAMES, by_split, strict=True)))
        numbers.append(int(drawn.is_sentence[kept].sum()))
        num_drawn = int(drawn.is_sentence.sum())
        if piece.index and numbers[-1] < length and num_drawn < piece.asked[piece.index]:
            raise _too_few(job, length - numbers[-1])
    return chosen, numbers


def _too_few(job: Job, lacking: int) -> DataError:
    sentences = job.config.sentences
    return DataError(
        f"{sentences.domain}: {sentences.count:,} sentences asked for, but a range of "
        f"{ranges.RANGE_SENTENCES:,} lacks {lacking:,} that are new; lower sentences.count"
    )


def write_range(job: Job, piece: RangePiece) -> None:
    """Write the shards whose first row lies in the range; the last ends in those after it."""
    size, lengths = job.config.runtime.shard_size, ranges.rows_in(job.config.sentences)
    begin = sum(lengths[: piece.index])
    first, end = -(-begin // size), -(-(begin + lengths[piece.index]) // size)
    paths = [job.shard(SENTENCES, index) for index in range(first, end)]

    def make(check: Callable[[], None]) -> None:
        source = _source(job)
        later = (replace(piece, index=index) for index in range(piece.index, len(lengths)))
        rows = chain.from_iterable(_rows_of(job, source, one) for one in later)
        wanted = _after(numbered(rows, piece.before), first * size - begin)
        for path, shard in zip(paths, cut(wanted, size), strict=False):
            check()
            write_shard(path, shard, Sentence)

    if not all(is_intact(path) for path in paths):
        while_unchanged(job, SENTENCE_FILES, make)


def _rows_of(job: Job, source: ranges.Source, piece: RangePiece) -> Iterator[Sentence | Reject]:
    kept = read_table(piece.kept(job), _KEPT, None)["kept"].to_numpy()
    first = ranges.starts_of(source.config)[piece.index]
    return ranges.chosen_rows(source, first, piece.asked[piece.index], kept)


def _read_drawn(path: Path) -> ranges.Drawn:
    table = read_table(path, _DRAWN, None)
    by_split = np.stack([table[name].to_numpy() for name in _BY_SPLIT], axis=1)
    return ranges.Drawn(table["found"].to_numpy(), table["said"].to_numpy(), by_split)


def _source(job: Job) -> ranges.Source:
    existing = existing_sentences_of(job.extends) if job.extends else ExistingSentences()
    return ranges.Source(job.config.sentences, job.config.seed, split_plan_of(job.config), existing)


def numbered(
    rows: Iterable[Sentence | Reject], before: Mapping[str, int] | None = None
) -> Iterator[Sentence | Reject]:
    """Every sentence with its place in the build, or in its split, whatever the shards are; so many
    of each split come `before` the first.
    """
    numbers = Counter[str](before)
    for row in rows:
        if isinstance(row, Sentence):
            yield replace(row, number=numbers[row.split])
            numbers[row.split] += 1
        else:
            yield row


def _after(rows: Iterable[Sentence | Reject], count: int) -> Iterator[Sentence | Reject]:
    """The rows after the first `count` sentences."""
    for row in rows:
        if not count:
            yield row
        count -= count > 0 and isinstance(row, Sentence)


def cut(rows: Iterable[Sentence | Reject], shard_size: int) -> Iterator[list[Sentence | Reject]]:
    """Shards of `shard_size` sentences; what was rejected lies with the sentence after it."""
    shard: list[Sentence | Reject] = []
    num_sentences = 0
    for row in rows:
        shard.append(row)
        num_sentences += isinstance(row, Sentence)
        if num_sentences == shard_size:
            yield shard
            shard, num_sentences = [], 0
    if shard:
        yield shard
