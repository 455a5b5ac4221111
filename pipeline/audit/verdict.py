"""All tests of an audit, their p-values corrected together, and the verdict."""

import json
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from pipeline.audit.columns import label_columns, read_light_columns, read_log, voice_columns
from pipeline.audit.evidence import Evidence, Finding, probabilities
from pipeline.audit.record import AuditRecord
from pipeline.audit.repeats import CONDITIONS, REPEATS, Conditions, repeats, variety
from pipeline.audit.ties import TIES, ties
from pipeline.dataset.record import DatasetRecord, read_record
from pipeline.randomness import rng_for
from pipeline.statistics.independence import holm

ALPHA = 0.01
MOST_ROWS = 100_000  # that are tested


# What each group of tests asks, in plain words.
QUESTIONS = {
    TIES: "does a draw depend on a label, a voice or the position?",
    REPEATS: "are segments of noise repeated?",
    CONDITIONS: "are (noise, room, speaker) as varied as independent draws?",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One of `QUESTIONS`: the number of its tests, their least corrected p, and the number of
    biases."""

    question: str
    asked: str
    num_tests: int
    least_p: float
    num_biases: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A finding with its p-value corrected for the number of tests of the audit."""

    finding: Finding
    corrected_p: float
    is_bias: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """The findings of all tests of a dataset, in the order of the tests.

    `alpha` is the false-alarm rate: the share of unbiased datasets with any bias reported.
    """

    name: str
    alpha: float
    evidence: Evidence
    findings: tuple[Judged, ...]
    conditions: Conditions | None

    @property
    def biases(self) -> tuple[Judged, ...]:
        """The significant findings, the smallest p first."""
        found = [judged for judged in self.findings if judged.is_bias]
        return tuple(sorted(found, key=lambda judged: judged.finding.p))

    @property
    def answers(self) -> tuple[Answer, ...]:
        """One for each question with tests."""
        found = []
        for question, asked in QUESTIONS.items():
            tests = [judged for judged in self.findings if judged.finding.question == question]
            if tests:
                least_p = min(judged.corrected_p for judged in tests)
                num_biases = sum(judged.is_bias for judged in tests)
                found.append(Answer(question, asked, len(tests), least_p, num_biases))
        return tuple(found)

    @property
    def verdict(self) -> str:
        """In one sentence."""
        count = len(self.findings)
        if not count:
            return "nothing to test: no row has anything drawn, or there are fewer than 20"
        if not self.biases:
            return f"passed: no bias in {count} tests"
        columns = list(dict.fromkeys(judged.finding.subject for judged in self.biases))
        more = f" and {len(columns) - 4} more" if len(columns) > 4 else ""
        return f"bias found: {len(self.biases)} of {count} tests, in {', '.join(columns[:4])}{more}"


def audit_dataset(dataset: Path, alpha: float = ALPHA) -> Audit:
    """Audit the dataset in the folder `dataset`, or `MOST_ROWS` drawn from it; reads no audio.

    Raises `DataError` when it is missing, damaged or has no augmentation log.
    """
    record = read_record(dataset)
    table = read_light_columns(dataset, MOST_ROWS, record.seed)
    if len(table) < record.rows:
        record = replace(record, rejects=round(record.rejects * len(table) / record.rows))
    return audit_table(table, record, alpha)


def audit_table(table: pa.Table, record: DatasetRecord, alpha: float = ALPHA) -> Audit:
    """Audit rows as `read_light_columns` reads them, against what the dataset's `record`
    asked of them. The same rows give the same audit.
    """
    evidence = _evidence(table, record)
    varied = variety(evidence)
    findings = [*ties(evidence), *repeats(evidence), *([varied[1]] if varied else [])]
    corrected = holm([finding.p for finding in findings])
    judged = tuple(
        Judged(finding, float(p), bool(p < alpha))
        for finding, p in zip(findings, corrected, strict=True)
    )
    return Audit(record.name, alpha, evidence, judged, varied[0] if varied else None)


def audit_json(audit: Audit) -> str:
    """The audit as the text of `audit.json`: the verdict, what was found, every test."""
    record = AuditRecord(
        format="voxloom-audit-1",
        dataset=audit.name,
        rows=audit.evidence.num_rows,
        alpha=audit.alpha,
        passed=not audit.biases,
        verdict=audit.verdict,
        conditions=asdict(audit.conditions) if audit.conditions else None,
        tests=tuple(
            asdict(judged.finding) | {"corrected_p": judged.corrected_p, "bias": judged.is_bias}
            for judged in audit.findings
        ),
    )
    return json.dumps(asdict(record), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _evidence(table: pa.Table, record: DatasetRecord) -> Evidence:
    num_rows, rejects = len(table), record.rejects
    retried = sum(attempt > 0 for attempt in table["attempt"].to_pylist())
    return Evidence(
        num_rows=num_rows,
        log=read_log(table),
        voice={column.name: column for column in voice_columns(table)},
        labels={column.name: column for column in label_columns(table)},
        probability=probabilities(record.parts),
        lost=(rejects + retried) / (num_rows + rejects),
        speakers_apart="speaker" in record.kept_apart,
        rng_for=partial(rng_for, record.seed, "audit"),
    )
