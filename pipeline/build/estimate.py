"""What a build will take, from a short run of its stages on this machine.

Samples of its sentences go through all stages, in as many threads as the build has workers, and are
sealed. The first loads what a build loads; the two others, of different sizes, tell what a sentence
takes from what a build takes once.
"""

import math
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from models.errors import ConfigError
from pipeline.build import stages
from pipeline.build.config import BuildConfig
from pipeline.build.job import SENTENCES, Job
from pipeline.build.seal import seal_build
from pipeline.dataset.files import data_files

SEAL = "seal"
_SAMPLES = (4, 12, 48)  # sentences a worker, at most as many as a shard has
_COPIES = 6  # of a stage's records: read, made, as columns, as a file, and as waves of floats
# From `python -m benchmarks.seal`, for some dozens of rows tell little of millions: the bytes of a
# row, and the time of one as a share of what sealing the largest sample takes.
_SEAL_ROW_BYTES, _SEAL_ROW_SHARE = 400, 2.8e-4


@dataclass(frozen=True, slots=True)
class Spent:
    """What so many `sentences` took: seconds of the clock for all shards, and for the seal; CPU
    seconds by stage; bytes of their shards by stage, of their data files, of the dataset's pages
    and of what else is kept beside the shards; the process's memory.
    """

    sentences: int
    shards_s: float
    seal_s: float
    cpu_s: Mapping[str, float]
    shard_bytes: Mapping[str, int]
    data_bytes: int
    page_bytes: int
    cache_bytes: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of a whole build, on one machine like this one."""

    hours: float
    cpu_hours: Mapping[str, float]  # by stage
    shard_bytes: Mapping[str, float]  # by stage
    cache_bytes: float
    dataset_bytes: float
    memory_bytes: float


def measure(config: BuildConfig, folder: Path) -> list[Spent]:
    """What samples of the build took, the smallest first, with all files below `folder`.

    Raises `ConfigError` where a language model would be asked for sentences, and what a build does.
    """
    if config.sentences.language_model is not None:
        raise ConfigError(
            "sentences.language_model: an estimate would ask it for sentences; "
            "give --set sentences.language_model=null"
        )
    spent = []
    for rows in _SAMPLES:
        place = folder / str(rows)
        spent.append(_spent(_sized(config, min(rows, config.runtime.shard_size), place)))
    return spent


def estimate(config: BuildConfig, samples: Sequence[Spent], started_s: float) -> Estimate:
    """Of the build of `config`; `started_s` is what a build takes before its first shard."""
    num_rows, large = config.sentences.num_rows, samples[-1]

    def taken(first: float, small: float, sample: float) -> float:
        more = large.sentences - samples[1].sentences
        a_row = max(0.0, sample - small) / more if more else sample / large.sentences
        return max(0.0, first - a_row * samples[0].sentences) + a_row * num_rows

    def sealed(seconds: float) -> float:
        return seconds * (1 + _SEAL_ROW_SHARE * max(0, num_rows - large.sentences))

    shards_s = taken(*(spent.shards_s for spent in samples))
    in_work = min(num_rows, config.runtime.num_workers * config.runtime.shard_size)
    row_bytes = max(large.shard_bytes.values()) / large.sentences
    in_stages = _COPIES * row_bytes * max(0, in_work - large.sentences)
    scale = num_rows / large.sentences
    return Estimate(
        hours=(started_s + shards_s + sealed(large.seal_s)) / 3600,
        cpu_hours={
            stage: (
                sealed(seconds)
                if stage == SEAL
                else taken(*(spent.cpu_s[stage] for spent in samples))
            )
            / 3600
            for stage, seconds in large.cpu_s.items()
        },
        shard_bytes={stage: size * scale for stage, size in large.shard_bytes.items()},
        cache_bytes=large.cache_bytes,
        dataset_bytes=large.data_bytes * scale + large.page_bytes,
        memory_bytes=large.memory_bytes + max(in_stages, _SEAL_ROW_BYTES * num_rows),
    )


def _sized(config: BuildConfig, rows: int, folder: Path) -> BuildConfig:
    """The build with a shard of so many rows for each worker, and as many sentences more in every
    sample as the smallest lacks to have one of each source.
    """
    smallest = _sentences_of(config, min(_SAMPLES[0], config.runtime.shard_size))
    least = max((math.ceil(1 / share) for share in config.sentences.shares), default=0)
    count = _sentences_of(config, rows) + max(0, least - smallest)
    count = min(count, config.sentences.count)  # a domain may have no more
    return replace(
        config,
        sentences=replace(config.sentences, count=count),
        judge=replace(config.judge, max_rejected_share=1.0),
        output=replace(config.output, path=folder / "dataset"),
        runtime=replace(config.runtime, shard_size=rows, work_dir=folder / "work"),
    )


def _sentences_of(config: BuildConfig, rows: int) -> int:
    return max(1, config.runtime.num_workers * rows // config.sentences.repetitions)


def _spent(config: BuildConfig) -> Spent:
    job = stages.plan(config)
    cpu_s = dict.fromkeys([SENTENCES, *stages.MAKERS, SEAL], 0.0)
    started, cpu = time.monotonic(), time.thread_time()
    sentences = stages.generate_shards(job)
    cpu_s[SENTENCES] = time.thread_time() - cpu
    with ThreadPoolExecutor(config.runtime.num_workers) as pool:
        for took in pool.map(lambda shard: _through_stages(job, shard), sentences):
            for stage, seconds in took.items():
                cpu_s[stage] += seconds
    made, cpu = time.monotonic(), time.process_time()
    dataset = seal_build(job)
    cpu_s[SEAL] = time.process_time() - cpu
    sizes = {stage: sum(path.stat().st_size for path in job.made(stage)) for stage in job.keys}
    data_bytes = sum(file.stat().st_size for file in data_files(dataset))
    return Spent(
        sentences=config.sentences.num_rows,
        shards_s=made - started,
        seal_s=time.monotonic() - made,
        cpu_s=cpu_s,
        shard_bytes=sizes,
        data_bytes=data_bytes,
        page_bytes=_bytes_in(dataset) - data_bytes,
        cache_bytes=_bytes_in(job.work_dir) - sum(sizes.values()),
        memory_bytes=_peak_memory(),
    )


def _through_stages(job: Job, shard: Path) -> dict[str, float]:
    """CPU seconds by stage of this thread, which works on one shard alone."""
    took: dict[str, float] = {}
    for stage, make in stages.MAKERS.items():
        started = time.thread_time()
        shard = make(job, shard)
        took[stage] = time.thread_time() - started
    return took


def _bytes_in(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _peak_memory() -> int:
    """Of this process, in bytes; macOS counts in bytes, Linux in KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
