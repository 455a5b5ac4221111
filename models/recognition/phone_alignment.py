"""Where the phones of a recording are: CTC forced alignment by the recognizer."""

import itertools

import numpy as np
import torch

from models.checkpoint import Checkpoint
from models.errors import DataError
from models.phonology.accents import nearest_phone
from models.phonology.phonemes import unstressed
from models.recognition.recognizer import STRIDE


def phone_centers(phones: list[str], mel: np.ndarray, recognizer: Checkpoint) -> list[int] | None:
    """The frame of `mel` (T, n_mels) in the middle of each phone's run in the best CTC path.

    A phone that the recognizer never learned is looked for as the nearest one that it did. None
    where the phones do not fit.
    """
    # Not `fastest_autocast`: alignments must not depend on which precision is faster here.
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        mels = torch.from_numpy(mel.T.copy())[None]
        log_probs, _ = recognizer.model(mels, torch.tensor([mels.shape[-1]]))
    return centers_in(log_probs, phones, len(mel), recognizer)


def centers_in(
    log_probs: torch.Tensor, phones: list[str], num_frames: int, recognizer: Checkpoint
) -> list[int] | None:
    """As `phone_centers`, from what the recognizer made (1, T', C) of `num_frames` mel frames."""
    from torchaudio.functional import forced_align

    index = {symbol: number for number, symbol in enumerate(recognizer.symbols)}
    targets = torch.tensor([[_label(phone, index, recognizer) for phone in phones]]).int()
    repeats = int((targets[0, 1:] == targets[0, :-1]).sum())
    if log_probs.shape[1] < len(phones) + repeats:
        return None
    path = forced_align(log_probs, targets, blank=0)[0][0].numpy()
    starts = np.flatnonzero((path != 0) & (path != np.concatenate([[0], path[:-1]])))
    stops = [start + _run(path[start:]) for start in starts]
    centers = [
        min(num_frames - 1, int(start + stop) * STRIDE // 2)
        for start, stop in zip(starts, stops, strict=True)
    ]
    increasing = all(a < b for a, b in itertools.pairwise(centers))
    return centers if increasing else None


def _label(phone: str, index: dict[str, int], recognizer: Checkpoint) -> int:
    known = nearest_phone(unstressed(phone), index)
    if known is None:
        raise DataError(f"phone {phone}: the recognizer {recognizer.name} never learned it")
    return index[known]


def _run(path: np.ndarray) -> int:
    """How many frames at the start of `path` carry the same label."""
    different = np.flatnonzero(path != path[0])
    return int(different[0]) if len(different) else len(path)
