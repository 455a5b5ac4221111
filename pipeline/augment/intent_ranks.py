"""The rank of each sentence among those of its intent, over all shards of a build."""

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.augment.stratified import Rank
from pipeline.records import Sentence
from pipeline.storage.shards import read_shard, read_table


def ranks_of(shards: Sequence[Path], index: int) -> dict[str, Rank]:
    """Id -> rank among the rows of its intent, for the sentences of shard number `index` out of
    all the `shards` of stage 1; the same however the sentences are cut into shards."""
    seen = Counter(_intents_before(tuple(shards))[index])
    ranks = {}
    for sentence in read_shard(shards[index], Sentence).rows:
        ranks[sentence.id] = Rank(sentence.intent, seen[sentence.intent])
        seen[sentence.intent] += 1
    return ranks


@functools.lru_cache(maxsize=2)
def _intents_before(shards: tuple[Path, ...]) -> tuple[Mapping[str, int], ...]:
    """How many sentences of each intent lie in the shards before each; read once a process."""
    before, seen = [], Counter[str]()
    for shard in shards:
        before.append(seen.copy())
        table = read_table(shard, Sentence.__name__, ["intent", "reject"])
        kept = table.filter(table["reject"].is_null())
        seen.update(kept["intent"].to_pylist())
    return tuple(before)
