"""How far F0 contours are apart, and the page."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import voice_page
from benchmarks.voice_page import Heard, contour_distance, median_distance, page

pytest.importorskip("librosa")


def heard(pitch_hz: np.ndarray, stretched: int = 1) -> Heard:
    """A clip of 60 frames whose timbre tells its frames apart, each as long as asked."""
    cepstra = np.random.default_rng(0).normal(size=(13, 60)).repeat(stretched, axis=1)
    return Heard(np.zeros(1), cepstra, pitch_hz.repeat(stretched), cepstra)


def test_level_and_rhythm_do_not_count_and_melody_does() -> None:
    rise = 120 * 2 ** (np.linspace(0, 6, 60) / 12)
    fall = rise[::-1].copy()
    assert contour_distance(heard(rise), heard(rise * 1.5, 2)) == pytest.approx(0, abs=1e-6)
    # Two lines of 6 semitones that cross differ by 12 / sqrt(12) in the root mean square.
    assert contour_distance(heard(rise), heard(fall)) == pytest.approx(12 / 12**0.5, rel=0.05)
    unvoiced = np.zeros(60)
    assert np.isnan(contour_distance(heard(rise), heard(unvoiced)))
    groups = [[heard(rise), heard(rise), heard(unvoiced)], [heard(fall), heard(fall)]]
    assert median_distance(groups) == pytest.approx(0, abs=1e-6)


def test_the_page_escapes_what_is_said() -> None:
    text = page([("a.ogg", "anna", "1 < 2 & 3")], "notes")
    assert "1 &lt; 2 &amp; 3" in text
    assert 'src="a.ogg"' in text


def test_a_corpus_without_a_long_sentence_of_the_speaker_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_page, "read_corpora", lambda corpus: [])
    monkeypatch.setattr(voice_page, "repetitions", lambda *given: [[]])
    monkeypatch.setattr(voice_page, "_figures", lambda *given: "")
    monkeypatch.setattr(voice_page, "draw_contours", lambda *given: None)
    asked = ["--corpus", str(tmp_path), "--folders", "vctk4", "readers", "--out", str(tmp_path)]
    with pytest.raises(SystemExit, match="vctk4, readers: no held-out recording by kathleen of"):
        voice_page.main(asked)
