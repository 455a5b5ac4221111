"""The report's section on the audit: its tests and findings."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.audit.figures import STYLE, Figure, figures_of
from pipeline.audit.verdict import Answer, Audit, Judged

NUM_LISTED = 12  # biases
NUM_FIGURES = 6


@dataclass(frozen=True, slots=True)
class Audited:
    """The section: the verdict, the answer to every question, the surest biases in words, and
    pictures of them or, without any, of what one would ask first. `style` is the pictures'."""

    verdict: str
    passed: bool
    alpha: float
    variety: str
    answers: Sequence[Answer]
    biases: Sequence[Judged]
    num_biases: int
    figures: Sequence[Figure]
    style: str = STYLE


def audit_section(audit: Audit) -> Audited:
    """The section for an audit."""
    found = audit.conditions
    return Audited(
        verdict=audit.verdict,
        passed=not audit.biases,
        alpha=audit.alpha,
        variety=found.words if found else "",
        answers=audit.answers,
        biases=audit.biases[:NUM_LISTED],
        num_biases=len(audit.biases),
        figures=figures_of(audit, NUM_FIGURES),
    )
