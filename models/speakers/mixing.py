"""Mixed and generated speakers: interpolated vectors, and vectors drawn around the average.

A model that can have them names in `per_speaker` the entries of its state with a row a speaker.
All rows of a speaker together are a point, and new voices are new points. S speakers, F numbers
a point.
"""

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.errors import CheckpointError, ConfigError
from models.speakers.names import generated_name, number_of, parents_of, parse_mix

_FEWEST_TO_FIT = 3

# By the name of an entry of the state. `positive` rows are standard deviations and the like, which
# are mixed by their logarithm; of a `direction` the length says nothing and is not mixed.
PerSpeaker = Mapping[str, Literal["any", "positive", "direction"]]


@dataclass(frozen=True, slots=True)
class SpeakerDistribution:
    """A Gaussian fitted to the points of known speakers.

    Speaker generation (arXiv 2111.05095) learns a prior over embeddings from hundreds of
    speakers. With a handful, the covariance is that of the sample, not shrunk towards
    independent numbers: those would be new too, but in ways that nobody hears.
    """

    mean: np.ndarray  # (F,)
    deviations: np.ndarray  # (S, F) of the speakers from the mean

    @classmethod
    def fit(cls, points: np.ndarray) -> "SpeakerDistribution":
        """Of points (S, F), at least two."""
        mean = points.mean(axis=0)
        return cls(mean, points - mean)

    def sample(self, rng: np.random.Generator, spread: float = 1.0) -> np.ndarray:
        """A new point (F,); at `spread` 1 it lies as far from the mean as speakers do."""
        count = len(self.deviations)
        # A Gaussian mix of deviations has their covariance.
        drawn: np.ndarray = rng.standard_normal(count) @ self.deviations / np.sqrt(count - 1)
        return self.mean + spread * drawn


def with_voices(model: Any, voices: Sequence[str], seed: int = 0, spread: float = 1.0) -> Any:
    """`model` itself if it has all `voices`, else a copy with new ids for the others.

    Voices are canonical names: known speakers, mixes, generated ones. A generated voice depends
    on the model, `seed`, `spread` and its number alone. Raises `ConfigError` for a voice that
    cannot be made and `CheckpointError` for a model that holds no rows by speaker.
    """
    known = model.speakers
    new = [voice for voice in voices if voice not in known]
    if not new:
        return model
    points = _points(model)
    made = np.stack([_point(voice, known, points, seed, spread) for voice in new])
    return _extended(model, new, _rows(model, made))


def checkpoint_with_voices(
    checkpoint: Checkpoint, voices: Sequence[str], seed: int = 0, spread: float = 1.0
) -> Checkpoint:
    """`with_voices` for a loaded checkpoint; its name and digest stay."""
    if set(voices) <= set(checkpoint.speakers):  # a single voice may have no name in the model
        return checkpoint
    model = _with_voices(checkpoint.model, tuple(voices), seed, spread)
    info = dataclasses.replace(checkpoint.info, speakers=model.speakers)
    return dataclasses.replace(checkpoint, model=model, info=info)


@functools.lru_cache(maxsize=2)  # all shards of a build ask for the same
def _with_voices(model: Any, voices: tuple[str, ...], seed: int, spread: float) -> Any:
    return with_voices(model, voices, seed, spread)


def with_average_speakers(model: Any, names: Sequence[str], rows: Mapping[str, Tensor]) -> Any:
    """A copy with more speakers: average in everything but what `rows` (len(names), ...) say."""
    average = np.stack([_points(model).mean(axis=0)] * len(names))
    return _extended(model, names, _rows(model, average) | dict(rows))


def check_voice_names(
    voices: Iterable[str], known: Sequence[str], owner: str, num_generated: int
) -> None:
    """Raise `ConfigError` naming the part of a voice that is neither among the `known` speakers
    of the model `owner` nor one of `num_generated` generated ones.
    """
    allowed = {*known, *map(generated_name, range(num_generated))}
    for voice in voices:
        for part in parents_of(voice):
            if part not in allowed:
                where = f"{voice}: {part}" if part != voice else voice
                more = f" and {num_generated} generated ones" if num_generated else ""
                raise ConfigError(
                    f"{where}: {owner} does not know this speaker; it has {', '.join(known)}{more}"
                )


def speaker_rows(model: Any) -> dict[str, Tensor]:
    """The entries of the state that have a row a speaker, each (S, ...).

    Raises `CheckpointError` for a model that has none.
    """
    state = model.state_dict()
    rows = {name: state[name] for name in getattr(model, "per_speaker", ()) if name in state}
    if not rows:
        raise CheckpointError(
            f"{type(model).__name__}: keeps nothing by speaker, so it has no voices but its own"
        )
    return rows


def with_speakers(model: Any, names: Sequence[str], rows: Mapping[str, Tensor]) -> Any:
    """A copy of the model whose speakers are `names`, with their `rows` (len(names), ...)."""
    copy = type(model)(model.config, model.mel, model.symbols, tuple(names))
    copy.load_state_dict(model.state_dict() | dict(rows))
    return copy.to(next(model.parameters()).device).train(model.training)


def _extended(model: Any, names: Sequence[str], rows: Mapping[str, Tensor]) -> Any:
    """A copy with the speakers `names` after its own."""
    whole = {name: torch.cat([known, rows[name]]) for name, known in speaker_rows(model).items()}
    return with_speakers(model, (*model.speakers, *names), whole)


def _point(
    voice: str, known: Sequence[str], points: np.ndarray, seed: int, spread: float
) -> np.ndarray:
    """The point (F,) of a known, mixed or generated voice."""
    if voice in known:
        return points[known.index(voice)]
    if mix := parse_mix(voice):
        first, second = (_point(p, known, points, seed, spread) for p in (mix.first, mix.second))
        return (1 - mix.share) * first + mix.share * second
    number = number_of(voice)
    if number is None:
        raise ConfigError(f"{voice}: no such speaker; there are {', '.join(known)}")
    if len(points) < _FEWEST_TO_FIT:
        raise ConfigError(
            f"{voice}: {len(points)} speakers are too few to draw new ones from; "
            f"{_FEWEST_TO_FIT} are needed"
        )
    return SpeakerDistribution.fit(points).sample(np.random.default_rng([seed, number]), spread)


def _points(model: Any) -> np.ndarray:
    """All rows of each speaker in a line (S, F), positive ones by their logarithm, directions of
    length 1.
    """
    return np.concatenate(
        [
            _unbounded(rows, model.per_speaker[name]).cpu().numpy()
            for name, rows in speaker_rows(model).items()
        ],
        axis=1,
    )


def _unbounded(rows: Tensor, kind: str) -> Tensor:
    """(S, ...) to (S, numbers)."""
    values = rows.double().view(len(rows), -1)
    if kind == "direction":
        return torch.nn.functional.normalize(values, dim=1)
    return values.log() if kind == "positive" else values


def _rows(model: Any, points: np.ndarray) -> dict[str, Tensor]:
    """What `_points` did, undone but for lengths: points (K, F) to rows (K, ...) by name."""
    rows, first = {}, 0
    for name, known in speaker_rows(model).items():
        size = known[0].numel()
        values = torch.from_numpy(points[:, first : first + size])
        if model.per_speaker[name] == "positive":
            values = values.exp()
        rows[name] = values.reshape(len(points), *known.shape[1:]).to(known)
        first += size
    return rows
