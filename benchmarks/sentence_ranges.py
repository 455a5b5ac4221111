"""Sentences by ranges: CPU seconds and peak memory, by the number of sentences and of ranges.

    python -m benchmarks.sentence_ranges [--counts 50000 400000] [--range 50000] [--work /tmp]

Ranges are smaller here than a build's, so that few sentences have many. Of every count all ranges
are drawn, chosen and written in one process, one after the other: what a worker holds of a range
does not grow with their number, and what the choice holds of all sentences does.
"""

import argparse
import dataclasses
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peak_memory import peak_mib
from benchmarks.stages import describe_machine
from models.evaluation.tables import markdown_table
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.sentences import ranges


def _measure_here(config: Path, count: int, folder: Path) -> None:
    """Prints CPU seconds, and the peak memory of this process in MiB."""
    settings = load_build_config(config)
    runtime = dataclasses.replace(settings.runtime, work_dir=folder, device="cpu")
    sentences = dataclasses.replace(settings.sentences, count=count)
    job = stages.plan(dataclasses.replace(settings, sentences=sentences, runtime=runtime))
    started = time.process_time()
    stages.generate_shards(job)
    print(f"{time.process_time() - started:.1f} {peak_mib():.0f}")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--config", type=Path, default=Path("configs/build/quickstart.yaml"))
    parser.add_argument("--counts", type=int, nargs="+", default=[50_000, 400_000])
    parser.add_argument("--range", type=int, default=50_000, help="sentences")
    parser.add_argument("--work", type=Path, help="where to write; gone at the end")
    parser.add_argument("--one", type=Path, metavar="FOLDER", help="the first count, there")
    options = parser.parse_args(argv)
    if options.one:
        ranges.RANGE_SENTENCES = options.range
        _measure_here(options.config, options.counts[0], options.one)
        return 0
    lines = []
    for count in sorted(options.counts):
        with tempfile.TemporaryDirectory(dir=options.work) as folder:
            command = [sys.executable, "-m", "benchmarks.sentence_ranges", "--config"]
            command += [str(options.config), "--range", str(options.range)]
            command += ["--counts", str(count), "--one", folder]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        seconds, mib = done.stdout.split()[-2:]
        each_us = f"{1e6 * float(seconds) / count:.0f}"
        lines.append([f"{count:,}", f"{-(-count // options.range)}", seconds, each_us, mib])
    print(describe_machine(), end="\n\n")
    print(markdown_table(("sentences", "ranges", "CPU s", "us a sentence", "peak MiB"), lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
