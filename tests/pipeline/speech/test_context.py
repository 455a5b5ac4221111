"""Words said between others, and cut out of them."""

from dataclasses import replace

import numpy as np
import pytest

from models.config import build
from models.errors import ConfigError
from models.mel import MelConfig
from models.phonology.phonemes import split_words
from pipeline.distributions import Distribution
from pipeline.records import MelClip, SpokenSentence, WordTime
from pipeline.speech.context import ContextConfig, cut_out, put_in_context
from pipeline.speech.synthesize import VoiceConfig, synthesize
from tests.tiny_voices import TinyVoices

SEVEN = SpokenSentence("d-7", "Seven.", "seven", "^ s ˈɛ v ə n .", "en-us")
TWO = Distribution(value=2)
BETWEEN = ContextConfig(("one", "nine"), before=TWO, after=Distribution(value=1), pause=1.0)


def test_what_is_around_is_drawn_and_said_in_the_same_accent() -> None:
    drawn = put_in_context(SEVEN, BETWEEN, np.random.default_rng(0))
    words, boundaries = split_words(drawn.sentence.phonemes)
    assert len(words) == 4
    assert words[drawn.first_word] == ["s", "ˈɛ", "v", "ə", "n"]
    assert boundaries[:3] == [",", ",", ","]
    assert drawn.around.split()[2] == "..."
    assert set(drawn.around.split()) <= {"one", "nine", "..."}
    again = put_in_context(SEVEN, BETWEEN, np.random.default_rng(0))
    assert again == drawn


def test_without_pauses_words_run_on() -> None:
    drawn = put_in_context(SEVEN, replace(BETWEEN, pause=0.0), np.random.default_rng(0))
    assert split_words(drawn.sentence.phonemes)[1][:3] == ["|", "|", "|"]


def test_nothing_around_leaves_the_sentence_as_it_is() -> None:
    none = Distribution(value=0)
    alone = put_in_context(
        SEVEN, replace(BETWEEN, before=none, after=none), np.random.default_rng(0)
    )
    assert (alone.sentence, alone.first_word, alone.around) == (SEVEN, 0, "...")


def test_the_cut_keeps_the_words_their_margin_and_their_times() -> None:
    config = MelConfig()
    mel = np.tile(np.arange(100, dtype=np.float32), (80, 1))
    frame_s = config.frame_s
    words = (WordTime("a", 20 * frame_s, 30 * frame_s), WordTime("b", 30 * frame_s, 40 * frame_s))
    pitch_hz = mel[:1].copy()
    cut = cut_out(mel, pitch_hz, words, 5 * frame_s, config)
    assert cut.mel.shape == (80, 4 + 30 + 4)
    assert cut.mel[0, 4] == 15
    assert cut.pitch_hz.shape == (1, 38)
    assert cut.pitch_hz[0, 4] == 15
    assert cut.pitch_hz[0, 3] == cut.pitch_hz[0, -1] == 0
    assert cut.mel[0, 3] == cut.mel[0, -1] == pytest.approx(config.silence)
    assert cut.words[0].start_s == pytest.approx((4 + 5) * frame_s, abs=1e-3)
    assert cut.words[1].end_s == pytest.approx((4 + 25) * frame_s, abs=1e-3)


def test_a_clip_holds_its_own_words_alone(tiny_voices: TinyVoices) -> None:
    voice = VoiceConfig(str(tiny_voices.acoustic_model), str(tiny_voices.vocoder), context=BETWEEN)
    (clip,) = synthesize([SEVEN], voice, seed=1)
    (alone,) = synthesize([SEVEN], replace(voice, context=None), seed=1)
    assert isinstance(clip, MelClip)
    assert isinstance(alone, MelClip)
    assert [word.word for word in clip.performance.words] == ["seven"]
    assert clip.performance.words[0].end_s <= clip.mel.shape[1] * MelConfig().frame_s + 1e-6
    assert "..." in clip.performance.context
    assert alone.performance.context == ""
    (again,) = synthesize([SEVEN], voice, seed=1)
    assert isinstance(again, MelClip)
    assert again.mel.tobytes() == clip.mel.tobytes()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"phrases": []}, "phrases: at least one is needed"),
        ({"phrases": ["one", " "]}, "phrases: at least one is needed, and none may be empty"),
        ({"phrases": ["one"], "before": 11}, "before: 11; 0 to 10 is allowed"),
        ({"phrases": ["one"], "pause": 2}, "pause: 2"),
    ],
)
def test_impossible_settings_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(ContextConfig, settings, "build.yaml: voice.context")
