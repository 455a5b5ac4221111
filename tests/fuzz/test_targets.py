"""A few seconds of every fuzz target, and all that was found; `make fuzz` takes minutes."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.mutations import mutated
from tests.fuzz.target import check
from tests.fuzz.targets import TARGETS

FINDINGS = Path(__file__).with_name("findings")
SLOW = {"own.arrow", "own.parquet", "record-verify", "record-report", "rows-verify", "rows-browse"}


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_are_taken_or_refused_in_a_line(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    seeds = target.prepare(tmp_path)
    for data in seeds:
        check(target, data, tmp_path)
    examples = settings(
        max_examples=3 if name in SLOW else 8,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    examples(given(mutated(seeds))(lambda data: check(target, data, tmp_path)))()


@pytest.mark.parametrize(
    "finding",
    sorted(FINDINGS.glob("*/*")),
    ids=lambda path: f"{path.parent.name}-{path.name}",
)
def test_what_was_found_stays_fixed(finding: Path, tmp_path: Path) -> None:
    target = TARGETS[finding.parent.name]
    target.prepare(tmp_path)
    check(target, finding.read_bytes(), tmp_path)
