"""`voxloom audit`: what the tests found, in plain words."""

import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipeline.audit.verdict import Audit

console = Console(highlight=False)
_SHOWN = 20
_MOST_FIGURES = 100


def audit_command(dataset: Path, alpha: float, json: Path | None, out: Path | None) -> None:
    """Print the answer to every question and the biases (the 20 surest of many), write what is
    asked for, and exit with 1 if there is a bias."""
    from pipeline.audit.figures import figures_of
    from pipeline.audit.verdict import audit_dataset, audit_json
    from pipeline.storage.atomic import write_atomically

    with console.status(f"auditing {dataset}"):
        audit = audit_dataset(dataset, alpha)
    _tell(audit)
    if json:
        write_atomically(json, audit_json(audit).encode())
        console.print(f"tests    {json}", soft_wrap=True)
    if out:
        figures = figures_of(audit, _MOST_FIGURES)
        for figure in figures:
            write_atomically(out / f"{figure.name}.svg", figure.standalone().encode())
        console.print(f"pictures {out} ({len(figures)})", soft_wrap=True)
    if audit.biases:
        sys.exit(1)


def _tell(audit: Audit) -> None:
    rows = audit.evidence.num_rows
    console.print(f"{audit.name}: {rows} rows; {audit.verdict}", markup=False, soft_wrap=True)
    table = Table("question", box=None, pad_edge=False)
    for heading in ("tests", "least p", "biases"):
        table.add_column(heading, justify="right")
    for answer in audit.answers:
        table.add_row(
            answer.asked, str(answer.num_tests), f"{answer.least_p:.2g}", str(answer.num_biases)
        )
    console.print(table)
    if audit.conditions:
        console.print(f"(noise, room, speaker): {audit.conditions.words}", soft_wrap=True)
    for bias in audit.biases[:_SHOWN]:
        finding = bias.finding
        subject = f"{finding.subject} by {finding.against}" if finding.against else finding.subject
        line = f"bias: {subject}: {finding.words} ({finding.test}, p {bias.corrected_p:.1g})"
        console.print(line, markup=False, soft_wrap=True)
    if len(audit.biases) > _SHOWN:
        console.print(f"and {len(audit.biases) - _SHOWN} more", soft_wrap=True)
