"""Phone error rates by our recognizer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.checkpoint import Checkpoint, check_role, load_checkpoint
from models.mel import LogMel
from models.phonology.phonemes import phones_of
from models.recognition.edit_distance import edit_distance

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits and reference lengths, one a sentence (N,)."""

    edits: np.ndarray
    lengths: np.ndarray

    @property
    def rate(self) -> float:
        return float(self.edits.sum() / max(1, self.lengths.sum()))

    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of the rate: how far other sentences would move it."""
        rng = np.random.default_rng(0)
        picks = rng.integers(len(self.edits), size=(_RESAMPLES, len(self.edits)))
        rates = self.edits[picks].sum(axis=1) / np.maximum(1, self.lengths[picks].sum(axis=1))
        low, high = np.percentile(rates, [2.5, 97.5])
        return float(low), float(high)


class Listener:
    """Phone errors of waveforms, by a recognizer checkpoint."""

    def __init__(self, recognizer: str, device: str = "cpu") -> None:
        check_role(recognizer, "recognizer", "--recognizer")
        self.checkpoint: Checkpoint = load_checkpoint(recognizer, device)
        self._log_mel = LogMel(self.checkpoint.mel).to(device)
        self._device = device

    def phone_errors(self, waves: Sequence[np.ndarray], phonemes: Sequence[str]) -> Errors:
        """Of waves (S,) at the checkpoint's rate against phoneme strings."""
        counts = [
            self.phone_edits(self.log_mel(wave), line)
            for wave, line in zip(waves, phonemes, strict=True)
        ]
        return Errors(*np.array(counts).T)

    @torch.inference_mode()
    def log_mel(self, wave: np.ndarray) -> Tensor:
        """(S,) at the checkpoint's rate to (1, n_mels, T)."""
        samples = torch.from_numpy(np.ascontiguousarray(wave, dtype=np.float32))
        mel: Tensor = self._log_mel(samples[None].to(self._device))
        return mel

    @torch.inference_mode()
    def phone_edits(self, mel: Tensor, phonemes: str) -> tuple[int, int]:
        """Edits between the phones recognized in (1, n_mels, T) and the reference `phonemes`, and
        how many phones the reference has.
        """
        num_frames = torch.tensor([mel.shape[-1]], device=mel.device)
        hypothesis = self.checkpoint.model.transcribe(mel, num_frames)[0]
        reference = phones_of(phonemes)
        return edit_distance(hypothesis, reference), len(reference)
