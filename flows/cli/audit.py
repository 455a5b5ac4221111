"""`voxloom audit`: the results of the bias tests, in a terminal."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from flows.cli.console import console, tell
from flows.cli.options import Dataset
from models.folders import check_can_be_written, check_file_can_be_written

if TYPE_CHECKING:
    from pipeline.audit.verdict import Audit

_SHOWN = 20
_MOST_FIGURES = 100

Alpha = Annotated[
    float,
    typer.Option(
        min=1e-9,
        max=0.5,
        help="False-alarm rate: the share of unbiased datasets reported as biased.",
    ),
]
Tests = Annotated[Path | None, typer.Option("--json", help="Write every test to this file (JSON).")]
Pictures = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write a picture of each bias to this folder.")
]


def audit(dataset: Dataset, alpha: Alpha = 0.01, json: Tests = None, out: Pictures = None) -> None:
    """Test everything that was drawn at random for bias.

    Is the noise tied to a label, a speaker or a position in the dataset? Does it repeat? Every
    build runs this audit; docs/AUDIT.md describes each test. Exits with status 1 if there is a
    bias.

    [dim]Example:[/dim]  voxloom audit data/quickstart --out audit
    """
    from models.atomic import write_atomically
    from pipeline.audit.figures import figures_of
    from pipeline.audit.verdict import audit_dataset, audit_json

    if json:
        check_file_can_be_written(json, "--json")
    if out:
        check_can_be_written(out, "--out")
    with console.status(f"auditing {dataset}"):
        found = audit_dataset(dataset, alpha)
    _tell(found)
    if json:
        write_atomically(json, audit_json(found).encode())
        tell(f"tests    {json}")
    if out:
        figures = figures_of(found, _MOST_FIGURES)
        for figure in figures:
            write_atomically(out / f"{figure.name}.svg", figure.standalone().encode())
        tell(f"pictures {out} ({len(figures)})")
    if found.biases:
        sys.exit(1)


def _tell(found: "Audit") -> None:
    """The answer to every question, and the biases: the 20 surest of many."""
    tell(f"{found.name}: {found.evidence.num_rows} rows; {found.verdict}")
    table = Table("question", box=None, pad_edge=False)
    for heading in ("tests", "least p", "biases"):
        table.add_column(heading, justify="right")
    for answer in found.answers:
        table.add_row(
            answer.asked, str(answer.num_tests), f"{answer.least_p:.2g}", str(answer.num_biases)
        )
    console.print(table)
    if found.conditions:
        tell(f"(noise, room, speaker): {found.conditions.words}")
    for bias in found.biases[:_SHOWN]:
        finding = bias.finding
        subject = f"{finding.subject} by {finding.against}" if finding.against else finding.subject
        tell(f"bias: {subject}: {finding.words} ({finding.test}, p {bias.corrected_p:.1g})")
    if len(found.biases) > _SHOWN:
        tell(f"and {len(found.biases) - _SHOWN} more")
