"""Phone error rates by corpus, and the recognizer that they come from."""

import pytest

from models.errors import ConfigError
from models.training.features import Clip
from models.training.phone_errors import load_recognizer, phone_error_rates
from tests.tiny_voices import RECOGNIZED, TinyVoices


def _clip(speaker: str, phonemes: str) -> Clip:
    return Clip("a", speaker, "text", phonemes, True, 0, 100, 0, 10)


def test_errors_are_counted_over_all_clips_and_by_corpus() -> None:
    clips = [
        _clip("vctk-p225", "^ h aɪ ."),
        _clip("vctk-p226", "^ n oʊ ."),
        _clip("anna", "^ ˈoʊ ."),
    ]
    rates = phone_error_rates(clips, [["h", "aɪ"], ["n"], ["ɪ"]])
    assert rates == {
        "phone_error_rate": pytest.approx(2 / 5),
        "phone_error_rate_vctk": pytest.approx(1 / 4),
        "phone_error_rate_anna": 1.0,
    }
    assert next(iter(rates)) == "phone_error_rate"  # what decides which checkpoint is best


def test_without_clips_there_is_a_rate_still() -> None:
    assert phone_error_rates([], []) == {"phone_error_rate": 0.0}


def test_only_a_recognizer_recognizes(tiny_voices: TinyVoices) -> None:
    assert load_recognizer(str(tiny_voices.recognizer)).model.symbols == RECOGNIZED
    with pytest.raises(ConfigError, match=r"recognizer: .* is a vocos"):
        load_recognizer(str(tiny_voices.vocoder))
