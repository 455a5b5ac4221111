"""The benchmark runs, and says what it measured of how many ranges."""

import pytest

from benchmarks.sentence_ranges import main


def test_ranges_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--counts", "40", "--range", "20"]) == 0
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert table[-1][1:5:2] == ["40", "2"]
    assert float(table[-1][-2]) > 100  # MiB
