"""A small speaker encoder: who speaks, as a direction. For figures of how voices differ.

B batch, T mel frames, T' = ceil(T / 2) frames inside, D embedding size. Attentive statistics
pooling is that of arXiv 1803.10963.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.config import check_least
from models.mel import MelConfig
from models.recognition.recognizer import STRIDE, Block, RecognizerConfig, center

_FLOOR = 1e-5  # of a variance


@dataclass(frozen=True, slots=True)
class SpeakerEncoderConfig:
    """A stack of the recognizer's blocks, pooled over time into `embedding_dim` numbers."""

    dim: int = 128
    hidden_dim: int = 384
    num_layers: int = 5
    kernel_size: int = 9
    dropout: float = 0.1
    embedding_dim: int = 128

    def __post_init__(self) -> None:
        check_least(self, 1, "embedding_dim")
        _ = self.blocks  # which has checks of its own

    @property
    def blocks(self) -> RecognizerConfig:
        return RecognizerConfig(
            self.dim, self.hidden_dim, self.num_layers, self.kernel_size, self.dropout
        )


class SpeakerEncoder(nn.Module):
    """Log-mels to one unit vector a clip. Its level does not matter, nor what it is padded with."""

    def __init__(
        self,
        config: SpeakerEncoderConfig,
        mel: MelConfig,
        symbols: tuple[str, ...] = (),
        speakers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.config, self.mel, self.symbols = config, mel, symbols
        blocks, dim = config.blocks, config.dim
        self.embed = nn.Conv1d(mel.n_mels, dim, 5, stride=STRIDE, padding=2)
        self.blocks = nn.ModuleList(Block(blocks) for _ in range(blocks.num_layers))
        self.norm = nn.LayerNorm(dim)
        self.attention = nn.Sequential(nn.Linear(dim, dim // 2), nn.Tanh(), nn.Linear(dim // 2, 1))
        self.project = nn.Linear(2 * dim, config.embedding_dim)

    def forward(self, mels: Tensor, lengths: Tensor) -> Tensor:
        """(B, n_mels, T) and (B,) to unit vectors (B, D)."""
        x = self.embed(center(mels, lengths)).transpose(1, 2)  # (B, dim, T') -> (B, T', dim)
        lengths = (lengths + STRIDE - 1) // STRIDE
        frames = torch.arange(x.shape[1], device=x.device)
        mask = (frames[None] < lengths[:, None])[:, :, None].to(x.dtype)
        for block in self.blocks:
            x = block(x, mask)
        return F.normalize(self.project(self._pooled(self.norm(x).float(), mask)), dim=-1)

    def _pooled(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T', dim) to (B, 2 dim): mean and deviation over the frames that matter."""
        scores = self.attention(x).masked_fill(mask == 0, -torch.inf)
        weights = scores.softmax(dim=1)
        mean = (weights * x).sum(dim=1)
        variance = (weights * (x - mean[:, None]).square()).sum(dim=1)
        return torch.cat([mean, variance.clamp(min=_FLOOR).sqrt()], dim=-1)


def margin_loss(cosines: Tensor, speakers: Tensor, margin: float, scale: float) -> Tensor:
    """Additive-margin softmax (arXiv 1801.05599, equation 6): `cosines` (B, speakers) between
    embeddings and every speaker's direction, `speakers` (B,) whose clip each is.
    """
    target = F.one_hot(speakers, cosines.shape[1]).to(cosines.dtype)
    return F.cross_entropy(scale * (cosines - margin * target), speakers)


def equal_error_rate(same: Tensor, different: Tensor) -> float:
    """Where as many pairs of one speaker lie below a similarity as pairs of two lie above it."""
    thresholds = torch.cat([same, different]).unique()
    missed = torch.searchsorted(same.sort().values, thresholds).float() / len(same)
    taken = 1 - torch.searchsorted(different.sort().values, thresholds).float() / len(different)
    at = int((missed - taken).abs().argmin())
    return float((missed[at] + taken[at]) / 2)
