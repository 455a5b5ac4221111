"""What a teacher says: phonetically rich sentences, and what datasets need and corpora lack.

Written texts by kind, drawn from a seed. A voice has its own order of each; of sentences, every
third is one that all voices say.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

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
_DIGITS = "zero one two three four five six seven eight nine".split()
_NUMBERS = (
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty "
    "forty fifty sixty seventy eighty ninety hundred thousand million double triple first second "
    "third fourth fifth half quarter"
).split()
_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_COMMANDS = (
    "Yes. No. Stop. Go. Okay. Cancel. Next. Back. Help. Repeat. Pause. Play. Louder. Quieter. On. Off. "
    "Up. Down. Left. Right. Hello. Goodbye. Start. Begin. Continue. Skip. Mute. Open. Close. More. Less. "
    "Again. Wait. Now. Later. Never. Maybe. Sure. Thanks. Please. Finish. Confirm. Undo. Save. Delete."
).split() + [
    "Yes, please.", "No, thank you.", "Go back.", "Turn it up.", "Turn it down.", "Volume up.",
    "Volume down.", "Lights on.", "Lights off.", "Start over.", "Say that again.", "That's right.",
    "That's wrong.", "Go ahead.", "Hold on.", "Never mind.", "Good morning.", "Good night.",
    "Call home.", "Stop the music.", "Next song.", "Set an alarm.", "Take a picture.", "Not now.",
    "Wake up!", "Be quiet!", "Come here!", "What time is it?", "Who's there?", "Really?", "Why not?",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sources:
    """Texts from elsewhere: what is read, what a domain says, words by frequency, and names."""

    reading: Sequence[str]
    domain: Sequence[str]
    words: Sequence[str]  # the commonest first
    names: Sequence[str]  # `Anna Lopez`


def texts_of_voices(
    sources: Sources, voices: Sequence[str], seed: int, most: int = 400
) -> dict[str, dict[str, list[str]]]:
    """Up to `most` distinct written texts of each kind for each voice, in the order of saying."""
    pools = _pools(sources, np.random.default_rng([seed, 0]))
    texts = {}
    for number, voice in enumerate(voices):
        rng = np.random.default_rng([seed, 1, *voice.encode()])
        own = {kind: _deal(pool, number / len(voices)) for kind, pool in pools.items()}
        own |= {kind: _distinct(draw(rng, sources), most // 4) for kind, draw in _DRAWN.items()}
        own["word"] = weighted_words(sources.words, most, rng)
        texts[voice] = {kind: found[:most] for kind, found in own.items()}
    return texts


def cut_to_length(text: str, most: int = _LONGEST_CHARACTERS) -> str | None:
    """The text, or its beginning up to a mark; None where it would have to be cut within a phrase."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    end = max(text.rfind(mark, 0, most) for mark in ".;:,")
    return text[:end] + "." if end >= most // 3 else None


def weighted_words(words: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """`count` distinct words, common ones likelier: weights fall with the rank (Gumbel's trick)."""
    rank = np.arange(len(words))
    keys = rng.gumbel(size=len(words)) - np.log(rank + 100.0)
    chosen = np.argsort(-keys)[:count]
    marks = rng.random(len(chosen))
    return [
        words[place].capitalize() + ("?" if mark < 0.08 else ".")
        for place, mark in zip(chosen, marks, strict=True)
    ]


def _pools(sources: Sources, rng: np.random.Generator) -> dict[str, list[str]]:
    """What is said by several voices, shuffled."""
    short = [text for text in sources.domain if len(text.split()) <= 5 and text[-1:] != "?"]
    questions = [text for text in sources.domain if text[-1:] == "?"]
    rest = [text for text in sources.domain if text not in {*short, *questions}]
    read = [cut for text in sources.reading if (cut := cut_to_length(text))]
    asked = [text for text in read if text[-1:] == "?"]
    pools = {"reading": read, "domain": rest, "question": questions + asked}
    pools["command"] = [text for pair in zip(short, itertools.cycle(_COMMANDS)) for text in pair]
    return {
        kind: [pool[place] for place in rng.permutation(len(pool))]
        for kind, pool in ((kind, list(dict.fromkeys(pool))) for kind, pool in pools.items())
    }


def _deal(pool: Sequence[str], where: float) -> list[str]:
    """Every third text is from the part that all share; the others begin elsewhere in the pool."""
    shared, own = pool[: int(len(pool) * _SHARED)], pool[int(len(pool) * _SHARED) :]
    start = int(len(own) * where)
    turns = iter([*own[start:], *own[:start]])
    dealt = []
    for text in shared:
        dealt += [*itertools.islice(turns, _SHARED_EVERY - 1), text]
    return [*dealt, *turns]


def _distinct(texts: Iterator[str], most: int) -> list[str]:
    """The first `most` distinct ones; ends when nothing new has come for a while."""
    found: dict[str, None] = {}
    for text in itertools.islice(texts, 4 * most):
        found.setdefault(text)
        if len(found) == most:
            break
    return list(found)


def _digit(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    for names in ([*_DIGITS, "oh"], _NUMBERS):
        for place in rng.permutation(len(names)):
            yield names[place].capitalize() + "."


def _digits(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    """`Three nine oh two.`, some in groups with pauses between them."""
    while True:
        zero = "oh" if rng.random() < 0.5 else "zero"
        names = [zero, *_DIGITS[1:]]
        said = [names[digit] for digit in rng.integers(0, 10, size=int(rng.integers(2, 11)))]
        group = int(rng.integers(2, 5)) if rng.random() < 0.4 else len(said)
        groups = [" ".join(said[first : first + group]) for first in range(0, len(said), group)]
        yield ", ".join(groups).capitalize() + "."


def _spelling(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    """Letters alone, names and words letter by letter, and codes of letters and digits."""
    while True:
        sort = rng.random()
        if sort < 0.4:
            yield f"{rng.choice(list(_LETTERS))}."
        elif sort < 0.75:
            name = str(rng.choice(sources.names or ["Ada"])).split()[0].upper()
            if len(name) <= 8 and name.isalpha():
                yield " ".join(name) + "."
        else:
            marks = [*_LETTERS, *_DIGITS]
            yield " ".join(rng.choice(marks, size=int(rng.integers(2, 7)))) + "."


def _name(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    for place in rng.permutation(len(sources.names)):
        name = sources.names[place]
        yield (name if rng.random() < 0.6 else name.split()[0]) + "."


def _time(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    while True:
        hour, minute = int(rng.integers(1, 13)), int(rng.integers(0, 60))
        day, month = int(rng.integers(1, 29)), str(rng.choice(_MONTHS))
        part = str(rng.choice(["a.m.", "p.m.", "in the morning", "tonight"]))
        yield str(
            rng.choice([
                f"{hour}:{minute:02d}.", f"{hour}:{minute:02d} {part}", f"{hour} o'clock.",
                f"Half past {hour}.", f"Quarter to {hour}.", f"At {minute} past {hour}.",
                f"{month} {day}, {rng.integers(1950, 2035)}.", f"On the {_ordinal(day)} of {month}.",
                f"It's {hour}:{minute:02d}.", f"In {minute + 2} minutes.",
            ])
        )  # fmt: skip


def _sum(rng: np.random.Generator, sources: Sources) -> Iterator[str]:
    while True:
        one, two = (int(number) for number in rng.integers(2, 100, size=2))
        cents, large = int(rng.integers(1, 100)), int(rng.integers(100, 20_000))
        yield str(
            rng.choice([
                f"{one} plus {two} is {one + two}.", f"{one} times {two}.", f"${large}.",
                f"${one}.{cents:02d}.", f"{one}.{two % 10} percent.", f"What is {large} minus {two}?",
                f"{large}.", f"{one + two} minus {one} makes {two}.", f"That's {one} dollars and {cents} cents.",
                f"How much is {one} divided by {two}?",
            ])
        )  # fmt: skip


def _ordinal(day: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th") if day not in (11, 12, 13) else "th"
    return f"{day}{ending}"


_Draw = Callable[[np.random.Generator, Sources], Iterator[str]]
_DRAWN: Mapping[str, _Draw] = {
    "digit": _digit,
    "digits": _digits,
    "spelling": _spelling,
    "name": _name,
    "time": _time,
    "sum": _sum,
}
