from dataclasses import replace

import numpy as np
import pytest

from models.mel import MelConfig
from models.phonology.alphabets import Tokens
from pipeline.records import MelClip, Pause, SpokenSentence
from pipeline.speech.pauses import Paused, with_long_pauses
from pipeline.speech.synthesize import VoiceConfig, synthesize
from tests.tiny_voices import TinyVoices

CONFIG = MelConfig()
TOKENS = Tokens(np.arange(5), np.array([-1, 0, -1, 1, -1]))  # ^ a , b .
SENTENCE = SpokenSentence(
    "a", "No, me.", "no me", "^ n ˈoʊ , m ˈiː .", "en-us", pauses=(Pause(1, 0.3),)
)


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_the_pause_is_as_long_as_asked_and_the_rest_stays(seconds: float) -> None:
    mel = np.repeat(np.arange(5.0), 10)[None]  # every token has its own value for 10 frames
    paused = Paused(mel, mel * 100, np.full(5, 10))
    found = with_long_pauses(paused, TOKENS, [Pause(1, seconds)], CONFIG)
    frames = round(seconds / CONFIG.frame_s)
    assert found.durations.tolist() == [10, 10, frames, 10, 10]
    assert found.mel.shape[1] == found.pitch_hz.shape[1] == 40 + frames
    for value in (0, 1, 3, 4):
        assert (found.mel == value).sum() == 10
    assert found.mel[0, :20].tolist() == mel[0, :20].tolist()


def test_no_pause_is_put_between_words_that_have_none() -> None:
    joined = Tokens(np.arange(4), np.array([-1, 0, 1, -1]))
    paused = Paused(np.zeros((1, 40)), np.zeros((0, 0)), np.full(4, 10))
    assert with_long_pauses(paused, joined, [Pause(1, 0.5)], CONFIG) is paused


def test_a_voice_rests_between_the_words(tiny_voices: TinyVoices) -> None:
    voice = VoiceConfig(str(tiny_voices.acoustic_model), str(tiny_voices.vocoder))
    (clip,) = synthesize([SENTENCE], voice, seed=1)
    (plain,) = synthesize([replace(SENTENCE, pauses=())], voice, seed=1)
    assert isinstance(clip, MelClip)
    assert isinstance(plain, MelClip)
    first, second = clip.performance.words
    assert second.start_s - first.end_s == pytest.approx(0.3, abs=CONFIG.frame_s)
    assert plain.performance.words[0] == first
