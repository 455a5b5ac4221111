"""The plan of a taught corpus: voices by weight, kinds of lines by their share of time.

Wherever rendering stops, the voices' times are in proportion to their weights, and within a voice
the kinds' to their shares.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.phonology.first_languages import FIRST_LANGUAGES
from models.phonology.foreign_accents import Accent, parse_accent

_EDGES_S = 0.75  # of silence that surrounds a line, and how long a character takes
_CHARACTER_S = 0.062
_ACCENT_DRAW = 1  # sets its draws apart from the pace's
_STRENGTHS = (0.2, 0.9)  # of accents, as builds draw them


@dataclass(frozen=True, slots=True)
class Line:
    """A spoken text (numbers spelled out), and the text as it was written."""

    kind: str
    written: str
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """One clip to be made; everything drawn for it comes from `seed`."""

    id: str
    voice: str
    line: Line
    seed: int
    speed: float
    accent: str = ""  # a foreign one (`en-us+fr(0.52)`); without, English as the voice's natives


@dataclass(frozen=True, slots=True)
class PaceConfig:
    """Speeds are drawn evenly between the two."""

    slowest: float = 0.85
    fastest: float = 1.15

    def __post_init__(self) -> None:
        if not 0.5 <= self.slowest <= self.fastest <= 2.0:
            raise ValueError("slowest: 0.5 <= slowest <= fastest <= 2.0 must hold")


def plan(
    lines: Mapping[str, Mapping[str, Sequence[Line]]],
    voices: Mapping[str, float],
    shares: Mapping[str, float],
    seed: int,
    pace: PaceConfig = PaceConfig(),
) -> Iterator[Request]:
    """All lines of all voices (`lines[voice][kind]`), in the order in which they are synthesized.

    Ends when no voice has a line left. The time of an exhausted kind goes to the voice's other
    kinds.
    """
    queues = {voice: _Queue(lines[voice], shares) for voice in voices}
    while queues:
        voice = min(queues, key=lambda name: queues[name].spent_s / voices[name])
        line = queues[voice].next_line()
        if line is None:
            del queues[voice]
        else:
            yield _request(voice, line, seed, pace)


def every_request(
    lines: Sequence[Line],
    voices: Sequence[str],
    seed: int,
    pace: PaceConfig = PaceConfig(),
) -> Iterator[Request]:
    """Every line by every voice, a line after the other."""
    for line in lines:
        for voice in voices:
            yield _request(voice, line, seed, pace)


def with_accents(
    requests: Iterable[Request], accents: Mapping[str, str], share: float
) -> Iterator[Request]:
    """The requests, a `share` of them with a foreign accent whose strength is drawn.

    `accents` are the voices' own. A voice with a first language has the accent of that one; a
    native voice, or one whose language's sound changes are not known, that of any known one.
    """
    languages = sorted(FIRST_LANGUAGES)
    for request in requests:
        rng = np.random.default_rng([request.seed, _ACCENT_DRAW])
        drawn, language, strength = rng.random(), rng.choice(languages), rng.uniform(*_STRENGTHS)
        own = parse_accent(accents[request.voice])
        if own.first_language in FIRST_LANGUAGES:
            language = own.first_language
        accent = Accent(own.native, str(language), float(strength))
        yield replace(request, accent=accent.name) if drawn < share else request


class _Queue:
    """The lines a voice has left, and the time it has spent on every kind."""

    def __init__(self, lines: Mapping[str, Sequence[Line]], shares: Mapping[str, float]) -> None:
        self._left = {
            kind: iter(lines.get(kind, ())) for kind, share in shares.items() if share > 0
        }
        self._shares = shares
        self._spent_s = dict.fromkeys(self._left, 0.0)

    @property
    def spent_s(self) -> float:
        return sum(self._spent_s.values())

    def next_line(self) -> Line | None:
        while self._left:
            kind = min(self._left, key=lambda name: self._spent_s[name] / self._shares[name])
            line = next(self._left[kind], None)
            if line is not None:
                self._spent_s[kind] += _EDGES_S + _CHARACTER_S * len(line.text)
                return line
            del self._left[kind]
        return None


def _request(voice: str, line: Line, seed: int, pace: PaceConfig) -> Request:
    name = "\x1f".join((str(seed), voice, line.text)).encode()
    own_seed = int.from_bytes(hashlib.blake2b(name, digest_size=6).digest(), "little")
    speed = np.random.default_rng(own_seed).uniform(pace.slowest, pace.fastest)
    id = f"{voice}_{line.kind}_{own_seed:012x}"
    return Request(id=id, voice=voice, line=line, seed=own_seed, speed=round(float(speed), 3))
