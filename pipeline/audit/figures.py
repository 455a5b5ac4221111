"""The choice of pictures for an audit's findings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from pipeline.audit.columns import POSITION, Column
from pipeline.audit.evidence import Evidence, Finding
from pipeline.audit.pictures import WIDTH, met_more_or_less
from pipeline.audit.ties import TIES, bins, shared_rows
from pipeline.audit.verdict import Audit
from pipeline.statistics.independence import contingency_table

STYLE = ".more{fill:var(--warm)}.less{fill:var(--accent)}"
_PAGE_STYLE = (
    "svg{--soft:#646a73;--line:#e3e3de;--accent:#2a6f77;--warm:#b5532a;background:#fff}"
    "text{fill:var(--soft);font:12px system-ui,sans-serif}.grid{stroke:var(--line)}"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with what it shows; `name` is good for a file."""

    name: str
    title: str
    note: str
    svg: str

    def standalone(self) -> str:
        """The SVG as a file of its own, with the colours that a page would give it."""
        opening, rest = self.svg.split(">", 1)
        opening = opening.replace(
            "<svg", f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}"'
        )
        return f"{opening}><style>{_PAGE_STYLE}{STYLE}</style>{rest}\n"


def figures_of(audit: Audit, most: int) -> list[Figure]:
    """At most `most`: of the biases that can be drawn, the surest first, or where there is none of
    what is usually asked about."""
    wanted = [bias.finding for bias in audit.biases] or list(_usual(audit))
    figures: dict[str, Figure] = {}
    for finding in wanted:
        figure = figure_of(finding, audit.evidence)
        if figure and len(figures) < most:
            figures.setdefault(figure.name, figure)
    return list(figures.values())


def figure_of(finding: Finding, evidence: Evidence) -> Figure | None:
    """The picture of one finding; None where a picture adds nothing."""
    column = {**evidence.voice, **{column.name: column for column in evidence.drawn()}}.get(
        finding.subject
    )
    if column is None or finding.question != TIES:
        return None
    svg = _tie(column, {**evidence.labels, **evidence.voice}[finding.against])
    title = f"{column.name} by {finding.against}"
    name = re.sub(r"[^\w.-]+", "-", title).strip("-")
    return Figure(name, title, finding.words, svg)


def _tie(column: Column, label: Column) -> str:
    drawn, label = shared_rows(column, label)
    assert label.levels is not None
    cells, codes = drawn.levels, drawn.values
    if cells is None:
        codes = np.unique(bins(drawn.values), return_inverse=True)[1]
        lowest = [drawn.values[codes == code].min() for code in range(int(codes.max()) + 1)]
        cells = tuple(f"from {low:.3g}" for low in lowest)
    table = contingency_table(label.values, codes)
    axis = f"{column.name}: more often than chance (warm), or less"
    return met_more_or_less(table, label.levels, cells, axis)


def _usual(audit: Audit) -> Iterator[Finding]:
    """The pairs that are always shown: the class of noise and the SNR by what is learned, by the
    voice and by the position in the dataset.
    """
    for subject in (".classes", ".snr_db"):
        for against in ("intent", "speaker", POSITION):
            found = (judged.finding for judged in audit.findings)
            yield from islice(
                (f for f in found if f.against == against and subject in f.subject), 1
            )
