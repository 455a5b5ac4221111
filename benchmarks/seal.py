"""Seconds and peak memory of sealing a large build, by its number of rows.

    python -m benchmarks.seal [--rows 20000 200000] [--work /tmp]

The sentences are the build's own. Clips are those of its first sentences, under the ids of all, and
their sound is the shortest clip's, so that many fit on a disk; every fifth of a hundred rows is a
reject of the judge, with its sound. Every seal runs in a process of its own: seconds are those of
its one core (CPU time), of which some are not spread over workers in a large build, and the memory
is the most it ever held, imports included.
"""

import argparse
import dataclasses
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peak_memory import peak_mib
from benchmarks.stages import describe_machine
from models.evaluation.tables import markdown_table
from pipeline.build import stages
from pipeline.build.config import BuildConfig, load_build_config
from pipeline.build.job import Job
from pipeline.build.seal import seal_build
from pipeline.build.sentence_shards import in_turn
from pipeline.dataset.manifest import Row, read_part, write_part
from pipeline.records import (
    CleanClip,
    FinishedClip,
    JudgedClip,
    MelClip,
    Reject,
    Sentence,
    SpokenSentence,
)
from pipeline.storage.shards import read_shard, write_shard

_SPOKEN = 64  # clips that are really made
_SHARD_SIZE = 256
_REJECTED = 20  # one row of so many
_EMPTY: dict[str, type] = {
    "frontend": SpokenSentence,
    "synthesize": MelClip,
    "vocode": CleanClip,
    "augment": FinishedClip,
}


def make_build(config: BuildConfig, rows: int, clips: Sequence[Row], folder: Path) -> Job:
    """A build of so many rows, all its shards made, `clips` under the ids of its sentences."""
    job = stages.plan(_sized(config, rows, folder))
    rejected = Reject(
        "",
        "judge",
        "phone error rate above 0.7",
        clips[0]["speaker"],
        "",
        clips[0]["audio"]["bytes"],
    )
    for index, path in enumerate(stages.generate_shards(job)):
        sentences = read_shard(path, Sentence).rows
        failed = [s for n, s in enumerate(sentences) if n % _REJECTED == _REJECTED - 1]
        rejects = [dataclasses.replace(rejected, id=s.id, template=s.template) for s in failed]
        write_shard(job.shard("judge", index), rejects, JudgedClip)
        for stage, record in _EMPTY.items():
            _link_empty(job, stage, record, index)
        ids = {sentence.id for sentence in failed}
        kept = (sentence for sentence in sentences if sentence.id not in ids)
        write_part(job.shard("manifest", index), list(_as_rows(kept, clips)))
    return job


def _link_empty(job: Job, stage: str, record: type, index: int) -> None:
    """A stage's shard without rejects; all of them are one file."""
    path, first = job.shard(stage, index), job.shard(stage, 0)
    if index:
        os.link(first, path)
    else:
        write_shard(first, [], record)


def _as_rows(sentences: Iterator[Sentence], clips: Sequence[Row]) -> Iterator[Row]:
    for sentence, clip in zip(sentences, itertools.cycle(clips), strict=False):
        slots = [
            {"name": slot.name, "value": slot.value, "first_word": 0, "end_word": 1}
            for slot in sentence.slots
        ]
        yield clip | {
            "id": sentence.id,
            "audio": clip["audio"] | {"path": f"{sentence.id}.flac"},
            "text": sentence.text,
            "template": sentence.template,
            "intent": sentence.intent,
            "slots": slots,
        }


def make_clips(config: BuildConfig, folder: Path) -> list[Row]:
    """Rows of a small build, all with the shortest of their sounds."""
    job = stages.plan(_sized(config, _SPOKEN, folder))
    (path,) = stages.generate_shards(job)
    for make in (
        stages.frontend_shard,
        stages.synthesize_shard,
        stages.vocode_shard,
        stages.judge_shard,
        stages.augment_shard,
        stages.manifest_shard,
    ):
        path = make(job, path)
    rows = read_part(path)
    shortest = min(rows, key=lambda row: len(row["audio"]["bytes"]))
    return [row | {"audio": shortest["audio"]} for row in rows]


def _sized(config: BuildConfig, rows: int, folder: Path) -> BuildConfig:
    return dataclasses.replace(
        config,
        sentences=dataclasses.replace(config.sentences, count=rows),
        output=dataclasses.replace(config.output, path=folder / "dataset"),
        runtime=dataclasses.replace(
            config.runtime, shard_size=_SHARD_SIZE, work_dir=folder / "build", device="cpu"
        ),
    )


def _seal_here(config: BuildConfig, rows: int, folder: Path) -> None:
    """Prints CPU seconds, those of them that only one process can spend, and the peak memory of
    this process in MiB.
    """
    job, spent_in_pieces = stages.plan(_sized(config, rows, folder)), 0.0

    def spread(make: Callable[[Job, Any], Any], job: Job, pieces: Sequence[Any]) -> list[Any]:
        nonlocal spent_in_pieces
        started = time.process_time()
        made = in_turn(make, job, pieces)
        spent_in_pieces += time.process_time() - started
        return made

    started = time.process_time()
    seal_build(job, spread=spread)
    spent = time.process_time() - started
    print(f"{spent:.2f} {spent - spent_in_pieces:.2f} {peak_mib():.0f}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, default=Path("configs/build/quickstart.yaml"))
    parser.add_argument("--rows", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--work", type=Path, help="where to write; gone at the end")
    parser.add_argument("--one", type=Path, metavar="FOLDER", help="seal the build made there")
    options = parser.parse_args(argv)
    config = load_build_config(options.config)
    if options.one:
        _seal_here(config, options.rows[0], options.one)
        return 0
    lines = []
    with tempfile.TemporaryDirectory(dir=options.work) as name:
        clips = make_clips(config, Path(name) / "clips")
        for rows in sorted(options.rows):
            with tempfile.TemporaryDirectory(dir=name) as folder:
                make_build(config, rows, clips, Path(folder))
                command = [sys.executable, "-m", "benchmarks.seal", "--config", options.config]
                command += ["--rows", rows, "--one", folder]
                done = subprocess.run(
                    [str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True
                )
            seconds, in_one, mib = (float(word) for word in done.stdout.split()[-3:])
            each_ms = f"{1000 * seconds / rows:.2f}"
            lines.append([f"{rows:,}", f"{seconds:.1f}", each_ms, f"{in_one:.1f}", f"{mib:.0f}"])
    print(describe_machine(), end="\n\n")
    print(markdown_table(("rows", "CPU s", "ms a row", "not on workers, s", "peak MiB"), lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
