"""The two ends of Tacotron 2 (arXiv 1712.05884, section 2.2): the encoder, and the post-net.

B batch, C channels, L symbols or frames, E encoder width, M mel bands.
"""

import itertools

from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class ConvBlock(nn.Module):
    """Convolution over time, batch norm, activation, dropout. (B, C, L) -> (B, C', L)"""

    def __init__(
        self, sizes: tuple[int, int], kernel: int, activation: nn.Module, dropout: float
    ) -> None:
        super().__init__()
        self.conv = nn.Conv1d(*sizes, kernel, padding=kernel // 2)
        self.norm = nn.BatchNorm1d(sizes[1])
        self.activation = activation
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(self.activation(self.norm(self.conv(x))))


class Encoder(nn.Module):
    """Three convolutions and a bidirectional LSTM (section 2.2). (B, N, E) -> (B, N, E), zero
    beyond each length.
    """

    def __init__(self, dim: int, layers: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            ConvBlock((dim, dim), kernel, nn.ReLU(), dropout) for _ in range(layers)
        )
        self.lstm = nn.LSTM(dim, dim // 2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor, lengths: Tensor, mask: Tensor | None) -> Tensor:
        """`mask` (B, N) keeps padding out of the convolutions."""
        size = x.shape[1]
        x = run_masked(self.convolutions, x.transpose(1, 2), mask).transpose(1, 2)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(self.lstm(packed)[0], True, total_length=size)[0]


class PostNet(nn.Module):
    """Five convolutions whose sum with the decoder's frames is the result. (B, M, T) -> same"""

    def __init__(self, n_mels: int, dim: int, layers: int, kernel: int, dropout: float) -> None:
        super().__init__()
        inner = layers - 1
        sizes = [n_mels, *[dim] * inner, n_mels]
        activations = [*(nn.Tanh() for _ in range(inner)), nn.Identity()]
        self.convolutions = nn.ModuleList(
            ConvBlock(pair, kernel, activation, dropout)
            for pair, activation in zip(itertools.pairwise(sizes), activations, strict=True)
        )

    def forward(self, mels: Tensor, mask: Tensor | None) -> Tensor:
        return mels + run_masked(self.convolutions, mels, mask)


def run_masked(blocks: nn.ModuleList, x: Tensor, mask: Tensor | None) -> Tensor:
    """Convolutions over (B, C, L) that see zeros wherever `mask` (B, L) is false."""
    for block in blocks:
        x = block(x if mask is None else x * mask[:, None].to(x.dtype))
    return x
