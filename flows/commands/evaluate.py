"""`voxloom evaluate`: systems side by side on held-out clips."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from models.evaluation.acoustic import AcousticRequest
from models.evaluation.results import Column, Table, compare, markdown, write_tables
from models.evaluation.vocoders import VocoderRequest

console = Console(highlight=False)
_COMPARED = ("pesq_wb", "stft", "mcd_dtw_db")  # figures whose order is told clip by clip


def evaluate_vocoders_command(request: VocoderRequest, mos: str | None, out: Path) -> None:
    """Print the tables and write them to `out`."""
    from models.evaluation.judge import Judge
    from models.evaluation.vocoders import COLUMNS, evaluate_vocoders

    judge = Judge(request.recognizer, _opinion(mos))
    tables = evaluate_vocoders(request, judge, _print)
    _conclude(tables, COLUMNS, out)


def evaluate_acoustic_command(request: AcousticRequest, mos: str | None, out: Path) -> None:
    """Print the table and write it to `out`."""
    from models.evaluation.acoustic import COLUMNS, evaluate_acoustic
    from models.evaluation.judge import Judge

    judge = Judge(request.recognizer, _opinion(mos))
    _conclude(evaluate_acoustic(request, judge, _print), COLUMNS, out)


def _opinion(mos: str | None) -> Callable | None:
    if mos is None:
        return None
    from models.evaluation.nisqa import load_opinion

    return load_opinion(mos)


def _conclude(tables: Sequence[Table], columns: Sequence[Column], out: Path) -> None:
    from models.evaluation.plots import plot_tables

    text = "\n\n".join(_describe(table, columns) for table in tables)
    if find_spec("pesq") is None and any(column.key == "pesq_wb" for column in columns):
        text += "\n\nPESQ left out: pip install -e '.[bench]' (it is compiled: needs gcc)"
    write_tables(tables, columns, out)
    plot_tables(tables, columns, out / "comparison.png")
    (out / "results.md").write_text(text + "\n", encoding="utf-8")
    _print(f"\n{text}\n")
    _print(f"written to {out}: results.md, comparison.png, summary.csv, clips.csv")


def _describe(table: Table, columns: Sequence[Column]) -> str:
    """The table, and the order of its rows clip by clip."""
    compared = [compare(table, column) for column in columns if column.key in _COMPARED]
    order = "\n".join(f"- {line}" for line in compared if line)
    return "\n\n".join([markdown(table, columns), order] if order else [markdown(table, columns)])


def _print(message: str) -> None:
    console.print(message, markup=False, soft_wrap=True)
