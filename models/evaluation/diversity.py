"""Voice diversity: distances of speaker embeddings, and their effective number.

N vectors of D numbers, each of length 1, so that products are cosines.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from models.checkpoint import Checkpoint, check_role, load_checkpoint
from models.evaluation.judge import mel_of_wave, resampled
from models.evaluation.opinions import SAMPLE_RATE, load_resemblyzer

Embed = Callable[[np.ndarray, int], np.ndarray | None]  # a wave (S,) and its rate to (D,)

RESEMBLYZER = "resemblyzer"
_SHORTEST_S = 0.3  # less says too little about a voice


@dataclass(frozen=True, slots=True)
class Spread:
    """Of some clips: how far voices lie apart (mean cosine distance between speakers' average
    vectors, 0 to 2), how much one varies (mean distance of its clips from their average), and as
    how many wholly different voices, or clips, all of them count.
    """

    speakers: int
    clips: int
    between_speakers: float
    within_speakers: float
    effective_speakers: float
    effective_clips: float


def load_encoder(name: str) -> Embed:
    """A speaker encoder: a checkpoint by its name or folder, or `resemblyzer`, the package.

    Raises `CheckpointError` for a checkpoint of another kind, `DataError` where the package is
    not installed.
    """
    if name != RESEMBLYZER:
        check_role(name, "speaker encoder", "--encoder")
        return functools.partial(embed, encoder=load_checkpoint(name))
    vector_of = load_resemblyzer()

    def embed_by_package(wave: np.ndarray, sample_rate: int) -> np.ndarray | None:
        if len(wave) < _SHORTEST_S * sample_rate:
            return None
        return vector_of(resampled(wave, sample_rate, SAMPLE_RATE))

    return embed_by_package


@torch.inference_mode()
def embed(wave: np.ndarray, sample_rate: int, encoder: Checkpoint) -> np.ndarray | None:
    """The voice of a clip (S,) as a vector (D,); None for one that is too short."""
    if len(wave) < _SHORTEST_S * sample_rate:
        return None
    mel = mel_of_wave(wave, sample_rate, encoder.mel)
    vector: torch.Tensor = encoder.model(mel, torch.tensor([mel.shape[-1]]))[0]
    return vector.double().numpy()


def spread_of(vectors: np.ndarray, speakers: Sequence[str]) -> Spread:
    """The figures of `vectors` (N, D), each spoken by the one of `speakers` (N) in its place."""
    names = np.array(speakers)
    own = {name: vectors[names == name] for name in dict.fromkeys(speakers)}
    averages = np.stack([_unit(part.mean(axis=0)) for part in own.values()])
    between = 1 - averages @ averages.T
    within = [float(np.mean(1 - part @ _unit(part.mean(axis=0)))) for part in own.values()]
    count = len(averages)
    return Spread(
        speakers=count,
        clips=len(vectors),
        between_speakers=float(between.sum() / max(1, count * (count - 1))),
        within_speakers=float(np.mean(within)),
        effective_speakers=effective_number(averages),
        effective_clips=effective_number(vectors),
    )


def effective_number(vectors: np.ndarray) -> float:
    """As how many wholly different ones unit vectors (N, D) count: 1 to N.

    The Vendi score (arXiv 2210.02410, definition 3.1) with the cosine as similarity: e to the
    entropy of the eigenvalues of the similarities over N.
    """
    values = np.linalg.eigvalsh(vectors @ vectors.T / len(vectors))
    shares = values[values > 1e-12]
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)
