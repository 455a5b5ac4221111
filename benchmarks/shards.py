"""What a shard costs beside its sentences: CPU time of all stages, from reading to writing.

    python -m benchmarks.shards [--sentences 48] [--size 2]

The same sentences in one shard and in many, one after the other in this process, after one that
warms up. Prefect's part of a task is in `benchmarks.start`.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.stages import sized
from models.evaluation.tables import markdown_table
from pipeline.build import stages
from pipeline.build.config import BuildConfig, load_build_config

_USUAL_SIZES = (50, 256)  # of the quickstart, and where no config says


def stages_s(config: BuildConfig, count: int, shard_size: int) -> float:
    """CPU seconds of all stages of the shards of `count` sentences; sentences themselves, which are
    drawn for all shards together, are left out.
    """
    with tempfile.TemporaryDirectory(prefix="voxloom-shards-") as name:
        whole = sized(config, count, Path(name), config.seed)
        runtime = dataclasses.replace(whole.runtime, shard_size=shard_size)
        job = stages.plan(dataclasses.replace(whole, runtime=runtime))
        shards, started = stages.generate_shards(job), time.process_time()
        for shard in shards:
            for make in stages.MAKERS.values():
                shard = make(job, shard)
        return time.process_time() - started


def shard_s(one_s: float, many_s: float, num_shards: int) -> float:
    """What a shard costs, of the times of the same sentences in one and in `num_shards`."""
    return (many_s - one_s) / (num_shards - 1)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, default=Path("configs/build/quickstart.yaml"))
    parser.add_argument("--sentences", type=int, default=48)
    parser.add_argument("--size", type=int, default=2, help="of the small shards")
    options = parser.parse_args(argv)
    config, count = load_build_config(options.config, ["runtime.device=cpu"]), options.sentences
    stages_s(config, options.size, options.size)
    one_s = stages_s(config, count, count)
    num_shards = -(-count // options.size)
    each_s = shard_s(one_s, stages_s(config, count, options.size), num_shards)
    sentence_s = (one_s - each_s) / count
    rows = [["a sentence", f"{1000 * sentence_s:.0f} ms"], ["a shard", f"{1000 * each_s:.0f} ms"]]
    rows += [
        [f"its share, {size} sentences a shard", f"{each_s / (each_s + size * sentence_s):.1%}"]
        for size in _USUAL_SIZES
    ]
    print(markdown_table(("CPU time of all stages", ""), rows))


if __name__ == "__main__":
    main()
