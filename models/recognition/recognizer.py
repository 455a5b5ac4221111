"""A small CTC phone recognizer: it aligns corpora and judges every clip.

B batch, T mel frames, T' = ceil(T / 2) output frames, C classes (class 0 is the CTC blank).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.config import check_least, check_shares
from models.mel import MelConfig

BLANK = "<blank>"
STRIDE = 2  # mel frames an output frame


@dataclass(frozen=True, slots=True)
class RecognizerConfig:
    """A stack of ConvNeXt blocks over time."""

    dim: int = 224
    hidden_dim: int = 672
    num_layers: int = 10
    kernel_size: int = 15
    dropout: float = 0.1

    def __post_init__(self) -> None:
        check_least(self, 1, "dim", "hidden_dim", "num_layers", "kernel_size")
        check_shares(self, "dropout")
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size: must be odd, found {self.kernel_size}")


class Block(nn.Module):
    """Depthwise convolution over time, then an MLP on every frame; (B, T', dim) in and out."""

    def __init__(self, config: RecognizerConfig) -> None:
        super().__init__()
        dim, kernel = config.dim, config.kernel_size
        self.depthwise = nn.Conv1d(dim, dim, kernel, padding=kernel // 2, groups=dim)
        self.norm = nn.LayerNorm(dim)
        self.expand = nn.Linear(dim, config.hidden_dim)
        self.contract = nn.Linear(config.hidden_dim, dim)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        mixed = self.depthwise((x * mask).transpose(1, 2)).transpose(1, 2)
        hidden = F.gelu(self.expand(self.norm(mixed)))
        return x + self.dropout(self.contract(hidden))


class Recognizer(nn.Module):
    """Log-mels to phone log-probabilities.

    Every clip is centred on its own mean first, so its level does not matter. Frames beyond a
    clip's length never reach it: a batch gives what its clips give alone.
    """

    def __init__(
        self,
        config: RecognizerConfig,
        mel: MelConfig,
        symbols: tuple[str, ...],
        speakers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.config, self.mel, self.symbols = config, mel, symbols
        self.embed = nn.Conv1d(mel.n_mels, config.dim, 7, stride=STRIDE, padding=3)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.dim)
        self.head = nn.Linear(config.dim, len(symbols))

    def forward(self, mels: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """(B, n_mels, T) and (B,) to log-probabilities (B, T', C) and lengths (B,)."""
        mels = center(mels, lengths)
        x = self.embed(mels).transpose(1, 2)  # (B, dim, T') -> (B, T', dim)
        lengths = (lengths + STRIDE - 1) // STRIDE
        mask = _mask(lengths, x.shape[1])[:, :, None].to(x.dtype)
        for block in self.blocks:
            x = block(x, mask)
        return self.head(self.norm(x)).float().log_softmax(dim=-1), lengths

    @torch.inference_mode()
    def transcribe(self, mels: Tensor, lengths: Tensor) -> list[list[str]]:
        """Best-path phones of each clip in a batch (B, n_mels, T)."""
        return self.best_phones(*self(mels, lengths))

    def best_phones(self, log_probs: Tensor, lengths: Tensor) -> list[list[str]]:
        """What the best path through log-probabilities (B, T', C) of lengths (B,) says."""
        paths = log_probs.argmax(dim=-1).tolist()
        return [
            self._collapse(path[:length])
            for path, length in zip(paths, lengths.tolist(), strict=True)
        ]

    def _collapse(self, path: list[int]) -> list[str]:
        kept = [
            index
            for previous, index in zip([0, *path], path, strict=False)
            if index not in (0, previous)
        ]
        return [self.symbols[index] for index in kept]


def center(mels: Tensor, lengths: Tensor) -> Tensor:
    """Subtract each clip's mean over its own frames and bands; frames beyond it become 0."""
    mask = _mask(lengths, mels.shape[-1])[:, None, :].to(mels.dtype)
    count = mask.sum(dim=(1, 2), keepdim=True) * mels.shape[1]
    mean = (mels * mask).sum(dim=(1, 2), keepdim=True) / count
    return (mels - mean) * mask / 2.0  # log-mels spread by about 2


def ctc_loss(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Mean CTC loss a phone: log-probabilities (B, T', C), targets (B, N) padded with 0."""
    return F.ctc_loss(
        log_probs.transpose(0, 1), targets, lengths, target_lengths, blank=0, zero_infinity=True
    )


def _mask(lengths: Tensor, size: int) -> Tensor:
    """(B,) -> (B, size) true inside each length."""
    return torch.arange(size, device=lengths.device)[None] < lengths[:, None]
