"""What a second of audio costs acoustic model and vocoder in operations and bytes, and what a GPU
would take for it: an estimate, of a machine that was not at hand.

    python -m benchmarks.operations

Operations are counted as torch counts them (products of matrices, convolutions, attention), and
2.5 N log2 N for a real FFT of N samples. Bytes are those that every operation reads and writes,
were none fused, in fp32: in bf16 products alone change. A GPU is taken to reach 30 % of what its
maker says of each, one after the other, in batches large enough; `benchmarks.batches --device cuda`
measures instead.
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.kernels import network
from models.checkpoint import Checkpoint, shared_checkpoint
from models.evaluation.tables import markdown_table
from pipeline.build.config import load_build_config

_FRAMES = 256  # 3 s: a sentence
_REACHED = 0.3  # of what a GPU's maker says
_ROUNDS_OF_FFT = 2  # to a spectrum and back


@dataclass(frozen=True, slots=True)
class Gpu:
    """What its maker says of dense operations, in one precision, and of bytes, a second."""

    name: str
    operations: float
    bytes: float


# NVIDIA's data sheets: A100 of 80 GB, A100 and H100 as SXM, tensor cores without sparsity.
GPUS = (
    Gpu("T4, fp32", 8.1e12, 320e9),
    Gpu("L4, fp32", 30.3e12, 300e9),
    Gpu("L4, bf16", 121e12, 300e9),
    Gpu("A100, fp32", 19.5e12, 2039e9),
    Gpu("A100, bf16", 312e12, 2039e9),
    Gpu("H100, fp32", 67e12, 3350e9),
    Gpu("H100, bf16", 989e12, 3350e9),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a second of audio."""

    operations: float
    bytes: float

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.operations + other.operations, self.bytes + other.bytes)

    def real_time(self, gpu: Gpu) -> float:
        """Audio seconds a second: an estimate."""
        busy_s = self.operations / gpu.operations + self.bytes / gpu.bytes
        return _REACHED / busy_s


class _Traffic(TorchDispatchMode):
    """Adds up the bytes of what operations read and write; views are free."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        read = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
        written = [one for one in tree_leaves(made) if isinstance(one, Tensor)]
        held = {one.untyped_storage().data_ptr() for one in read}
        is_view = not func._schema.is_mutable and all(
            one.untyped_storage().data_ptr() in held for one in written
        )
        if written and not is_view:
            self.bytes += sum(one.numel() * one.element_size() for one in (*read, *written))
        return made


@torch.inference_mode()
def cost_of(run: Callable[[], object], audio_s: float) -> Cost:
    """What `run` does, by second of the audio that it makes."""
    with FlopCounterMode(display=False) as counter, _Traffic() as traffic:
        run()
    return Cost(counter.get_total_flops() / audio_s, traffic.bytes / audio_s)


def acoustic_cost(checkpoint: Checkpoint) -> Cost:
    module, given = network(checkpoint, _FRAMES, "fp32", "torch")
    return cost_of(lambda: module(*given), _FRAMES * checkpoint.mel.frame_s)


def vocoder_cost(checkpoint: Checkpoint) -> Cost:
    """Of a harmonic vocoder, with its sources and its STFTs."""
    mel = checkpoint.mel
    _, given = network(checkpoint, _FRAMES, "fp32", "torch")
    counted = cost_of(lambda: checkpoint.model(*given), _FRAMES * mel.frame_s)
    transforms = 3 + 1 + 2 * checkpoint.model.config.phase_rounds + _ROUNDS_OF_FFT
    fft = 2.5 * mel.n_fft * math.log2(mel.n_fft) * transforms / mel.frame_s
    return counted + Cost(fft, 0.0)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, default=Path("configs/build/quickstart.yaml"))
    voice = load_build_config(parser.parse_args(argv).config).voice
    costs = {
        voice.acoustic_model: acoustic_cost(shared_checkpoint(voice.acoustic_model)),
        voice.vocoder: vocoder_cost(shared_checkpoint(voice.vocoder)),
    }
    first, second = costs.values()
    costs["both"] = first + second
    counted = [
        [name, f"{cost.operations / 1e9:.2f}", f"{cost.bytes / 1e6:.0f}"]
        for name, cost in costs.items()
    ]
    print(markdown_table(["of a second of audio", "GFLOP", "MB moved"], counted), end="\n\n")
    estimated = [
        [gpu.name, *(f"{cost.real_time(gpu):,.0f}" for cost in costs.values())] for gpu in GPUS
    ]
    print(markdown_table(["x real time, estimate", *costs], estimated))
    return 0


if __name__ == "__main__":
    sys.exit(main())
