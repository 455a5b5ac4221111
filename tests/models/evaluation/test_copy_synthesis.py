from pathlib import Path

import numpy as np
import pytest

from models.evaluation import copy_synthesis
from models.evaluation.copy_synthesis import (
    Fidelity,
    Result,
    findings,
    main,
    mel_cepstral_distortion_db,
)
from models.mel import MelConfig
from tests.tiny_voices import TinyVoices

MEL = MelConfig()


def test_distortion_is_zero_for_the_same_and_grows() -> None:
    rng = np.random.default_rng(0)
    mel, noise = rng.standard_normal((2, MEL.n_mels, 50))
    distortions = [
        mel_cepstral_distortion_db(mel, mel + level * noise, MEL) for level in (0, 0.1, 0.3, 1)
    ]
    assert distortions[0] == 0
    assert distortions == sorted(set(distortions))


def test_distortion_is_that_of_its_definition() -> None:
    places = (np.arange(MEL.n_mels) + 0.5) / MEL.n_mels
    ripple = 0.5 * np.cos(3 * np.pi * places)[:, None].repeat(7, axis=1)
    expected = 10 / np.log(10) * np.sqrt(2) * 0.5
    assert mel_cepstral_distortion_db(ripple, 0 * ripple, MEL) == pytest.approx(expected)
    decades = MelConfig(log="log10")
    in_decades = mel_cepstral_distortion_db(ripple / np.log(10), 0 * ripple, decades)
    assert in_decades == pytest.approx(expected)


def test_distortion_leaves_level_and_fine_detail_out() -> None:
    places = (np.arange(MEL.n_mels) + 0.5) / MEL.n_mels
    louder = np.full((MEL.n_mels, 4), 2.0) + np.cos(20 * np.pi * places)[:, None]
    assert mel_cepstral_distortion_db(louder, 0 * louder, MEL) == pytest.approx(0, abs=1e-9)


def test_verdicts_compare_each_figure() -> None:
    def result(name: str, baseline: bool, l1: float, mcd: float, pesq: float | None) -> Result:
        return Result(name, baseline, (Fidelity("a", l1, mcd, pesq, 1.0, 0.1),))

    lines = findings([result("gl", True, 0.2, 2.0, 2.0), result("v", False, 0.1, 3.0, 3.0)])
    assert lines[0] == "v better than gl: mel L1 pass, MCD FAIL, PESQ pass"
    lines = findings([result("gl", True, 0.2, 2.0, None), result("v", False, 0.1, 1.0, None)])
    assert lines[0] == "v better than gl: mel L1 pass, MCD pass"


def test_griffin_lim_copies_better_than_random_weights(
    tiny_voices: TinyVoices,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(copy_synthesis, "find_spec", lambda name: None)
    command = [
        f"--vocoder={tiny_voices.vocoder}",
        f"--corpus={corpus}",
        "--folders=tones",
        "--count=2",
        "--iterations=4",
        "--momentum=0.99",
        f"--out={tmp_path}",
    ]
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "mel L1 FAIL, MCD FAIL" in printed
    assert "PESQ left out: pip install" in printed
    lines = (tmp_path / "clips.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 2


def test_wrong_kind_is_one_line(
    tiny_voices: TinyVoices, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [f"--vocoder={tiny_voices.recognizer}", f"--corpus={corpus}", "--folders=tones"]
    assert main([*command, "--count=1"]) == 1
    assert capsys.readouterr().err.startswith("error: --vocoder:")
