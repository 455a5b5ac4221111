"""CPU seconds and sentences a second of every stage, and audio seconds a second of a whole build.

    python -m benchmarks.stages

Each stage makes one shard in this process, on one thread, after a small shard that loads and
warms up what it uses. CPU seconds stand beside those of Griffin-Lim on the same mels in the same
run, so that figures of two machines can be compared. Two stages stand beside what they replace:
the vocoder beside Griffin-Lim, normalization beside NeMo's grammars on every whole sentence. The
build is run by the command line as a user would, start-up and report included.
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
from typing import NamedTuple

from models.errors import DataError, VoxloomError
from models.evaluation.tables import MISSING, decimal, markdown_table, percent
from pipeline.build import stages
from pipeline.build.config import BuildConfig, check_build, load_build_config
from pipeline.build.job import Job
from pipeline.dataset.files import read_build
from pipeline.records import FinishedClip, JudgedClip, Sentence
from pipeline.storage.shards import read_shard
from pipeline.text.normalize import normalize, prepare_grammars

_WARM_UP = 8  # sentences
_BASELINE = "griffin-lim"


class Spent(NamedTuple):
    """What a stage took, in seconds of the clock and of the CPU."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Speed:
    """What the stages took for `sentences` on one device, and what the vocoder's baseline did."""

    sentences: int
    audio_s: float
    by_stage: dict[str, Spent]
    baseline: Spent
    phone_error_rate: float  # of the clips, by the judge

    def rate(self, stage: str) -> float:
        """Sentences a second."""
        return self.sentences / self.by_stage[stage].wall_s

    @property
    def baseline_rate(self) -> float:
        """Sentences a second."""
        return self.sentences / self.baseline.wall_s


@dataclass(frozen=True, slots=True)
class BuildSpeed:
    """A whole build through Prefect."""

    sentences: int
    audio_s: float
    wall_s: float


def measure_stages(config: BuildConfig, count: int, folder: Path) -> Speed:
    """Run every stage on one shard of `count` sentences, with shards below `folder`."""
    warm_up = sized(config, min(_WARM_UP, count), folder / "warm", seed=config.seed + 1)
    time_stages(stages.plan(warm_up))
    measured = sized(config, count, folder / "measured", seed=config.seed)
    job = stages.plan(measured)
    spent = time_stages(job)
    judged = read_shard(job.shard("judge", 0), JudgedClip).rows
    rates = [clip.judgement.phone_error_rate or 0.0 for clip in judged]
    heard = sum(rates) / max(1, len(rates))
    return Speed(count, audio_seconds(job), spent, _time_baseline_vocoder(measured), heard)


def audio_seconds(job: Job) -> float:
    """Of the clips in the first shard."""
    clips = read_shard(job.shard("augment", 0), FinishedClip, without=("audio",)).rows
    return sum(clip.num_samples / clip.sample_rate for clip in clips)


def sized(config: BuildConfig, count: int, work_dir: Path, seed: int) -> BuildConfig:
    return dataclasses.replace(
        config,
        seed=seed,
        sentences=dataclasses.replace(config.sentences, count=count),
        runtime=dataclasses.replace(config.runtime, shard_size=count, work_dir=work_dir),
    )


def time_stages(job: Job) -> dict[str, Spent]:
    """By stage. The shard of a stage is what the next one reads."""
    spent: dict[str, Spent] = {}

    def timed(stage: str, make: Callable[[], Path]) -> Path:
        path, spent[stage] = _timed(make)
        return path

    sentences = timed("generate", lambda: stages.generate_shards(job)[0])
    spoken = timed("frontend", lambda: stages.frontend_shard(job, sentences))
    mels = timed("synthesize", lambda: stages.synthesize_shard(job, spoken))
    clean = timed("vocode", lambda: stages.vocode_shard(job, mels))
    judged = timed("judge", lambda: stages.judge_shard(job, clean))
    finished = timed("augment", lambda: stages.augment_shard(job, judged))
    timed("manifest", lambda: stages.manifest_shard(job, finished))
    return spent


def _timed(make: Callable[[], Path]) -> tuple[Path, Spent]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    path = make()
    return path, Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s)


def _time_baseline_vocoder(config: BuildConfig) -> Spent:
    """What the same mels take by Griffin-Lim; the stages before are found done."""
    voice = dataclasses.replace(config.voice, vocoder=_BASELINE)
    job = stages.plan(dataclasses.replace(config, voice=voice))
    return _timed(lambda: stages.vocode_shard(job, job.shard("synthesize", 0)))[1]


def measure_normalization(config: BuildConfig, count: int, folder: Path) -> tuple[float, float]:
    """Sentences a second of `normalize` in one process, and of NeMo on every whole sentence."""
    job = stages.plan(sized(config, count, folder / "text", seed=config.seed + 2))
    texts = [row.text for row in read_shard(stages.generate_shards(job)[0], Sentence).rows]
    normalize([*texts[:1], "in 1989"], config.text.grammar_cache, workers=1)
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


def stage_table(cpu: Speed, gpu: Speed | None) -> str:
    """A line a stage, and one for all. CPU seconds are those of the run on the CPU."""
    rows = [
        [
            *_cpu_cells(stage, spent.cpu_s, cpu),
            decimal(cpu.rate(stage), 1),
            decimal(gpu.rate(stage), 1) if gpu else MISSING,
        ]
        for stage, spent in cpu.by_stage.items()
    ]
    total_s = sum(spent.cpu_s for spent in cpu.by_stage.values())
    rows.append([*_cpu_cells("all", total_s, cpu), MISSING, MISSING])
    header = ("stage", "CPU s", f"of {_BASELINE}'s", "CPU, sentences/s", "GPU, sentences/s")
    return markdown_table(header, rows)


def _cpu_cells(name: str, cpu_s: float, speed: Speed) -> list[str]:
    return [name, decimal(cpu_s), decimal(cpu_s / speed.baseline.cpu_s)]


def ratio_lines(
    cpu: Speed, gpu: Speed | None, vocoder: str, normalization: tuple[float, float]
) -> list[str]:
    """Each fast path against what it replaces, in this run."""
    total_s = sum(spent.cpu_s for spent in cpu.by_stage.values())
    lines = [
        f"{cpu.sentences} sentences, {cpu.audio_s:.0f} s of audio: "
        f"{cpu.audio_s / total_s:.1f} audio seconds a CPU second; "
        f"phone error rate {percent(cpu.phone_error_rate)}"
    ]
    for device, speed in (("CPU", cpu), ("GPU", gpu)):
        if speed is not None and vocoder != _BASELINE:
            ratio = speed.rate("vocode") / speed.baseline_rate
            lines.append(
                f"vocode on {device}: {vocoder} is {ratio:.1f} x as fast as {_BASELINE} "
                f"({decimal(speed.baseline_rate, 1)} sentences/s)"
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
