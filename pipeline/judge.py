"""The judge: does a recognizer hear the phones that were meant?"""

from dataclasses import dataclass

import numpy as np
import torch

from models.accents import as_known
from models.checkpoint import checkpoint_digest, load_checkpoint, read_info
from models.edit_distance import edit_distance
from models.errors import CheckpointError
from models.mel import LogMel
from models.phonemes import phones_of


@dataclass(frozen=True, slots=True)
class JudgeConfig:
    """A clip whose phone error rate is above the limit is rejected; `recognizer: null` lets
    every clip pass unjudged.
    """

    recognizer: str | None = "recognizer"
    max_phone_error_rate: float = 0.7

    def __post_init__(self) -> None:
        if self.max_phone_error_rate <= 0:
            raise ValueError(f"max_phone_error_rate: above 0, found {self.max_phone_error_rate}")


def check_judge(config: JudgeConfig) -> None:
    """Raise `CheckpointError` unless the recognizer exists, is one and is intact."""
    if config.recognizer is None:
        return
    info = read_info(config.recognizer)
    if info.kind != "recognizer":
        raise CheckpointError(f"judge.recognizer: {config.recognizer} is a {info.kind}")
    checkpoint_digest(config.recognizer)


class Judge:
    """Phone error rates of waveforms. Loads its recognizer once."""

    def __init__(self, config: JudgeConfig, device: str = "cpu") -> None:
        self.config, self._device = config, device
        self._recognizer = load_checkpoint(config.recognizer, device) if config.recognizer else None
        if self._recognizer is not None:
            self._log_mel = LogMel(self._recognizer.mel).to(device)

    @property
    def digest(self) -> str:
        return self._recognizer.digest if self._recognizer else ""

    @torch.inference_mode()
    def phone_error_rate(self, wave: np.ndarray, sample_rate: int, phonemes: str) -> float | None:
        """Edits per meant phone of a waveform (S,) in [-1, 1]; None when nothing judges.

        Phones that the recognizer cannot write count as the nearest that it can.
        """
        if self._recognizer is None:
            return None
        mel_rate = self._recognizer.mel.sample_rate
        if sample_rate != mel_rate:
            import soxr

            wave = soxr.resample(wave, sample_rate, mel_rate)
        mel = self._log_mel(torch.from_numpy(np.ascontiguousarray(wave))[None].to(self._device))
        lengths = torch.tensor([mel.shape[-1]], device=self._device)
        said = self._recognizer.model.transcribe(mel, lengths)[0]
        meant = phones_of(as_known(phonemes, self._recognizer.symbols))
        return edit_distance(said, meant) / max(1, len(meant))
