"""How long the browse page waits for an answer, and what a report costs, on a large dataset.

    .venv/bin/python -m benchmarks.browse data/quickstart --rows 100000

Repeats the dataset's rows until there are so many, then prints seconds (of questions the slowest
of five) and the peak memory of each part in a process of its own.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.large_dataset import repeat_dataset
from models.evaluation.tables import markdown_table

_REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--part", choices=("browse", "report"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        (_browse if options.part == "browse" else _report)(options.dataset)
        return
    with tempfile.TemporaryDirectory() as folder:
        large = repeat_dataset(options.dataset, Path(folder) / "large", options.rows)
        for part in ("browse", "report"):
            command = [sys.executable, "-m", "benchmarks.browse", str(large), "--part", part]
            subprocess.run(command, check=True)


def _browse(dataset: Path) -> None:
    from pipeline.browse.index import Question, RowIndex
    from pipeline.dataset.files import data_files
    from pipeline.dataset.light_rows import RowsByIndex

    started = time.perf_counter()
    index, rows_at = RowIndex(dataset), RowsByIndex(data_files(dataset))
    figures = [("opening", time.perf_counter() - started)]
    questions = {
        "first page": Question(),
        "text": Question(text="alarm"),
        "text and phrase, sorted": Question(text='"in the" light', order="text"),
        "SNR and errors, sorted falling": Question(
            snr_from=5, snr_to=15, error_to=20, order="snr_db", is_falling=True
        ),
        "nothing fits": Question(text="no such words"),
        "last page by duration": Question(order="seconds", page=len(rows_at) // 25 - 1),
    }
    for name, question in questions.items():
        figures.append((name, _slowest(lambda question=question: index.ask(question, ()))))
    marked = {index.id_of(number) or "" for number in range(0, len(rows_at), 10)}
    name = f"{len(marked):,} marked"
    figures.append((name, _slowest(lambda: index.ask(Question(is_marked=True), marked))))
    figures.append(
        ("one clip's sound", _slowest(lambda: rows_at.read(len(rows_at) // 2, ["audio"])))
    )
    _show(f"browse, {len(rows_at):,} rows", figures)


def _report(dataset: Path) -> None:
    from pipeline.audit.verdict import audit_dataset
    from pipeline.dataset.files import read_build
    from pipeline.report.page import render_report

    started = time.perf_counter()
    audit = audit_dataset(dataset)
    audited = time.perf_counter()
    page = render_report(dataset, audit)
    figures = [("audit", audited - started), ("report", time.perf_counter() - audited)]
    rows = f"{read_build(dataset)['rows']:,} rows"
    _show(f"report, {rows}, {len(page.encode()) / 1e6:.1f} MB", figures)


def _slowest(call: object) -> float:
    assert callable(call)
    seconds = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return max(seconds)


def _show(title: str, figures: list[tuple[str, float]]) -> None:
    rows = [[name, f"{seconds:.3f}"] for name, seconds in figures]
    print(markdown_table((title, "seconds"), rows))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"peak memory {peak:,.0f} MB\n", flush=True)


if __name__ == "__main__":
    main()
