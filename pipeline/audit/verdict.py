"""Is the noise of a dataset really random? Every test, corrected for how many there are, and a
verdict.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.audit.asked import asked_by
from pipeline.audit.columns import label_columns, read_ledger, read_light_columns, voice_columns
from pipeline.audit.draws import order, rates, shapes
from pipeline.audit.evidence import Evidence, Finding
from pipeline.audit.repeats import Conditions, repeats, variety
from pipeline.audit.ties import ties
from pipeline.dataset import read_build
from pipeline.independence import holm
from pipeline.randomness import rng_for

FORMAT = "voxloom-audit-1"
ALPHA = 0.01


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding with its p corrected for all tests of the audit."""

    finding: Finding
    corrected_p: float
    is_bias: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """What the tests of a dataset found, in the order they were made.

    Of datasets whose draws are in order, a share of at most `alpha` has any bias in its findings.
    """

    name: str
    alpha: float
    evidence: Evidence
    findings: tuple[Judged, ...]
    conditions: Conditions | None

    @property
    def biases(self) -> tuple[Judged, ...]:
        """What chance does not explain, the surest first."""
        found = [judged for judged in self.findings if judged.is_bias]
        return tuple(sorted(found, key=lambda judged: judged.finding.p))

    @property
    def verdict(self) -> str:
        """In one sentence."""
        count = len(self.findings)
        if not count:
            return "nothing to test: no row has anything drawn, or there are fewer than 20"
        if not self.biases:
            return f"passed: {count} tests, and chance explains them all"
        columns = list(dict.fromkeys(judged.finding.subject for judged in self.biases))
        more = f" and {len(columns) - 4} more" if len(columns) > 4 else ""
        return f"bias found: {len(self.biases)} of {count} tests, in {', '.join(columns[:4])}{more}"


def audit_dataset(dataset: Path, alpha: float = ALPHA) -> Audit:
    """Audit the dataset in the folder `dataset`; reads no audio.

    Raises `DataError` when it is missing, damaged or has no ledger.
    """
    return audit_table(read_light_columns(dataset), read_build(dataset), alpha)


def audit_table(table: pa.Table, build: Mapping[str, Any], alpha: float = ALPHA) -> Audit:
    """Audit rows with the columns `LIGHT_COLUMNS` and `split`, against what `build` (as in
    `build.json`) asked of them. The same rows give the same audit.
    """
    evidence = _evidence(table, build)
    varied = variety(evidence)
    questions = (ties, shapes, rates, order, repeats)
    findings = [finding for question in questions for finding in question(evidence)]
    findings += [varied[1]] if varied else []
    corrected = holm([finding.p for finding in findings])
    judged = tuple(
        Judged(finding, float(p), bool(p < alpha))
        for finding, p in zip(findings, corrected, strict=True)
    )
    return Audit(build["name"], alpha, evidence, judged, varied[0] if varied else None)


def audit_json(audit: Audit) -> str:
    """The audit as the text of `audit.json`: the verdict, what was found, every test."""
    record = {
        "format": FORMAT,
        "dataset": audit.name,
        "rows": audit.evidence.num_rows,
        "alpha": audit.alpha,
        "passed": not audit.biases,
        "verdict": audit.verdict,
        "conditions": audit.conditions and asdict(audit.conditions),
        "tests": [
            asdict(judged.finding) | {"corrected_p": judged.corrected_p, "bias": judged.is_bias}
            for judged in audit.findings
        ],
    }
    return json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _evidence(table: pa.Table, build: Mapping[str, Any]) -> Evidence:
    num_rows, rejects = len(table), int(build.get("rejects", 0))
    return Evidence(
        num_rows=num_rows,
        ledger=read_ledger(table),
        voice={column.name: column for column in voice_columns(table)},
        labels={column.name: column for column in label_columns(table)},
        asked=asked_by(build.get("config", {})),
        lost=rejects / (num_rows + rejects),
        rng_for=partial(rng_for, int(build["seed"]), "audit"),
    )
