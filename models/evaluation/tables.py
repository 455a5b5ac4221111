"""Results as a Markdown table to read and a CSV to compute with."""

from collections.abc import Sequence
from pathlib import Path

MISSING = "-"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell; the first one to the left, the others to the right."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(3, *(len(cell) for cell in column)) for column in columns]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(cells, widths) for cells in (header, rule, *rows))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    others = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return f"| {' | '.join([first, *others])} |"


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Creates the folder if need be."""
    import pandas as pd  # half a second, which the command line is not to take for its help

    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(list(rows), columns=list(header), dtype=object).to_csv(path, index=False)


def percent(share: float | None) -> str:
    return MISSING if share is None else f"{100 * share:.1f} %"


def decimal(value: float | None, places: int = 2) -> str:
    return MISSING if value is None else f"{value:.{places}f}"


def verdict(passed: bool) -> str:
    return "pass" if passed else "FAIL"
