"""Audio seconds a second of acoustic model and vocoder, by size of batch and by precision.

    python -m benchmarks.batches [--device cuda] [--frames 512 1024] [--precisions fp32 bf16]

The same sentences of a build one at a time, and in batches of fixed shape of so many frames. On a
CPU seconds are those of one core (CPU time), on a GPU those of the clock.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import torch

from benchmarks.stages import describe_machine, sized
from models.evaluation.tables import markdown_table
from pipeline.build import stages
from pipeline.build.config import BuildConfig, load_build_config
from pipeline.records import CleanClip, MelClip, Reject, SpokenSentence
from pipeline.speech.batches import Budget
from pipeline.speech.synthesize import VoiceConfig, synthesize
from pipeline.speech.vocode import vocode
from pipeline.storage.processes import keep_freed_memory
from pipeline.storage.shards import read_shard

R = TypeVar("R", MelClip, CleanClip)
_WARM_UP = 4  # sentences


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """Audio seconds a second."""

    acoustic_model: float
    vocoder: float

    @property
    def both(self) -> float:
        return 1 / (1 / self.acoustic_model + 1 / self.vocoder)


def measure(
    spoken: Sequence[SpokenSentence], voice: VoiceConfig, device: str, budget: Budget | None
) -> Rates:
    """Speak all of `spoken` after a few that warm up."""
    warm = _made(synthesize(spoken[:_WARM_UP], voice, 1, device, budget=budget))
    list(vocode(warm, voice, device, budget=budget))
    mels, mels_s = _timed(
        lambda: _made(synthesize(spoken, voice, 1, device, budget=budget)), device
    )
    clips, clips_s = _timed(lambda: _made(vocode(mels, voice, device, budget=budget)), device)
    audio_s = sum(clip.num_samples / clip.sample_rate for clip in clips)
    return Rates(audio_s / mels_s, audio_s / clips_s)


def _timed(make: Callable[[], list[R]], device: str) -> tuple[list[R], float]:
    clock = time.process_time if device == "cpu" else time.perf_counter
    started = clock()
    made = make()
    return made, clock() - started


def _made(rows: Iterable[R | Reject]) -> list[R]:
    return [row for row in rows if not isinstance(row, Reject)]


def spoken_sentences(config: BuildConfig, count: int) -> list[SpokenSentence]:
    """The first sentences of a build."""
    with tempfile.TemporaryDirectory(prefix="voxloom-batches-") as name:
        job = stages.plan(sized(config, count, Path(name), seed=config.seed))
        (sentences,) = stages.generate_shards(job)
        return read_shard(stages.frontend_shard(job, sentences), SpokenSentence).rows


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, default=Path("configs/build/quickstart.yaml"))
    parser.add_argument("--sentences", type=int, default=64)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--frames", type=int, nargs="*", default=[512, 1024, 2048])
    parser.add_argument("--precisions", nargs="+", default=["fp32", "bf16"])
    options = parser.parse_args(argv)
    torch.set_num_threads(1)
    keep_freed_memory()
    config = load_build_config(options.config, ["runtime.device=cpu"])
    spoken, rows = spoken_sentences(config, options.sentences), []
    for precision in options.precisions:
        voice = dataclasses.replace(config.voice, precision=precision)
        for frames in (1, *options.frames):
            is_batched = frames > 1 or options.device == "cuda"
            budget = Budget(frames) if is_batched else None
            rates = measure(spoken, voice, options.device, budget)
            size = f"{frames:,} frames" if frames > 1 else "one at a time"
            figures = (rates.acoustic_model, rates.vocoder, rates.both)
            rows.append([f"{precision}, {size}", *(f"{figure:.0f}" for figure in figures)])
    print(describe_machine(), end="\n\n")
    print(markdown_table(("audio s a second", "acoustic model", "vocoder", "both"), rows))


if __name__ == "__main__":
    main()
