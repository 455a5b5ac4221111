from pathlib import Path

import numpy as np
import pytest

from models.config import build
from models.errors import ConfigError
from pipeline.judging import named_judges
from pipeline.judging.judge import Judge, JudgeConfig, check_judge, faults_of
from tests.listeners import HearsOneText

RATE = 22_050
WAVE = (0.1 * np.sin(np.arange(RATE) / 20)).astype(np.float32)


@pytest.fixture
def whisper(tmp_path: Path) -> Path:
    (tmp_path / "model.bin").write_bytes(b"weights")
    return tmp_path


@pytest.fixture
def _heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges that take 16 kHz for a second of sound, and hear one word of two."""

    def opinion(wave: np.ndarray) -> float:
        assert len(wave) == 16_000
        return 3.21049

    monkeypatch.setattr(named_judges, "_opinion", lambda name: opinion)
    monkeypatch.setattr(named_judges, "_whisper", lambda folder: HearsOneText("turn"))


@pytest.mark.usefixtures("_heard")
def test_what_they_say_is_measured_and_limited(whisper: Path) -> None:
    config = JudgeConfig(
        recognizer=None,
        naturalness="dnsmos",
        min_naturalness=3.5,
        words=f"whisper:{whisper}",
        max_word_error_rate=0.4,
    )
    judgement = Judge(config).judge(WAVE, RATE, "T AO1 N", transcript="turn left")
    assert (judgement.naturalness, judgement.word_error_rate) == (3.21, 0.5)
    faults = faults_of(judgement, config)
    assert "naturalness below 3.5" in faults
    assert "word error rate above 0.4" in faults


@pytest.mark.usefixtures("_heard")
def test_silence_is_not_judged_by_name(whisper: Path) -> None:
    config = JudgeConfig(recognizer=None, naturalness="dnsmos", words=f"whisper:{whisper}")
    judgement = Judge(config).judge(WAVE, RATE, "")
    assert (judgement.naturalness, judgement.word_error_rate) == (None, None)


def test_a_missing_package_is_one_line_before_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_judges, "find_spec", lambda name: None)
    told = r"judge\.naturalness: speechmos is not installed: pip install -e '.\[judges\]'"
    with pytest.raises(ConfigError, match=told):
        check_judge(JudgeConfig(recognizer=None, naturalness="dnsmos"))


def test_a_folder_without_whisper_is_one_line_before_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_judges, "find_spec", lambda name: object())
    with pytest.raises(ConfigError, match=r"judge\.words: .*model\.bin is missing"):
        check_judge(JudgeConfig(recognizer=None, words=f"whisper:{tmp_path}"))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"naturalness": "nisqa"}, "naturalness: .*distillmos, dnsmos"),
        ({"min_naturalness": 3}, "min_naturalness: 3.0, and `naturalness` names no judge"),
        ({"max_word_error_rate": 0.1}, "max_word_error_rate: 0.1, and `words` names no judge"),
        ({"words": "base"}, "words: 'base'; `whisper:FOLDER` is allowed"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        build(JudgeConfig, settings, "build.yaml")


def test_another_whisper_is_another_judge(whisper: Path) -> None:
    assert named_judges.whisper_files(f"whisper:{whisper}") == [whisper / "model.bin"]
