"""Seconds that MelNet takes for a number of frames, beside computing every tier again for a pixel.

    python -m benchmarks.melnet

One clip, seconds of one processor core. The first model is the shipped one; the second has the
size of the public LJSpeech model (random weights: they do not change the cost), whose sampler
takes about three hours for 100 frames. Computing again is timed on the shipped model and few
frames, with the same draws, and must give the same spectrogram.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from models.checkpoint import check_role, load_checkpoint
from models.errors import VoxloomError
from models.evaluation.tables import markdown_table
from models.mel import MelConfig
from models.melnet.network import MelNet, MelNetConfig, Mixture, Tier
from models.melnet.sampling import Draw, RandomDraw, sample
from models.melnet.tiers import frame_factor, interleave

PUBLIC = "dljspeech_t6_l12.7.6.5.4.4_hd200_gmm10"
PUBLIC_BANDS = 256
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Growth:
    """Seconds for each number of frames."""

    name: str
    seconds: dict[int, float]

    @property
    def exponent(self) -> float:
        """p of the power law frames ** p that fits best: 1 is linear, 2 quadratic."""
        frames, seconds = np.log(list(self.seconds)), np.log(list(self.seconds.values()))
        return float(np.polyfit(frames, seconds, 1)[0])

    def rows(self) -> list[list[str]]:
        return [
            [self.name, str(frames), f"{seconds:.2f}", f"{1000 * seconds / frames:.0f}"]
            for frames, seconds in self.seconds.items()
        ]


def measure(name: str, model: MelNet, frames: Sequence[int]) -> Growth:
    """The sampler that keeps states."""
    sample(model, frame_factor(1, model.num_tiers), 1, RandomDraw.seeded((0,)))
    return Growth(name, {n: _timed(lambda n=n: _sampled(model, n))[1] for n in frames})  # type: ignore[misc]


def measure_recomputing(name: str, model: MelNet, frames: Sequence[int]) -> Growth:
    """The sampler that computes again. Raises `AssertionError` unless both draw the same."""
    seconds = {}
    for count in frames:
        expected = _sampled(model, count)
        found, seconds[count] = _timed(
            lambda n=count: recompute(model, n, 1, RandomDraw.seeded((0,)))  # type: ignore[misc]
        )
        difference = float((found - expected).abs().max())
        assert difference < 1e-3, f"the samplers differ by {difference}"
    return Growth(f"{name}, computing again", seconds)


def recompute(model: MelNet, num_frames: int, batch: int, draw: Draw) -> Tensor:
    """Spectrograms (B, n_mels, T) as the public sampler makes them."""
    grid_frames = -(-num_frames // frame_factor(1, model.num_tiers))
    coarse = recompute_tier(model.tier(1), None, grid_frames, batch, draw)
    for tier in range(2, model.num_tiers + 1):
        between = recompute_tier(model.tier(tier), coarse, coarse.shape[2], batch, draw)
        coarse = interleave(between, coarse, tier)
    return coarse[:, :, :num_frames]


@torch.inference_mode()
def recompute_tier(
    tier: Tier, coarse: Tensor | None, num_frames: int, batch: int, draw: Draw
) -> Tensor:
    """`draw_tier`, but with the whole tier run over all frames so far for every pixel."""
    grid = torch.zeros(batch, tier.bands, num_frames)
    noise = draw.noise(num_frames, tier.bands, tier.to_mixture.out_features // 3)
    for frame in range(num_frames):
        for band in range(tier.bands):
            mixture = tier(grid[:, :, : frame + 1], coarse)
            pixel = Mixture(*(part[:, band, frame] for part in mixture))
            grid[:, band, frame] = draw(pixel, noise[frame, band])
    return grid


def _sampled(model: MelNet, num_frames: int) -> Tensor:
    return sample(model, num_frames, 1, RandomDraw.seeded((0,))).mels


def _timed(make: Callable[[], T]) -> tuple[T, float]:
    """What `make` makes, and the seconds of processor time: the machine may have other work."""
    started = time.process_time()
    made = make()
    return made, time.process_time() - started


def report(growths: Sequence[Growth]) -> str:
    """A table, and how each sampler grows."""
    rows = [row for growth in growths for row in growth.rows()]
    table = markdown_table(["model", "frames", "seconds", "ms a frame"], rows)
    laws = [f"{growth.name}: grows as frames ** {growth.exponent:.2f}" for growth in growths]
    return "\n".join([table, "", *laws])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--checkpoint", default="melnet")
    parser.add_argument("--frames", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--again-frames", type=int, nargs="+", default=[16, 32, 64])
    parser.add_argument("--public", default=PUBLIC, help="a size by its name; '' leaves it out")
    parser.add_argument("--public-bands", type=int, default=PUBLIC_BANDS)
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    try:
        check_role(options.checkpoint, "spectrogram", "--checkpoint")
        shipped: MelNet = load_checkpoint(options.checkpoint).model
        name = shipped.config.name
        growths = [measure(name, shipped, options.frames)]
        if options.public:
            mel = MelConfig(n_mels=options.public_bands)
            large = MelNet(MelNetConfig.from_name(options.public), mel).eval()
            growths.append(measure(options.public, large, options.frames))
        growths.append(measure_recomputing(name, shipped, options.again_frames))
    except VoxloomError as error:
        print(f"error: {error}")
        return 1
    print(report(growths))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
