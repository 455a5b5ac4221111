"""Two strategies side by side: as a table, a list of what is left out, and files."""

from pathlib import Path

import pandas as pd
import pytest

from pipeline.coverage.comparison import (
    Curve,
    Point,
    comparison_table,
    gaps_list,
    with_strategy,
    write_comparison,
)
from pipeline.coverage.figures import CoverageFigures, Part
from pipeline.coverage.gaps import Gap
from pipeline.sentences.drawing.sampling import Strategy
from pipeline.sentences.generate import SentencesConfig


def curve(strategy: Strategy, said: int, *gaps: Gap) -> Curve:
    parts = (Part("slot values", said, 40), Part("diphones", 2 * said, 100))
    figures = CoverageFigures(99, 2, 1, parts, gaps, 7, 0.5, 0.25)
    points = (Point(10, (Part("slot values", 1, 40), Part("diphones", 2, 100)), 0.4, 0.2),)
    return Curve(strategy, (*points, Point(100, parts, 0.5, 0.25)), figures, rejected=1)


@pytest.fixture
def curves() -> list[Curve]:
    gap = Gap("slot values", "no template has it", 4, ("a", "b", "c", "d"))
    return [curve("coverage", 40), curve("uniform", 36, gap)]


def test_a_strategy_uses_each_sentence_once_and_may_leave_some_out() -> None:
    config = SentencesConfig(Path("prompts/voice_assistant"), 5, repetitions=3)
    other = with_strategy(config, "coverage")
    assert (other.strategy, other.repetitions, other.coverage.partial) == ("coverage", 1, True)


def test_figures_stand_in_rows_and_strategies_in_columns(curves: list[Curve]) -> None:
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in comparison_table(curves).splitlines()
    ]
    assert cells[0] == ["100 sentences", "coverage", "uniform"]
    assert cells[2] == ["slot values", "40 of 40 (100.0 %)", "36 of 40 (90.0 %)"]
    assert cells[-1] == ["cannot be read", "1", "1"]


def test_what_is_left_out_is_listed_with_the_reason(curves: list[Curve]) -> None:
    assert gaps_list(curves[0]) == "`coverage` leaves nothing out."
    assert gaps_list(curves[1]).endswith("- slot values, 4: no template has it (a; b; c; ...)")


def test_the_curve_can_be_computed_with(curves: list[Curve], tmp_path: Path) -> None:
    write_comparison(curves, tmp_path)
    table = pd.read_csv(tmp_path / "coverage.csv")
    assert table["strategy"].tolist() == ["coverage", "coverage", "uniform", "uniform"]
    assert table["slot values"].tolist() == [1, 40, 1, 36]
    assert (tmp_path / "coverage.png").stat().st_size > 1000
    assert "leaves nothing out" in (tmp_path / "coverage.md").read_text()
