"""The layers of FastSpeech 2 (arXiv 2006.04558): Transformer blocks and variance predictors.

B batch, N symbols, L symbols or frames, D model width.
"""

import itertools

from torch import Tensor, nn
from torch.nn import functional as F


class FftBlock(nn.Module):
    """Feed-forward Transformer block (section 2.2 of FastSpeech, arXiv 1905.09263): self-attention,
    then two convolutions over time. (B, L, D) -> (B, L, D), zero where `mask` is false.
    """

    def __init__(
        self, dim: int, num_heads: int, hidden_dim: int, kernel: int, dropout: float
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.attention_norm = nn.LayerNorm(dim)
        self.to_qkv = nn.Linear(dim, 3 * dim)
        self.attended = nn.Linear(dim, dim)
        self.convolution_norm = nn.LayerNorm(dim)
        self.expand = nn.Conv1d(dim, hidden_dim, kernel, padding=kernel // 2)
        self.contract = nn.Conv1d(hidden_dim, dim, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        keep = mask[:, :, None].to(x.dtype)  # (B, L) -> (B, L, 1)
        x = x + self.dropout(self._attend(self.attention_norm(x), mask))
        hidden = (self.convolution_norm(x) * keep).transpose(1, 2)  # (B, L, D) -> (B, D, L)
        hidden = self.contract(F.gelu(self.expand(hidden)))
        return (x + self.dropout(hidden.transpose(1, 2))) * keep

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, dim = x.shape
        heads = self.to_qkv(x).view(batch, length, 3, self.num_heads, dim // self.num_heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # each (B, heads, L, D / heads)
        mixed = F.scaled_dot_product_attention(query, key, value, mask[:, None, None, :])
        return self.attended(mixed.transpose(1, 2).reshape(batch, length, dim))


class VariancePredictor(nn.Module):
    """Two convolutions and a line: one number a symbol (section 2.3). (B, N, D) -> (B, N)"""

    def __init__(self, dim: int, width: int, kernel: int, dropout: float) -> None:
        super().__init__()
        sizes = [dim, width, width]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(size, wider, kernel, padding=kernel // 2)
            for size, wider in itertools.pairwise(sizes)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in self.convolutions)
        self.dropout = nn.Dropout(dropout)
        self.line = nn.Linear(width, 1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        keep = mask[:, :, None].to(x.dtype)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = convolution((x * keep).transpose(1, 2)).transpose(1, 2)
            x = self.dropout(norm(F.relu(x)))
        return self.line(x).squeeze(-1).float() * mask
