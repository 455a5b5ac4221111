from dataclasses import replace

import pytest
import torch

from models.acoustic.fastspeech2 import Prosody
from pipeline.distributions import Distribution
from pipeline.records import MelClip, SpokenSentence, WordRange
from pipeline.speech.context import ContextConfig
from pipeline.speech.prosody_jitter import emphasized
from pipeline.speech.synthesize import VoiceConfig, synthesize
from tests.tiny_voices import TinyVoices

SENTENCE = SpokenSentence("a", "No, me.", "no me", "^ n ˈoʊ , m ˈiː .", "en-us")
STRESSED = replace(SENTENCE, emphasized_words=(WordRange(1, 2),))


@pytest.mark.parametrize("louder", ["energy", "gain"])
def test_its_symbols_are_longer_higher_and_louder_and_no_others(louder: str) -> None:
    gain = torch.zeros(1, 3) if louder == "gain" else None
    plain = Prosody(torch.full((1, 3), 8), torch.zeros(1, 3), torch.zeros(1, 3), gain)
    found = emphasized(plain, torch.tensor([[False, True, False]]))
    assert found.durations.tolist() == [[8, 10, 8]]
    for changed in (found.pitch, getattr(found, louder)):
        assert changed[0, 1] > 0.2
        assert changed[0, [0, 2]].tolist() == [0, 0]


@pytest.mark.parametrize("context", [None, ContextConfig(("me",), before=Distribution(value=1.0))])
def test_the_word_lasts_longer(tiny_voices: TinyVoices, context: ContextConfig | None) -> None:
    pace = Distribution(value=0.5)
    voice = VoiceConfig(
        str(tiny_voices.acoustic_model), str(tiny_voices.vocoder), pace=pace, context=context
    )
    (plain,) = synthesize([SENTENCE], voice, seed=1)
    (stressed,) = synthesize([STRESSED], voice, seed=1)
    assert isinstance(plain, MelClip)
    assert isinstance(stressed, MelClip)
    lengths = [
        [word.end_s - word.start_s for word in clip.performance.words] for clip in (plain, stressed)
    ]
    assert lengths[1][0] == pytest.approx(lengths[0][0])
    assert lengths[1][1] > 1.1 * lengths[0][1]
