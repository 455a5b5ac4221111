"""Sentences a second of every sampling strategy, and the memory they take.

    python -m benchmarks.sentences [--counts 10000 1000000] [--domain prompts/voice_assistant]

Every figure comes from a process of its own: seconds are those of its one core (CPU time), and
the memory is the most it ever held, imports included. Ids are not collected here, so the
difference between two counts is what the sampler itself keeps.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from benchmarks.peak_memory import peak_mib
from models.evaluation.tables import markdown_table
from pipeline.sentences.covering.covering import CoverageConfig
from pipeline.sentences.drawing.sampling import Strategy
from pipeline.sentences.generate import SentencesConfig, generate


def measure(config: SentencesConfig, seed: int = 1) -> tuple[float, float]:
    """Sentences a second of CPU time, and peak memory of this process so far in MiB."""
    started = time.process_time()
    for _ in generate(config, seed):
        pass
    rate = config.count / (time.process_time() - started)
    return rate, peak_mib()


def _measure_apart(domain: Path, strategy: str, count: int) -> list[str]:
    arguments = ["--domain", str(domain), "--counts", str(count), "--one", strategy]
    command = [sys.executable, "-m", "benchmarks.sentences", *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate, peak = map(float, output.split())
    return [strategy, f"{count:,}", f"{rate:,.0f}", f"{peak:.0f} MiB"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--domain", type=Path, default=Path("prompts/voice_assistant"))
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--one", choices=get_args(Strategy), help="this strategy, in this process")
    options = parser.parse_args(arguments)
    if options.one:
        config = SentencesConfig(
            options.domain,
            options.counts[0],
            options.one,
            coverage=CoverageConfig(partial=True),
        )
        print(*measure(config))
        return 0
    rows = [
        _measure_apart(options.domain, strategy, count)
        for strategy in get_args(Strategy)
        for count in options.counts
    ]
    print(markdown_table(["strategy", "sentences", "a second", "peak memory"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
