import dataclasses
from pathlib import Path

import pytest

from benchmarks.melnet import Growth, main, report
from tests.tiny_melnet import UNIT_MEL, save_tiny_melnet


def test_growth_is_told_from_the_figures() -> None:
    linear = Growth("linear", {50: 1.0, 100: 2.0, 200: 4.0})
    quadratic = Growth("quadratic", {4: 1.0, 8: 4.0})
    assert linear.exponent == pytest.approx(1)
    assert quadratic.exponent == pytest.approx(2)
    text = " ".join(report([linear, quadratic]).split())
    assert "| linear | 100 | 2.00 | 20 |" in text
    assert "quadratic: grows as frames ** 2.00" in text


def test_both_samplers_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = save_tiny_melnet(tmp_path / "m", mel=dataclasses.replace(UNIT_MEL, n_mels=8))
    small = ["--frames", "4", "8", "--again-frames", "2", "4", "--public-bands", "8"]
    public = ["--public", "dx_t2_l2.2_hd4_gmm2"]
    assert main(["--checkpoint", str(checkpoint), *small, *public]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "| dtiny_t3_l3.2.2_hd6_gmm3 | 8 |" in out
    assert "| dx_t2_l2.2_hd4_gmm2 | 4 |" in out
    assert "computing again | 4 |" in out


def test_a_checkpoint_of_another_kind_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--checkpoint", "vocos"]) == 1
    assert capsys.readouterr().out.startswith("error: --checkpoint: vocos is a vocos")
