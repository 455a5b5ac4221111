"""Who speaks in a build: speakers of the acoustic model, mixes of two, and generated ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from models.checkpoint import Checkpoint
from models.errors import ConfigError
from models.speakers import (
    MOST_GENERATED,
    canonical_name,
    check_voice_names,
    checkpoint_with_voices,
    generated_name,
)

ALL_GENERATED = "generated"  # among the weights: every generated voice


@dataclass(frozen=True, slots=True)
class GeneratedVoices:
    """New voices, `generated-000` and on, drawn from what the acoustic model's speakers share.

    At `spread` 1 they differ from the average as much as those do, below it less. A voice
    depends on the acoustic model, the build's seed, `spread` and its number alone.
    """

    count: int
    spread: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_GENERATED:
            raise ValueError(f"count: from 1 to {MOST_GENERATED}, found {self.count}")
        if not 0 < self.spread <= 2:
            raise ValueError(f"spread: above 0, at most 2, found {self.spread}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(generated_name(number) for number in range(self.count))


def chosen_voices(
    weights: Mapping[str, float],
    generated: GeneratedVoices | None,
    known: tuple[str, ...],
    owner: str,
) -> dict[str, float]:
    """The voices of a build by the names that rows give them, each with its weight above 0.

    Without `weights` they are all speakers of the acoustic model `owner` (`known`) and all
    generated ones, equally. Raises `ConfigError` naming what is unknown or said twice.
    """
    extra = generated.names if generated else ()
    if not weights:
        return dict.fromkeys((*known, *extra), 1.0)
    voices: dict[str, float] = {}
    with _naming_the_key():
        for written, weight in weights.items():
            for name in extra if written == ALL_GENERATED else (canonical_name(written),):
                if name in voices:
                    raise ConfigError(f"{written}: {name} has a weight already")
                voices[name] = weight
        if ALL_GENERATED in weights and not extra:
            raise ConfigError(f"{ALL_GENERATED}: there are none; set voice.generated.count")
        check_voice_names(voices, known, owner, len(extra))
    return {name: weight for name, weight in voices.items() if weight > 0}


def with_chosen_voices(
    checkpoint: Checkpoint,
    voices: Mapping[str, float],
    generated: GeneratedVoices | None,
    seed: int,
) -> Checkpoint:
    """The acoustic model with ids for all `voices`; itself where it has them already."""
    spread = generated.spread if generated else 1.0
    with _naming_the_key():
        return checkpoint_with_voices(checkpoint, tuple(voices), seed, spread)


@contextmanager
def _naming_the_key() -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"voice.speakers: {error}") from None
