import shutil
from pathlib import Path

import numpy as np
import pytest

from models.evaluation import transcriber
from models.evaluation.intelligibility import (
    Errors,
    Row,
    findings,
    main,
    median_speaker,
    table,
    two_best,
)
from tests.tiny_voices import TinyVoices


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


def arguments(tiny_voices: TinyVoices, corpus: Path, out: Path, *more: str) -> list[str]:
    return [
        f"--acoustic={tiny_voices.acoustic_model}",
        f"--vocoder={tiny_voices.vocoder}",
        f"--recognizer={tiny_voices.recognizer}",
        f"--corpus={corpus}",
        "--folders=tones",
        "--count=2",
        f"--cache={out / 'cache'}",
        f"--out={out}",
        *more,
    ]


def test_all_sources_side_by_side_without_flite_and_pocketsphinx(
    tiny_voices: TinyVoices,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(transcriber, "find_spec", lambda name: None)
    assert main(arguments(tiny_voices, corpus, tmp_path)) == 0
    printed = capsys.readouterr().out
    assert "| real recordings |" in printed
    assert "| anna " in printed
    assert "| ben " in printed
    assert "flite left out: flite is not installed" in printed
    assert "WER left out: pocketsphinx is not installed" in printed
    assert len((tmp_path / "clips.csv").read_text().splitlines()) == 1 + 3 * 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--speakers", "zoe"), "zoe: acoustic does not know this speaker; it has anna, ben"),
        (("--speakers", "mix(anna, zoe, 0.5)"), "mix(anna,zoe,0.50): zoe: acoustic does not"),
        (("--folders", "nowhere"), "metadata.csv: missing"),
        (("--vocoder", "no/such"), "no/such: no such checkpoint"),
        (("--count", "60"), "60 were asked for"),
    ],
)
def test_what_is_missing_is_one_line(
    tiny_voices: TinyVoices,
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    message: str,
) -> None:
    only = ("--only", "ours")
    assert main(arguments(tiny_voices, corpus, tmp_path, *only, *more)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error
