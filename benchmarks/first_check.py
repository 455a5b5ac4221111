"""CPU seconds of the check that ends a wrong build before any work, for a build of many sentences.

    python -m benchmarks.first_check [--sentences 10000000]

A row for every sampling strategy, and one for a text file of as many lines. The check of a small
build goes first, so that imports and grammars are in no row.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from benchmarks.peers import cpu_s
from benchmarks.stages import describe_machine
from models.evaluation.tables import markdown_table
from pipeline.build.config import BuildConfig, check_build, load_build_config
from pipeline.sentences.drawing.sampling import Strategy

CONFIG = Path("configs/build/quickstart.yaml")


def seconds_of(config: BuildConfig) -> float:
    """CPU seconds of this process and its children for one check."""
    started = cpu_s()
    check_build(config)
    return cpu_s() - started


def builds(count: int, folder: Path) -> dict[str, BuildConfig]:
    """The quickstart with `count` sentences of each strategy, and of a text file in `folder`."""
    found = {
        strategy: load_build_config(
            CONFIG, [f"sentences.count={count}", f"sentences.strategy={strategy}"]
        )
        for strategy in get_args(Strategy)
    }
    lines = folder / "lines.txt"
    with lines.open("w", encoding="utf-8") as file:
        file.writelines(f"Turn on lamp number {number}.\n" for number in range(count))
    files = f"sentences.files=[{{path: {lines}, share: 1.0}}]"
    found[f"{lines.stat().st_size >> 20} MiB of text"] = load_build_config(
        CONFIG, [f"sentences.count={count}", "sentences.domain=null", files]
    )
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sentences", type=int, default=10_000_000)
    count = parser.parse_args(arguments).sentences
    seconds_of(load_build_config(CONFIG))
    with tempfile.TemporaryDirectory() as folder:
        rows = [
            [name, f"{seconds_of(config):.1f}"]
            for name, config in builds(count, Path(folder)).items()
        ]
    print(describe_machine(), end="\n\n")
    print(markdown_table((f"{count:,} sentences of", "CPU s of the check"), rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
