"""A build's seconds and memory, and what a further row takes."""

from pathlib import Path

import pytest

from benchmarks.growth import Build, measure, table
from models.errors import DataError


def test_what_a_further_row_takes() -> None:
    first, second = (
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in table([Build(300, 40.0, 900.0), Build(3_000, 310.0, 950.0)]).splitlines()[2:]
    )
    assert first == ["300", "40.0", "133", "-", "900"]
    assert second == ["3,000", "310.0", "103", "100", "950"]


def test_a_build_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.yaml: the build failed: .*nowhere"):
        measure(tmp_path / "nowhere.yaml", 4, [], tmp_path)
