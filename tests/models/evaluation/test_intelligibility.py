import numpy as np

from models.evaluation.intelligibility import (
    Errors,
    Row,
    findings,
    median_speaker,
    table,
    two_best,
)


def row(name: str, per: int, wer: int | None = None, ours: bool = True) -> Row:
    """Errors in percent, spread evenly over ten sentences of a hundred."""

    def errors(percent: int) -> Errors:
        return Errors(np.full(10, percent), np.full(10, 100))

    return Row(name, ours, 60.0, errors(per), None if wer is None else errors(wer))


REAL, FLITE = row("real recordings", 20, 25, ours=False), row("flite slt", 50, 10, ours=False)


def test_best_two_come_closest_to_both_targets() -> None:
    rows = [REAL, FLITE, row("a", 5, 30), row("b", 15, 9), row("c", 18, 8), row("d", 2)]
    assert [best.name for best in two_best(rows)] == ["b", "c"]


def test_findings_hold_each_figure_against_its_target() -> None:
    rows = [REAL, FLITE, row("b", 15, 9), row("c", 30, 11)]
    assert [line.rsplit(": ", 1)[1] for line in findings(rows)] == [
        "pass",
        "pass",
        "FAIL",
        "FAIL",
        "FAIL",
    ]


def test_median_of_an_even_number_is_the_worse() -> None:
    rows = [REAL, row("a", 10), row("b", 26), row("c", 20), row("d", 60)]
    assert median_speaker(rows).name == "b"
    assert findings(rows)[-1].endswith("pass")


def test_rows_without_references_or_words_are_dashes() -> None:
    assert findings([row("a", 10)]) == []
    cells = [cell.strip() for cell in table([row("a", 10)]).splitlines()[2].split("|")]
    assert cells[1:-1] == ["a", "10.0 %", "10.0 to 10.0", "-", "-", "-", "60 s"]


def test_interval_widens_with_disagreement() -> None:
    low, high = Errors(np.array([0, 100] * 5), np.full(10, 100)).interval()
    assert low < 0.3 < 0.7 < high
