"""The sentences of a build, numbered and cut into shards."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from pipeline.records import Reject, Sentence


def numbered(rows: Iterable[Sentence | Reject]) -> Iterator[Sentence | Reject]:
    """Every sentence with its place in the build, or in its split, whatever the shards are."""
    numbers = Counter[str]()
    for row in rows:
        if isinstance(row, Sentence):
            yield replace(row, number=numbers[row.split])
            numbers[row.split] += 1
        else:
            yield row


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
