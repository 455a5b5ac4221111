"""Voices of a build: speakers of the acoustic model, mixes of two, and generated ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from models.checkpoint import Checkpoint
from models.errors import ConfigError
from models.speakers.mixing import check_voice_names, checkpoint_with_voices
from models.speakers.names import MOST_GENERATED, canonical_name, generated_name, parse_mix
from pipeline.distributions import Distribution, within
from pipeline.randomness import rng_for

# Among the weights: every generated voice, and every speaker of the acoustic model.
ALL_GENERATED, ALL_KNOWN = "generated", "all"


@dataclass(frozen=True, slots=True)
class GeneratedVoices:
    """New voices, `generated-000` and on, drawn from what the acoustic model's speakers share.

    At `spread` 1 they differ from the average as much as those do, below it less. A voice
    depends on the acoustic model, the build's seed, `spread` and its number alone. `vocal_tract`
    (a factor of its length) and `pitch_semitones` are drawn once a voice, and keep to it: they
    come on top of what is drawn for an utterance.
    """

    count: int
    spread: float = 1.0
    vocal_tract: Distribution = Distribution(value=1.0)
    pitch_semitones: Distribution = Distribution(value=0.0)

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_GENERATED:
            raise ValueError(f"count: from 1 to {MOST_GENERATED}, found {self.count}")
        if not 0 < self.spread <= 2:
            raise ValueError(f"spread: above 0, at most 2, found {self.spread}")
        within(self.vocal_tract, 0.8, 1.25, "vocal_tract")
        within(self.pitch_semitones, -12.0, 12.0, "pitch_semitones")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(generated_name(number) for number in range(self.count))


class Body(NamedTuple):
    """What a generated voice has of its own beside its timbre: vocal tract length and pitch."""

    vocal_tract: float = 1.0
    pitch_semitones: float = 0.0


def body_of(speaker: str, generated: GeneratedVoices | None, seed: int) -> Body:
    """That of a generated speaker, for a mix between those of its two; for all others it is part of
    the acoustic model.
    """
    if mix := parse_mix(speaker):
        first, second = (body_of(one, generated, seed) for one in (mix.first, mix.second))
        return Body(
            first.vocal_tract ** (1 - mix.share) * second.vocal_tract**mix.share,
            first.pitch_semitones * (1 - mix.share) + second.pitch_semitones * mix.share,
        )
    if generated is None or speaker not in generated.names:
        return Body()
    rng = rng_for(seed, "voices", speaker)
    return Body(generated.vocal_tract.draw(rng), generated.pitch_semitones.draw(rng))


def chosen_voices(
    weights: Mapping[str, float],
    generated: GeneratedVoices | None,
    known: tuple[str, ...],
    owner: str,
    usual: tuple[str, ...] = (),
) -> dict[str, float]:
    """The voices of a build by the names that rows give them, each with its weight above 0.

    Without `weights` they are the `usual` speakers of the acoustic model `owner` (all that it
    has, `known`, where none are named) and all generated ones, equally. Raises `ConfigError`
    naming what is unknown or said twice.
    """
    extra = generated.names if generated else ()
    if not weights:
        return dict.fromkeys((*(usual or known), *extra), 1.0)
    voices: dict[str, float] = {}
    groups = {ALL_GENERATED: extra, ALL_KNOWN: known}
    with _naming_the_key():
        for written, weight in weights.items():
            for name in groups.get(written) or (canonical_name(written),):
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
