"""Small recognizers that judge a dataset: trained on it alone, heard on recordings of people.

One names a whole clip (a keyword or an intent), one writes its letters. Both are small enough for
minutes on a CPU core, and plain, so that what they know is what the dataset taught them.
B batch, T mel frames, T' = ceil(T / 2) output frames, C classes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from models.mel import LogMel, MelConfig
from models.precision import fastest_autocast
from models.recognition.recognizer import BLANK, STRIDE, Recognizer, RecognizerConfig, ctc_loss

ProbeKind = Literal["keyword", "ctc"]

LETTERS = (BLANK, " ", "'", *"abcdefghijklmnopqrstuvwxyz")
_FRAME_S, _WINDOW_S = 0.010, 0.025
_LOWEST_HZ, _HIGHEST_HZ = 60.0, 8000.0
_RANGE = 6.9  # nepers, 60 dB: what lies further below a clip's loudest band is nothing
_LEAST_FRAMES = 8
_KERNEL = 5


@dataclass(frozen=True, slots=True)
class ProbeConfig:
    """The size of a keyword probe."""

    dim: int = 64
    num_layers: int = 3
    dropout: float = 0.1


def probe_mel(sample_rate: int) -> MelConfig:
    """Log-mels for speech at any rate: a frame every 10 ms, up to 8 kHz where there is as much."""
    top = min(_HIGHEST_HZ, sample_rate / 2)
    window = round(_WINDOW_S * sample_rate)
    return MelConfig(
        sample_rate=sample_rate,
        n_fft=2 ** math.ceil(math.log2(window)),
        hop_length=round(_FRAME_S * sample_rate),
        win_length=window,
        n_mels=40 if top <= 4000 else 64,
        f_min=_LOWEST_HZ,
        f_max=top,
    )


def probe_features(wave: Tensor, log_mel: LogMel) -> Tensor:
    """A wave (S,) as log-mels (n_mels, T), each band around its own mean over the clip.

    Neither the level nor the colour of a microphone is left in them, nor what is too soft to hear.
    """
    least = max(_LEAST_FRAMES * log_mel.config.hop_length, log_mel.config.n_fft)
    wave = torch.nn.functional.pad(wave, (0, max(0, least - len(wave))))
    mel: Tensor = log_mel(wave[None])[0]
    mel = mel.clamp(min=float(mel.max()) - _RANGE)
    return mel - mel.mean(dim=1, keepdim=True)


class KeywordProbe(nn.Module):
    """Log-mels to one of `labels`: residual convolutions over time, then the mean over it."""

    def __init__(self, config: ProbeConfig, mel: MelConfig, labels: tuple[str, ...]) -> None:
        super().__init__()
        self.mel, self.labels = mel, labels
        self.embed = nn.Conv1d(mel.n_mels, config.dim, _KERNEL, STRIDE, _KERNEL // 2)
        self.norm = nn.BatchNorm1d(config.dim)
        self.blocks = nn.ModuleList(_Residual(config.dim) for _ in range(config.num_layers))
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.dim, len(labels))

    def forward(self, mels: Tensor, lengths: Tensor) -> Tensor:
        """(B, n_mels, T) and (B,) to scores (B, C); frames beyond a length are not looked at."""
        lengths = (lengths + STRIDE - 1) // STRIDE
        with fastest_autocast(mels.device.type):
            x = torch.relu(self.norm(self.embed(mels)))  # (B, dim, T')
            inside = torch.arange(x.shape[2])[None] < lengths[:, None]
            mask = inside[:, None].to(x.dtype)
            x = x * mask
            for block in self.blocks:
                x = block(x, mask)
        pooled = x.float().sum(dim=2) / lengths[:, None]
        scores: Tensor = self.head(self.dropout(pooled))
        return scores

    def loss(self, mels: Tensor, lengths: Tensor, texts: Sequence[str]) -> Tensor:
        """Mean cross-entropy a clip."""
        targets = torch.tensor([self.labels.index(text) for text in texts])
        return nn.functional.cross_entropy(self(mels, lengths), targets)

    def hear(self, mels: Tensor, lengths: Tensor) -> list[str]:
        """The most likely label of every clip."""
        return [self.labels[index] for index in self(mels, lengths).argmax(dim=1).tolist()]


class _Residual(nn.Module):
    """Two convolutions beside a straight way; (B, dim, T') in and out."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(dim, dim, _KERNEL, padding=_KERNEL // 2)
        self.second = nn.Conv1d(dim, dim, _KERNEL, padding=_KERNEL // 2)
        self.first_norm, self.second_norm = nn.BatchNorm1d(dim), nn.BatchNorm1d(dim)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        inner = torch.relu(self.first_norm(self.first(x))) * mask
        return torch.relu(x + self.second_norm(self.second(inner))) * mask


class CtcProbe(nn.Module):
    """Log-mels to letters, by the network that hears phones elsewhere."""

    def __init__(self, config: RecognizerConfig, mel: MelConfig) -> None:
        super().__init__()
        self.mel = mel
        self.recognizer = Recognizer(config, mel, LETTERS)

    def loss(self, mels: Tensor, lengths: Tensor, texts: Sequence[str]) -> Tensor:
        """Mean CTC loss a letter."""
        log_probs, lengths = self.recognizer(mels, lengths)
        spelled = [torch.tensor([LETTERS.index(letter) for letter in text]) for text in texts]
        targets = nn.utils.rnn.pad_sequence(spelled, batch_first=True)
        return ctc_loss(log_probs, lengths, targets, torch.tensor([len(s) for s in spelled]))

    def hear(self, mels: Tensor, lengths: Tensor) -> list[str]:
        """The most likely letters of every clip, as words with single spaces."""
        hypotheses = self.recognizer.transcribe(mels, lengths)
        return [" ".join("".join(letters).split()) for letters in hypotheses]


def spellable(text: str) -> str:
    """Lower-case letters, apostrophes and single spaces: what `CtcProbe` can write."""
    known = "".join(letter if letter in LETTERS else " " for letter in text.lower())
    return " ".join(known.split())
