"""Speakers with a foreign accent: one strength a speaker, the same changes in all he says."""

from dataclasses import replace

import numpy as np
import pytest

from models.errors import ConfigError
from models.phonology.foreign_accents import parse_accent
from models.phonology.phonemes import Phonemizer, phones_of, words_of
from pipeline.distributions import Distribution
from pipeline.records import MelClip, SpokenSentence
from pipeline.speech.context import ContextConfig
from pipeline.speech.foreign_accents import (
    check_foreign_accents,
    in_foreign_accent,
    missing_phones,
)
from pipeline.speech.synthesize import Synthesizer, VoiceConfig
from tests.tiny_voices import TinyVoices, save_tiny_tacotron2

STRENGTHS = Distribution(low=0.2, high=0.9)
TEXT = "The other three think with the weather in the north."


def _sentence(text: str = TEXT, accent: str = "en-us+fr", id: str = "home-1") -> SpokenSentence:
    (phonemes,) = Phonemizer(parse_accent(accent).native).phonemize([text])
    return SpokenSentence(id, text, " ".join(words_of(text)), phonemes, accent)


def _strength(sentence: SpokenSentence) -> float:
    strength = parse_accent(sentence.accent).strength
    assert strength is not None
    return strength


def test_a_speaker_has_one_strength_and_the_same_changes_in_every_sentence() -> None:
    one = in_foreign_accent(_sentence(), "anna", STRENGTHS, seed=1)
    other = in_foreign_accent(replace(_sentence(), id="home-2"), "anna", STRENGTHS, seed=1)
    assert (one.accent, one.phonemes) == (other.accent, other.phonemes)
    assert (one.transcript, one.normalized_text) == (_sentence().transcript, TEXT)
    # every th of his is the same sound
    assert len({phone for phone in phones_of(one.phonemes) if phone in ("ð", "z")}) == 1


def test_speakers_languages_and_seeds_differ() -> None:
    def strength(speaker: str, language: str = "fr", seed: int = 1) -> float:
        sentence = _sentence(accent=f"en-us+{language}")
        return _strength(in_foreign_accent(sentence, speaker, STRENGTHS, seed))

    drawn = [strength(f"speaker-{number}") for number in range(200)]
    assert 0.2 <= min(drawn) < 0.25
    assert 0.85 < max(drawn) <= 0.9
    assert np.mean(drawn) == pytest.approx(0.55, abs=0.05)
    assert len({strength("anna"), strength("anna", "de"), strength("anna", seed=2)}) == 3


def test_speakers_of_one_strength_make_different_changes() -> None:
    sentence = _sentence("A hot bath is a small good thing.", accent="en-us+it(0.5)")
    output = {
        in_foreign_accent(sentence, f"speaker-{number}", STRENGTHS, seed=1).phonemes
        for number in range(40)
    }
    assert len(output) > 3


def test_natives_stay_and_a_given_strength_is_kept() -> None:
    native = _sentence(accent="en-gb")
    assert in_foreign_accent(native, "anna", STRENGTHS, seed=1) is native
    assert in_foreign_accent(_sentence(accent="en-us+hi(0.7)"), "anna", STRENGTHS, 1).accent == (
        "en-us+hi(0.7)"
    )
    none = in_foreign_accent(_sentence(accent="en-us+hi(0)"), "anna", STRENGTHS, seed=1)
    assert none.phonemes == _sentence().phonemes


@pytest.mark.parametrize("context", [None, ContextConfig(("yes", "no"), pause=1.0)])
def test_the_row_has_what_was_said_and_every_word_its_time(
    tiny_voices: TinyVoices, context: ContextConfig | None
) -> None:
    config = VoiceConfig(str(tiny_voices.acoustic_model), str(tiny_voices.vocoder), context=context)
    sentence = _sentence("this school", accent="en-us+es(1)")
    synthesizer = Synthesizer(config, seed=1)
    clip = synthesizer.speak(sentence, synthesizer.first_controls(sentence))
    assert isinstance(clip, MelClip)
    performance = clip.performance
    assert performance.accent == "en-us+es(1)"
    assert performance.phonemes == "^ d i s | ɛ s k ˈuː l ."
    assert [word.word for word in performance.words] == ["this", "school"]
    assert all(word.end_s > word.start_s for word in performance.words)


def test_a_voice_that_reads_letters_is_refused(
    tiny_voices: TinyVoices, tmp_path_factory: pytest.TempPathFactory
) -> None:
    letters = save_tiny_tacotron2(tmp_path_factory.mktemp("voices"))
    check_foreign_accents(["en-us"], str(letters))
    check_foreign_accents(["en-us+fr"], "fastspeech2")
    with pytest.raises(ConfigError, match=r"text\.accent: en-us\+fr: .* reads letters"):
        check_foreign_accents(["en-us", "en-us+fr"], str(letters))


def test_phones_that_the_voice_lacks_are_told() -> None:
    (line,) = missing_phones(["en-us", "en-us+fr"], "fastspeech2")
    assert line.startswith("text.accent: en-us+fr: ")
    assert "ʁ as ɹ" in line
