"""Kernels under acoustic model, vocoder and recognizer: PyTorch's, those of builds, compiled ones,
ONNX Runtime's.

    python -m benchmarks.kernels [--frames 256 512] [--kernels torch ours onnx onnx-int8 compiled]

Audio seconds a CPU second of one thread: at a shape that was met before, and, of `torch` and
`ours`, at lengths near it that were not, as sentences have. And the CPU seconds of the first call,
with all that is compiled for it. `ours` are the layers of models/padded_layers.py. Every cell is a
process of its own: what cannot be exported or compiled is left out. Of the vocoder it is the
network, without sources and STFT: ONNX has no complex numbers. `onnx` and `onnx-int8` need
`pip install onnx onnxruntime`.
"""

import argparse
import copy
import logging
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.stages import describe_machine
from models.acoustic.fastspeech2 import FastSpeech2, Prosody
from models.checkpoint import Checkpoint, shared_checkpoint
from models.evaluation.tables import MISSING, markdown_table
from models.precision import Asked, in_precision
from models.vocoders.harmonic import Harmonic
from pipeline.build.config import load_build_config
from pipeline.storage.processes import keep_freed_memory

Run = Callable[[], object]
KERNELS = ("torch", "ours", "compiled", "onnx", "onnx-int8")
_PRECISIONS: dict[str, tuple[Asked, ...]] = {"torch": ("fp32",), "ours": ("fp32", "bf16")}
_NEW_LENGTHS = range(-24, 25, 3)
_FRAMES_A_SYMBOL = 8
_REPEATS = 8


class _Following(nn.Module):
    """A FastSpeech2 that speaks by given prosody, of a fixed number of frames."""

    def __init__(self, model: FastSpeech2, num_frames: int) -> None:
        super().__init__()
        self.model, self.num_frames = model, num_frames

    def forward(
        self, symbols: Tensor, lengths: Tensor, speakers: Tensor, *prosody: Tensor
    ) -> Tensor:
        given = Prosody(*prosody)
        return self.model.follow(symbols, lengths, speakers, given, None, self.num_frames).mels


class _Shaping(nn.Module):
    """The network of a harmonic vocoder."""

    def __init__(self, model: Harmonic) -> None:
        super().__init__()
        self.model = model

    def forward(self, mels: Tensor, pitch_hz: Tensor) -> Tensor:
        return self.model.shapes(mels, pitch_hz)


def network(
    checkpoint: Checkpoint, num_frames: int, precision: Asked, kernels: str
) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """A model of a checkpoint as a module of tensors alone, and an input of `num_frames`."""
    as_is = kernels != "ours" and precision == "fp32"
    model = checkpoint.model if as_is else in_precision(checkpoint.model, precision)
    mel = checkpoint.mel
    torch.manual_seed(0)
    mels = torch.randn(1, mel.n_mels, num_frames) - 5
    if isinstance(model, Harmonic):
        pitch_hz = torch.full((1, num_frames), 150.0)
        pitch_hz[:, ::7] = 0.0
        return _Shaping(model), (mels, pitch_hz)
    if not isinstance(model, FastSpeech2):
        return model, (mels, torch.tensor([num_frames]))
    count = num_frames // _FRAMES_A_SYMBOL
    durations = torch.full((1, count), _FRAMES_A_SYMBOL)
    durations[0, -1] += num_frames - int(durations.sum())
    symbols = torch.arange(count)[None] % (len(checkpoint.symbols) - 1) + 1
    asked = (symbols, torch.tensor([count]), torch.tensor([0]))
    nothing = torch.zeros(1, count)
    prosody = (durations, torch.randn(1, count), torch.randn(1, count), nothing)
    return _Following(model, num_frames), (*asked, *prosody)


def made_ready(kernels: str, module: nn.Module, given: tuple[Tensor, ...], folder: Path) -> Run:
    """A call of the module by `kernels`. Raises what exporting or compiling raises."""
    if kernels in _PRECISIONS:
        return lambda: module(*given)
    if kernels == "compiled":
        import torch._inductor.config as inductor

        inductor.freezing = True
        inductor.compile_threads = 1
        compiled = torch.compile(module, dynamic=False)
        return lambda: compiled(*given)
    session = _onnx_session(module, given, folder, in_int8=kernels == "onnx-int8")
    names = [one.name for one in session.get_inputs()]
    feeds = {name: one.numpy() for name, one in zip(names, given, strict=True)}
    return lambda: session.run(None, feeds)


def _onnx_session(module: nn.Module, given: tuple[Tensor, ...], folder: Path, in_int8: bool) -> Any:
    import onnxruntime

    path = folder / "network.onnx"
    with torch.inference_mode(False), torch.no_grad():
        torch.onnx.export(
            copy.deepcopy(module), given, str(path), dynamo=False, do_constant_folding=False
        )
    if in_int8:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        whole, path = path, folder / "int8.onnx"
        quantize_dynamic(whole, path, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@torch.inference_mode()
def measure(checkpoint: Checkpoint, num_frames: int, precision: Asked, kernels: str) -> list[float]:
    """CPU seconds of the first call, with what makes it ready; of the fastest later one; and the
    audio seconds a CPU second of calls of new lengths, 0 where none was made.
    """
    module, given = network(checkpoint, num_frames, precision, kernels)
    with tempfile.TemporaryDirectory(prefix="voxloom-kernels-") as folder:
        started = time.process_time()
        run = made_ready(kernels, module.eval(), given, Path(folder))
        run()
        seconds = [time.process_time() - started]
        for _ in range(_REPEATS):
            started = time.process_time()
            run()
            seconds.append(time.process_time() - started)
    fresh = 0.0
    if kernels in _PRECISIONS:
        others = [num_frames + more for more in _NEW_LENGTHS if more]
        calls = [network(checkpoint, frames, precision, kernels) for frames in others]
        started = time.process_time()
        for module, given in calls:
            module.eval()(*given)
        fresh = sum(others) * checkpoint.mel.frame_s / (time.process_time() - started)
    return [seconds[0], min(seconds[1:]), fresh]


def _cells(name: str, options: argparse.Namespace, precision: Asked, kernels: str) -> list[str]:
    """(x real time, that of new lengths, seconds until the first) of one process for each number
    of frames.
    """
    hop_s, cells = shared_checkpoint(name).mel.frame_s, []
    for frames in options.frames:
        command = [sys.executable, "-m", "benchmarks.kernels", "--config", str(options.config)]
        command += ["--one", name, precision, kernels, "--frames", str(frames)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            cells += [MISSING, MISSING, MISSING]
            continue
        first_s, again_s, fresh = (float(word) for word in done.stdout.split()[-3:])
        of_new = f"{fresh:.0f}" if fresh else MISSING
        cells += [f"{frames * hop_s / again_s:.0f}", of_new, f"{first_s:.1f}"]
    return cells


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, default=Path("configs/build/quickstart.yaml"))
    parser.add_argument("--frames", type=int, nargs="+", default=[256, 512])
    parser.add_argument("--kernels", nargs="+", choices=KERNELS, default=list(KERNELS))
    parser.add_argument("--one", nargs=3, metavar=("CHECKPOINT", "PRECISION", "KERNELS"))
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    keep_freed_memory()
    if options.one:
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        name, precision, kernels = options.one
        print(*measure(shared_checkpoint(name), options.frames[0], precision, kernels))
        return 0
    config = load_build_config(options.config)
    voice, recognizer = config.voice, config.judge.recognizer
    rows = []
    for name in filter(None, (voice.acoustic_model, voice.vocoder, recognizer)):
        for kernels in options.kernels:
            usual: tuple[Asked, ...] = ("fp32",) if "onnx" in kernels else ("fp32", "bf16")
            for precision in _PRECISIONS.get(kernels, usual):
                called = "int8" if kernels == "onnx-int8" else precision
                cells = _cells(name, options, precision, kernels)
                rows.append([name, kernels.removesuffix("-int8"), called, *cells])
    header = ["network", "kernels", "precision"]
    for frames in options.frames:
        header += [f"{frames} frames, x real time", "new lengths", "first, CPU s"]
    print(describe_machine(), end="\n\n")
    print(markdown_table(header, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
