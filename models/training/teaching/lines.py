"""A teacher's texts: phonetically rich sentences, and what datasets need and corpora lack.

Written texts by kind, drawn from a seed. A voice has its own order of each; of sentences, every
third is one that all voices say.
"""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from models.training.teaching.drawn_lines import COMMANDS, DRAWN, Sources

SHARES = {
    "reading": 0.28,  # of books and prompts
    "domain": 0.17,
    "question": 0.05,
    "word": 0.25,
    "digit": 0.04,
    "digits": 0.07,
    "spelling": 0.04,
    "command": 0.04,
    "name": 0.02,
    "time": 0.02,
    "sum": 0.02,
}
_SHARED_EVERY = 3
_SHARED = 0.3  # of a pool of sentences
_LONGEST_CHARACTERS = 165  # some 12 s


def texts_of_voices(
    sources: Sources, voices: Sequence[str], seed: int, most: int = 400
) -> dict[str, dict[str, list[str]]]:
    """Up to `most` distinct written texts of each kind for each voice, in rendering order."""
    pools = _pools(sources, np.random.default_rng([seed, 0]))
    texts = {}
    for number, voice in enumerate(voices):
        rng = np.random.default_rng([seed, 1, *voice.encode()])
        own = {kind: _deal(pool, number / len(voices)) for kind, pool in pools.items()}
        own |= {kind: _distinct(draw(rng, sources), most // 4) for kind, draw in DRAWN.items()}
        own["word"] = weighted_words(sources.words, most, rng)
        texts[voice] = {kind: found[:most] for kind, found in own.items()}
    return texts


def cut_to_length(text: str, most: int = _LONGEST_CHARACTERS) -> str | None:
    """The text, or its beginning up to a mark; None where only a phrase could be cut."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    end = max(text.rfind(mark, 0, most) for mark in ".;:,")
    return text[:end] + "." if end >= most // 3 else None


def weighted_words(words: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """`count` distinct words, drawn by frequency: weights fall with the rank (Gumbel's trick)."""
    rank = np.arange(len(words))
    keys = rng.gumbel(size=len(words)) - np.log(rank + 100.0)
    chosen = np.argsort(-keys)[:count]
    marks = rng.random(len(chosen))
    return [
        words[index].capitalize() + ("?" if mark < 0.08 else ".")
        for index, mark in zip(chosen, marks, strict=True)
    ]


def _pools(sources: Sources, rng: np.random.Generator) -> dict[str, list[str]]:
    """The lines that several voices speak, shuffled."""
    short = [text for text in sources.domain if len(text.split()) <= 5 and text[-1:] != "?"]
    questions = [text for text in sources.domain if text[-1:] == "?"]
    rest = [text for text in sources.domain if text not in {*short, *questions}]
    read = [cut for text in sources.reading if (cut := cut_to_length(text))]
    asked = [text for text in read if text[-1:] == "?"]
    pools = {"reading": read, "domain": rest, "question": questions + asked}
    pools["command"] = [text for pair in zip(short, itertools.cycle(COMMANDS)) for text in pair]
    return {
        kind: [pool[index] for index in rng.permutation(len(pool))]
        for kind, pool in ((kind, list(dict.fromkeys(pool))) for kind, pool in pools.items())
    }


def _deal(pool: Sequence[str], where: float) -> list[str]:
    """Every third text is from the part that all share; the others begin elsewhere in the pool."""
    shared, own = pool[: int(len(pool) * _SHARED)], pool[int(len(pool) * _SHARED) :]
    start = int(len(own) * where)
    remaining = iter([*own[start:], *own[:start]])
    mixed = []
    for text in shared:
        mixed += [*itertools.islice(remaining, _SHARED_EVERY - 1), text]
    return [*mixed, *remaining]


def _distinct(texts: Iterator[str], most: int) -> list[str]:
    """The first `most` distinct ones; ends when nothing new has come for a while."""
    found: dict[str, None] = {}
    for text in itertools.islice(texts, 4 * most):
        found.setdefault(text)
        if len(found) == most:
            break
    return list(found)
