"""The pre-net of Tacotron 2 (arXiv 1712.05884, section 2.2), and its dropout while speaking.

B batch, M mel bands, P pre-net width.
"""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PreNet(nn.Module):
    """Two layers with dropout that stays on (section 2.2). (..., M * frames_per_step) -> (..., P)

    In evaluation mode nothing is dropped unless `masks` say what: one (..., P) a layer, 0 or 2.
    """

    def __init__(self, group_dim: int, dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(size, dim, bias=False) for size in (group_dim, dim))

    def forward(self, frames: Tensor, masks: Sequence[Tensor] = ()) -> Tensor:
        for index, layer in enumerate(self.layers):
            frames = F.dropout(F.relu(layer(frames)), 0.5, self.training)
            if masks:
                frames = frames * masks[index]
        return frames


class PreNetDropout:
    """The pre-net's dropout while speaking. Every item draws from a generator of its own, seeded
    by its symbols and speaker, so it sounds the same in any batch and on any day.
    """

    def __init__(self, dim: int, symbols: Tensor, lengths: Tensor, speakers: Tensor) -> None:
        self.dim, self.device = dim, symbols.device
        self.generators = []
        items = zip(symbols.tolist(), lengths.tolist(), speakers.tolist(), strict=True)
        for ids, length, speaker in items:
            what = repr((speaker, ids[:length])).encode()
            seed = int.from_bytes(hashlib.blake2b(what, digest_size=8).digest())
            self.generators.append(torch.Generator().manual_seed(seed >> 1))

    def draw(self) -> tuple[Tensor, ...]:
        """The next step's two masks (B, P) of 0 and 2."""
        drawn = torch.stack([torch.rand(2, self.dim, generator=one) for one in self.generators])
        return tuple(((drawn > 0.5) * 2.0).to(self.device).unbind(dim=1))
