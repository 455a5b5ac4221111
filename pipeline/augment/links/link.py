"""The base class of links: a config that draws, and a pure function that applies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from models.errors import DataError
from pipeline.augment.links.signal import Signal
from pipeline.augment.sounds.library import SoundLibrary
from pipeline.distributions import Choice, Distribution

Drawn = dict[str, Any]  # plain JSON values by parameter; enough to apply the link again
LicenceKind = Literal["noise", "room", "none"]


class AuditShape(NamedTuple):
    """What an audit does with a link's parameters: it compares each with the labels, but those
    named here. `recordings` names the recordings it uses, `starts_s` where in them it begins
    (tested for repeats); `skipped` say nothing of the clip, as a seed does.
    """

    recordings: str = ""
    starts_s: str = ""
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class SoundPool:
    """The sounds that a clip may draw, at its sample rate.

    `libraries` by folder as the config names it; `parts` are those of its sounds that the
    clip's split may use, and the same as `libraries` where splits share. `stretch` is the part
    of a recording, as shares of its length, that the split may use where there is but one.
    """

    sample_rate: int
    libraries: Mapping[str, SoundLibrary]
    parts: Mapping[str, SoundLibrary]
    stretch: tuple[float, float] = (0.0, 1.0)

    def wave(self, source: str) -> np.ndarray:
        """The sound called `source`, (S,), from whichever library has it.

        Raises `DataError` when none has.
        """
        return self.library_of(source).wave(source)

    def part(self, name: str) -> SoundLibrary:
        """The sounds of the library `name` that the clip's split may use.

        Raises `DataError` for what only a build has: its babble and its own speech.
        """
        if name not in self.parts:
            raise DataError(f"augment: {name} is at hand in a build alone, not here")
        return self.parts[name]

    def without(self, source: str) -> "SoundPool":
        """The pool of a clip that is itself the sound called `source`, and must not draw it."""
        parts = {name: part.without(source) for name, part in self.parts.items()}
        return replace(self, parts=parts)

    def library_of(self, source: str) -> SoundLibrary:
        """The library that has the sound called `source`."""
        for library in self.libraries.values():
            if source in library.by_source:
                return library
        folders = ", ".join(self.libraries) or "none is given"
        raise DataError(f"no folder of sounds holds {source}; looked in: {folders}")


@dataclass(frozen=True, kw_only=True)
class Link:
    """A link of the chain, applied to the share `probability` of the clips.

    A subclass is one kind: `link` is its name, its other fields are distributions of its
    parameters, and `apply` is a static function
    `(signal, pool, **drawn) -> Signal`, the same for the same arguments. It declares, as keywords
    of the class, under which kind the licence summary lists its recordings (`none`: it has none)
    and its audit shape; without them the class is refused (`TypeError`).
    """

    NEEDS_SPEECH: ClassVar[bool] = False  # whether it looks at the level of the speech alone
    licence: ClassVar[LicenceKind]
    audit: ClassVar[AuditShape]
    apply: ClassVar[Callable[..., Signal]]

    probability: float = 1.0

    def __init_subclass__(cls, *, licence: LicenceKind, audit: AuditShape) -> None:
        super().__init_subclass__()
        cls.licence, cls.audit = licence, audit

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"probability: {self.probability} is not within 0 and 1")

    def folders(self) -> dict[str, Path]:
        """The folders of sounds that it draws from, by name in `SoundPool`."""
        return {}

    def libraries(self) -> tuple[str, ...]:
        """The names in `SoundPool` of all that it draws from, folders or not."""
        return tuple(self.folders())

    def draw(self, rng: np.random.Generator, pool: SoundPool, num_samples: int) -> Drawn:
        """Its parameters for a clean clip of `num_samples`; always takes as many numbers."""
        return {
            field.name: value.draw(rng)
            for field in fields(self)
            if isinstance(value := getattr(self, field.name), (Distribution, Choice))
        }


def draw_seed(rng: np.random.Generator) -> int:
    """A seed for what a link makes up sample by sample; exact in JSON."""
    return int(rng.random() * 2**53)
