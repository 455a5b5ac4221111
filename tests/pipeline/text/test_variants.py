import numpy as np
import pytest

from models.phonology.phonemes import join_words, split_words
from pipeline.text.variants import Speech, VariantsConfig, vary


def varied(text: str, phonemes: str, fixed: int | None = None, **options: float) -> str:
    """A phoneme string, varied with the given probabilities; the word `fixed` is the user's."""
    phones, boundaries = split_words(phonemes)
    keep = frozenset() if fixed is None else frozenset([fixed])
    speech = Speech(text.split(), phones, boundaries, keep)
    vary(speech, VariantsConfig(**options), np.random.default_rng(0))
    return join_words(speech.phones, boundaries)


@pytest.mark.parametrize(
    ("options", "text", "phonemes", "expected"),
    [
        ({"weak_forms": 1.0}, "for you and me", "^ f ɔː ɹ | j uː | æ n d | m iː .",
         "^ f ɚ | j ə | ə n d | m iː ."),
        ({"weak_forms": 1.0}, "for tea", "^ f ɔː | t ˈiː .", "^ f ə | t ˈiː ."),  # British
        ({"weak_forms": 1.0}, "who is it for", "^ h ˌuː | ɪ z | ɪ t | f ɔː ɹ ?",
         "^ h ˌuː | ɪ z | ɪ t | f ɔː ɹ ?"),  # strong where a phrase ends
        ({"dropped_h": 1.0}, "tell him he called", "^ t ˈɛ l | h ɪ m , h iː | k ˈɔː l d .",
         "^ t ˈɛ l | ɪ m , h iː | k ˈɔː l d ."),  # not where a phrase begins
        ({"dropped_g": 1.0}, "going to sing", "^ ɡ ˌoʊ ɪ ŋ | t ə | s ˈɪ ŋ .",
         "^ ɡ ˌoʊ ɪ n | t ə | s ˈɪ ŋ ."),
        ({"dropped_g": 0.0}, "going on", "^ ɡ ˌoʊ ɪ ŋ | ɔ n .", "^ ɡ ˌoʊ ɪ ŋ | ɔ n ."),
        ({"flapping": 1.0}, "get it later", "^ ɡ ɛ t | ɪ t | l ˈeɪ t ə .",
         "^ ɡ ɛ ɾ | ɪ t | l ˈeɪ ɾ ə ."),
        ({"flapping": 1.0}, "a hotel button", "^ ɐ | h oʊ t ˈɛ l | b ˈʌ t ə n .",
         "^ ɐ | h oʊ t ˈɛ l | b ˈʌ t ə n ."),
        ({"flapping": 0.0}, "water party", "^ w ˈɔː ɾ ɚ | p ˈɑː ɹ ɾ i .",
         "^ w ˈɔː t ɚ | p ˈɑː ɹ t i ."),
        ({}, "water for him", "^ w ˈɔː ɾ ɚ | f ɔː ɹ | h ɪ m .", "^ w ˈɔː ɾ ɚ | f ɔː ɹ | h ɪ m ."),
    ],
)  # fmt: skip
def test_variants(options: dict[str, float], text: str, phonemes: str, expected: str) -> None:
    assert varied(text, phonemes, **options) == expected


def test_the_users_own_words_stay() -> None:
    phonemes = "^ w ˈɔː t ɚ | w ˈɔː t ɚ ."
    output = varied("water water", phonemes, fixed=1, flapping=1.0)
    assert output == "^ w ˈɔː ɾ ɚ | w ˈɔː t ɚ ."


def test_one_option_does_not_change_the_draws_of_another() -> None:
    text = "waiting for water and for you and for him " * 8
    spoken = "w ˈeɪ t ɪ ŋ|f ɔː ɹ|w ˈɔː t ɚ|æ n d|f ɔː ɹ|j uː|æ n d|f ɔː ɹ|h ɪ m|" * 8
    phonemes = "^ " + spoken.strip("|").replace("|", " | ") + " ."
    weak = varied(text, phonemes, weak_forms=0.5)
    both = varied(text, phonemes, weak_forms=0.5, flapping=1.0)
    assert both.replace("ɾ", "t") == weak
    assert weak.count("f ɚ") not in (0, 24)


def test_probabilities_are_checked() -> None:
    with pytest.raises(ValueError, match=r"flapping: from 0 to 1, or null; found 1.5"):
        VariantsConfig(flapping=1.5)
