"""Sentences a second of every stage, and seconds of audio a second of a whole build.

    python -m benchmarks.stages

Each stage makes one shard in this process, on one thread, after a small shard that loads and
warms up what it uses. Two stages stand beside what they replace: the vocoder beside
Griffin-Lim, normalization beside NeMo's grammars on every whole sentence. The build is run by
the command line as a user would, start-up and report included.
"""

import argparse
import dataclasses
import datetime
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import DataError, VoxloomError
from models.evaluation.tables import MISSING, decimal, markdown_table
from pipeline.build import stages
from pipeline.build.config import BuildConfig, check_build, load_build_config
from pipeline.build.job import Job
from pipeline.dataset.files import read_build
from pipeline.records import Sentence
from pipeline.storage.shards import read_shard
from pipeline.text.normalize import normalize, prepare_grammars

_WARM_UP = 8  # sentences
_BASELINE = "griffin-lim"


@dataclass(frozen=True, slots=True)
class Rates:
    """Sentences a second by stage on one device, and of the vocoder's baseline."""

    by_stage: dict[str, float]
    baseline_vocode: float


@dataclass(frozen=True, slots=True)
class BuildSpeed:
    """A whole build through Prefect."""

    sentences: int
    audio_s: float
    wall_s: float


def measure_stages(config: BuildConfig, count: int, folder: Path) -> Rates:
    """Run every stage on one shard of `count` sentences, with shards below `folder`."""
    warm_up = _sized(config, min(_WARM_UP, count), folder / "warm", seed=config.seed + 1)
    _time_stages(stages.plan(warm_up))
    measured = _sized(config, count, folder / "measured", seed=config.seed)
    seconds = _time_stages(stages.plan(measured))
    baseline_s = _time_baseline_vocoder(measured)
    rates = {stage: count / taken for stage, taken in seconds.items()}
    return Rates(rates, count / baseline_s)


def _sized(config: BuildConfig, count: int, work_dir: Path, seed: int) -> BuildConfig:
    return dataclasses.replace(
        config,
        seed=seed,
        sentences=dataclasses.replace(config.sentences, count=count),
        runtime=dataclasses.replace(config.runtime, shard_size=count, work_dir=work_dir),
    )


def _time_stages(job: Job) -> dict[str, float]:
    """Seconds by stage. The shard of a stage is what the next one reads."""
    seconds: dict[str, float] = {}

    def timed(stage: str, make: Callable[[], Path]) -> Path:
        started = time.perf_counter()
        path = make()
        seconds[stage] = time.perf_counter() - started
        return path

    sentences = timed("generate", lambda: stages.generate_shards(job)[0])
    spoken = timed("frontend", lambda: stages.frontend_shard(job, sentences))
    mels = timed("synthesize", lambda: stages.synthesize_shard(job, spoken))
    clean = timed("vocode", lambda: stages.vocode_shard(job, mels))
    judged = timed("judge", lambda: stages.judge_shard(job, clean))
    finished = timed("augment", lambda: stages.augment_shard(job, judged))
    timed("manifest", lambda: stages.manifest_shard(job, finished))
    return seconds


def _time_baseline_vocoder(config: BuildConfig) -> float:
    """Seconds for the same mels by Griffin-Lim; the stages before are found done."""
    voice = dataclasses.replace(config.voice, vocoder=_BASELINE)
    job = stages.plan(dataclasses.replace(config, voice=voice))
    started = time.perf_counter()
    stages.vocode_shard(job, job.shard("synthesize", 0))
    return time.perf_counter() - started


def measure_normalization(config: BuildConfig, count: int, folder: Path) -> tuple[float, float]:
    """Sentences a second of `normalize` in one process, and of NeMo on every whole sentence."""
    job = stages.plan(_sized(config, count, folder / "text", seed=config.seed + 2))
    texts = [row.text for row in read_shard(stages.generate_shards(job)[0], Sentence).rows]
    normalize([*texts[:1], "at 7:30 am"], config.text.grammar_cache, workers=1)
    started = time.perf_counter()
    normalize(texts, config.text.grammar_cache, workers=1)
    ours = count / (time.perf_counter() - started)

    from nemo_text_processing.text_normalization.normalize import Normalizer

    grammars = str(prepare_grammars(config.text.grammar_cache))
    nemo = Normalizer(input_case="cased", lang="en", cache_dir=grammars)
    started = time.perf_counter()
    for text in texts:
        nemo.normalize(text, punct_post_process=True)
    return ours, count / (time.perf_counter() - started)


def measure_build(
    config_path: Path, overrides: Sequence[str], count: int, folder: Path
) -> BuildSpeed:
    """`voxloom build` with `count` sentences in a process of its own. Raises `DataError`."""
    output = folder / "dataset"
    command = [sys.executable, "-m", "flows.cli.app", "build", str(config_path)]
    for override in (
        *overrides,
        f"sentences.count={count}",
        f"output.path={output}",
        f"runtime.work_dir={folder / 'build'}",
        "runtime.device=cpu",
    ):
        command += ["--set", override]
    started = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    wall_s = time.perf_counter() - started
    if done.returncode:
        tail = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise DataError(f"{config_path}: the build failed: {' '.join(tail)}")
    return BuildSpeed(count, read_build(output)["hours"] * 3600, wall_s)


def describe_machine() -> str:
    """CPU, cores, GPU, torch and the date, in one line."""
    import torch

    parts = [f"{_cpu_name()}, {os.cpu_count()} cores"]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    parts += [f"torch {torch.__version__}", f"Python {platform.python_version()}"]
    parts.append(datetime.datetime.now(datetime.UTC).date().isoformat())
    return "; ".join(parts)


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def stage_table(cpu: Rates, gpu: Rates | None) -> str:
    """Sentences a second, a line a stage."""
    rows = [
        [stage, decimal(rate, 1), decimal(gpu.by_stage[stage], 1) if gpu else MISSING]
        for stage, rate in cpu.by_stage.items()
    ]
    return markdown_table(("stage", "CPU, sentences/s", "GPU, sentences/s"), rows)


def ratio_lines(
    cpu: Rates, gpu: Rates | None, vocoder: str, normalization: tuple[float, float]
) -> list[str]:
    """Each fast path against what it replaces, in this run."""
    lines = []
    for device, rates in (("CPU", cpu), ("GPU", gpu)):
        if rates is not None and vocoder != _BASELINE:
            ratio = rates.by_stage["vocode"] / rates.baseline_vocode
            lines.append(
                f"vocode on {device}: {vocoder} is {ratio:.1f} x as fast as {_BASELINE} "
                f"({decimal(rates.baseline_vocode, 1)} sentences/s)"
            )
    ours, nemo = normalization
    lines.append(
        f"normalize: {decimal(ours, 1)} sentences/s, {ours / nemo:.1f} x as fast as NeMo on "
        f"every sentence ({decimal(nemo, 1)} sentences/s)"
    )
    return lines


def build_line(speed: BuildSpeed, config: BuildConfig) -> str:
    return (
        f"whole build on CPU, {config.runtime.num_workers} workers: {speed.sentences} sentences, "
        f"{speed.audio_s:.0f} s of audio in {speed.wall_s:.0f} s: "
        f"{speed.audio_s / speed.wall_s:.1f} audio seconds a second"
    )


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stages",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, default=Path("configs/build/quickstart.yaml"))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--sentences", type=int, default=128, help="a stage (default 128)")
    parser.add_argument(
        "--build-sentences", type=int, default=300, help="of the whole build; 0: leave it out"
    )
    arguments = parser.parse_args(argv)
    if arguments.sentences < 1 or arguments.build_sentences < 0:
        parser.error("--sentences: at least 1; --build-sentences: at least 0")
    return arguments


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table; 1 when the build's config cannot be run."""
    import torch

    arguments = _arguments(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="voxloom-benchmark-") as name:
            folder = Path(name)
            overrides = [*arguments.set, f"output.path={folder / 'dataset'}"]
            config = load_build_config(arguments.config, [*overrides, "runtime.device=cpu"])
            check_build(config)
            print(describe_machine(), end="\n\n", flush=True)
            cpu = measure_stages(config, arguments.sentences, folder / "cpu")
            gpu = None
            if torch.cuda.is_available():
                on_gpu = load_build_config(arguments.config, [*overrides, "runtime.device=cuda"])
                gpu = measure_stages(on_gpu, arguments.sentences, folder / "gpu")
            print(stage_table(cpu, gpu), end="\n\n", flush=True)
            text = measure_normalization(config, arguments.sentences, folder)
            print(*ratio_lines(cpu, gpu, config.voice.vocoder, text), sep="\n", flush=True)
            if arguments.build_sentences:
                speed = measure_build(
                    arguments.config, arguments.set, arguments.build_sentences, folder
                )
                print(build_line(speed, config))
    except VoxloomError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
