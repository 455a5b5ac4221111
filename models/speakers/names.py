"""How voices are named that no model learned: `mix(anna,ben,0.40)`, `generated-007`."""

import re
from dataclasses import dataclass

from models.errors import ConfigError

_MIX = re.compile(r"mix\(([^(),]+),([^(),]+),([^(),]+)\)")
_GENERATED = re.compile(r"generated-(\d{3,})")
MOST_GENERATED = 1000


@dataclass(frozen=True, slots=True)
class Mix:
    """A voice between two: `share` is how much of it is the second."""

    first: str
    second: str
    share: float

    def __str__(self) -> str:
        share = f"{self.share:.2f}" if round(self.share, 2) == self.share else f"{self.share:g}"
        return f"mix({self.first},{self.second},{share})"


def parse_mix(name: str) -> Mix | None:
    """`mix(a, b, 0.4)` taken apart; None for any other name. Raises `ConfigError`."""
    if not name.startswith("mix("):
        return None
    found = _MIX.fullmatch(name)
    try:
        mix = Mix(found[1].strip(), found[2].strip(), float(found[3])) if found else None
    except ValueError:
        mix = None
    if mix is None or not 0 < mix.share < 1 or mix.first == mix.second:
        raise ConfigError(
            f"{name}: expected mix(a, b, share): two speakers, and the share of the second "
            "between 0 and 1"
        )
    return mix


def is_speakers_name(name: str) -> bool:
    """Whether a speaker can be asked for by it, alone and in a mix."""
    return bool(name) and name == name.strip() and not set(name) & set("(),")


def canonical_name(name: str) -> str:
    """How rows name a voice: a mix without spaces and with its share as in `0.40`."""
    return str(parse_mix(name) or name)


def parents_of(name: str) -> tuple[str, ...]:
    """The speakers whose rows a voice was made of: two for a mix, else the voice itself."""
    mix = parse_mix(name)
    return (mix.first, mix.second) if mix else (name,)


def generated_name(number: int) -> str:
    """`generated-007`"""
    return f"generated-{number:03d}"


def number_of(name: str) -> int | None:
    """The number in a generated voice's name; None for any other name."""
    found = _GENERATED.fullmatch(name)
    return int(found[1]) if found else None
