"""How MelNet cuts a spectrogram into tiers and joins them again (arXiv 1906.01083, section 6).

Even tiers draw every second band, odd ones every second frame, the last tier being the finest.
B batch, T frames, F bands; tiers are numbered from 1.
"""

from torch import Tensor

from models.errors import CheckpointError


def split(mels: Tensor, tier: int, num_tiers: int) -> tuple[Tensor, Tensor]:
    """The condition of `tier` and what it has to draw, of spectrograms (B, F, T) (eq. 24).

    Both are (B, f, t); the first tier is told nothing and gets its grid twice. Sizes that do not
    halve evenly are cut.
    """
    _, bands, frames = mels.shape
    mels = mels[:, : bands // 2 * 2, : frames // 2 * 2]
    for finer in range(num_tiers, max(tier, 2) - 1, -1):
        coarse, between = _halves(mels, finer)
        if finer == tier:
            size = tuple(map(min, coarse.shape, between.shape))
            return coarse[:, : size[1], : size[2]], between[:, : size[1], : size[2]]
        mels = coarse
    return mels, mels


def interleave(between: Tensor, coarse: Tensor, tier: int) -> Tensor:
    """The grid of the next tier: `split` undone (eq. 25). One of them may be longer by one."""
    bands, frames = map(min, between.shape[1:], coarse.shape[1:])
    axis = _axis(tier)
    size = [between.shape[0], bands, frames]
    size[axis] *= 2
    joined = between.new_empty(size)
    for part, target in zip((coarse, between), _halves(joined, tier), strict=True):
        target.copy_(part[:, :bands, :frames])
    return joined


def bands_of(tier: int, num_tiers: int, n_mels: int) -> int:
    """F of the grid that `tier` draws. Raises `CheckpointError` unless it is whole."""
    factor = 2 ** sum(_axis(finer) == 1 for finer in range(max(tier, 2), num_tiers + 1))
    if n_mels % factor:
        raise CheckpointError(f"n_mels: {n_mels} bands cannot be halved for {num_tiers} tiers")
    return n_mels // factor


def frames_of(tier: int, num_tiers: int, num_frames: int) -> int:
    """T of the grid that `tier` draws for a spectrogram of `num_frames`, rounded down."""
    return num_frames // frame_factor(tier, num_tiers)


def frame_factor(tier: int, num_tiers: int) -> int:
    """How many frames of the whole spectrogram lie between two frames of the tier's grid."""
    factor: int = 2 ** sum(_axis(finer) == 2 for finer in range(max(tier, 2), num_tiers + 1))
    return factor


def _axis(tier: int) -> int:
    return 1 if tier % 2 == 0 else 2


def _halves(mels: Tensor, tier: int) -> tuple[Tensor, Tensor]:
    if _axis(tier) == 1:
        return mels[:, ::2], mels[:, 1::2]
    return mels[:, :, ::2], mels[:, :, 1::2]
