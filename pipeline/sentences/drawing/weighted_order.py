"""All combinations of a template's slots, each once, in an order in which draws by weight would
find them, without drawing for long what was drawn before.

When a combination is first drawn is an exponential number divided by its weight (Efraimidis and
Spirakis 2006). Few combinations are sorted by it. Many are never listed: they are gone through in a
random order, in a first pass for those that come earliest, in the next ones for later ones.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from math import prod

import numpy as np

from pipeline.domain.slots.vocabulary import Vocabulary
from pipeline.sentences.drawing.permutation import Permutation

# Logarithms of the weights of the values at these indices.
LogWeights = Callable[[Vocabulary, np.ndarray], np.ndarray]
_AT_ONCE = 1 << 14
_SHARES = tuple(2.0**-halved for halved in range(8, 0, -1))  # of all, by the end of each pass


def by_weight(
    vocabularies: Sequence[Vocabulary], log_weights: LogWeights, rng: np.random.Generator
) -> Iterator[tuple[int, ...]]:
    """An index into each vocabulary, for every combination; at most `permutation.MAX_SIZE`."""
    sizes = [len(vocabulary) for vocabulary in vocabularies] or [1]
    total = prod(sizes)
    order, seed = Permutation(total, rng), int(rng.integers(1 << 62))

    def block(start: int) -> tuple[np.ndarray, np.ndarray]:
        """(C, slots) indices of C combinations, and when they come (C,), as a logarithm."""
        columns = np.unravel_index(order.at(start, _AT_ONCE), sizes)
        times = np.random.default_rng([seed, start]).exponential(size=len(columns[0]))
        logs = np.log(times)
        for vocabulary, column in zip(vocabularies, columns, strict=False):
            logs -= log_weights(vocabulary, column)
        return np.stack(columns, axis=1), logs

    shares = _SHARES if total > _AT_ONCE else ()
    edges = [-np.inf, *np.quantile(block(0)[1], shares), np.inf]
    for low, high in itertools.pairwise(edges):
        for start in range(0, total, _AT_ONCE):
            indices, logs = block(start)
            now = np.flatnonzero((logs >= low) & (logs < high))
            for row in indices[now[np.argsort(logs[now])]].tolist():
                yield tuple(row[: len(vocabularies)])
