from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from models.engines.engine import Saying, Spoken
from models.errors import ConfigError, DataError
from models.evaluation import other_synthesizers
from models.evaluation.other_synthesizers import OtherSynthesizer, open_synthesizer
from models.mel import MelConfig
from models.training.teaching import flite


class Buzzer:
    """A teacher that hums as long as a text is, at 16 kHz, between two silences."""

    name, revision, licence = "buzzer", "1", "CC0-1.0"
    voices: Mapping[str, str] = {"low": "en-us"}

    def __init__(self) -> None:
        self.said: list[Saying] = []

    def speak(self, saying: Saying, voice: str, speed: float) -> Spoken:
        self.said.append(saying)
        hum = np.sin(2 * np.pi * 200 / 16_000 * np.arange(1600 * len(saying.text)))
        return Spoken(np.pad(hum.astype(np.float32), 16_000), 16_000)


def test_texts_come_as_waves_of_the_rate_asked_without_the_silence_around() -> None:
    buzzer, mel = Buzzer(), MelConfig()
    waves = list(OtherSynthesizer(buzzer, "low").speak(["seven", "twenty"], mel))
    for wave, letters in zip(waves, (5, 6), strict=True):
        assert len(wave) / mel.sample_rate == pytest.approx(0.1 * letters, abs=0.25)
    assert [saying.text for saying in buzzer.said] == ["seven", "twenty"]
    assert "s ˈɛ v ə n" in buzzer.said[0].phonemes


def test_a_voice_of_another_language_speaks_as_natives() -> None:
    buzzer = Buzzer()
    buzzer.voices = {"low": "en-gb+fr"}
    list(OtherSynthesizer(buzzer, "low").speak(["go three"], MelConfig()))
    assert buzzer.said[0].phonemes == "^ ɡ ˌəʊ | θ ɹ ˈiː ."


def test_a_voice_is_called_as_corpora_call_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite, "check_installed", lambda: None)
    voice = open_synthesizer("flite:slt")
    assert (voice.name, voice.speaker) == ("flite", "flite-slt")


def test_what_cannot_be_opened_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flite, "check_installed", lambda: None)
    with pytest.raises(ConfigError, match="beside: flite: expected flite:VOICE or FOLDER:VOICE"):
        open_synthesizer("flite")
    with pytest.raises(ConfigError, match="voice zoe: flite has no such voice; allowed: slt"):
        open_synthesizer("flite:zoe")
    with pytest.raises(DataError, match=r"missing; voxloom teach fetch"):
        open_synthesizer(f"{tmp_path}:af_heart")
    monkeypatch.setattr(other_synthesizers, "KokoroTeacher", lambda folder: Buzzer())
    assert open_synthesizer(f"{tmp_path}:low").speaker == "buzzer-low"
