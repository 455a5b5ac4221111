"""English with a foreign accent: names, and what changes."""

import pytest

from models.checkpoint import read_info
from models.errors import DataError
from models.phonology.accents import as_known
from models.phonology.first_languages import FIRST_LANGUAGES
from models.phonology.foreign_accents import (
    Accent,
    check_accent,
    parse_accent,
    replaced_phones,
    speak_as,
)
from models.phonology.phonemes import Phonemizer, phones_of, split_words, tokens_of
from models.phonology.symbols import symbol_ids

# Of the speech accent archive (S. Weinberger): it holds most sounds of English.
STELLA = (
    "Please call Stella, ask her to bring these things with her from the store: six spoons of "
    "fresh snow peas, five thick slabs of blue cheese, and maybe a snack for her brother Bob. We "
    "also need a small plastic snake and a big toy frog for the kids. The judge's pleasure, "
    "a church, three thirds of water, vision, singing, butter, year, wood, zoo, out."
)


@pytest.mark.parametrize(
    ("language", "words", "output"),
    [
        ("ar", "please park", "b ɪ l ˈiː z | b ˈɑː ɾ k"),
        ("de", "the good wine", "z ə | ɡ ˈʊ t | v ˈaɪ n"),
        ("el", "cheap fish", "t s ˈiː p | f ˈi s"),
        ("es", "the Spanish school", "d ə | ɛ s p ˈɑ n i tʃ | ɛ s k ˈuː l"),
        ("fr", "think happy", "s ˈi ŋ k | a p ˈi"),
        ("hi", "three vows", "t̪ ɾ ˈiː | ʋ ˈaʊ z"),
        ("it", "a hot thing", "ɐ | ˈɑː t ə | t ˈi ŋ ɡ ə"),
        ("ja", "light silk", "ɾ ˈaɪ t oʊ | ʃ ˈi ɾ ʊ k ʊ"),
        ("ru", "singing with", "s ˈi ŋ i ŋ k | v i s"),
        ("zh", "the red van", "d ə | ɹ ˈɛ t ə | w ˈɛ n"),
    ],
)
def test_what_each_language_is_known_for(language: str, words: str, output: str) -> None:
    (native,) = Phonemizer("en-us").phonemize([words])
    assert speak_as(native, Accent("en-us", language)) == f"^ {output} ."


@pytest.mark.parametrize("language", FIRST_LANGUAGES)
@pytest.mark.parametrize("native", ["en-us", "en-gb"])
def test_the_shipped_voice_and_judge_say_all_of_it(native: str, language: str) -> None:
    (output,) = Phonemizer(native).phonemize([STELLA])
    symbols, result = read_info("fastspeech2").symbols, set(read_info("recognizer").symbols)
    for strength in (0.3, 0.6, 1.0):
        foreign = speak_as(output, Accent(native, language, strength))
        assert symbol_ids(tokens_of(as_known(foreign, symbols)), symbols).size
        assert set(phones_of(as_known(foreign, result))) <= result
        words, boundaries = split_words(foreign)
        assert boundaries == split_words(output)[1]
        assert all(words)


@pytest.mark.parametrize("language", FIRST_LANGUAGES)
def test_more_strength_changes_more(language: str) -> None:
    (output,) = Phonemizer("en-us").phonemize([STELLA])

    def changed(strength: float) -> int:
        foreign = split_words(speak_as(output, Accent("en-us", language, strength)))[0]
        return sum(a != b for a, b in zip(foreign, split_words(output)[0], strict=True))

    counts = [changed(strength) for strength in (0.0, 0.3, 0.5, 0.7, 1.0)]
    assert counts[0] == 0
    assert counts == sorted(counts)
    assert counts[-1] > counts[2] > 0


def test_every_change_tells_its_source_and_is_made_at_full_strength() -> None:
    for language in FIRST_LANGUAGES.values():
        assert language.phones
        for change in language.changes:
            assert 0 < change.from_strength <= 1
            assert set(change.source.split()) <= {*"BCDEFHLMS", "LE", "AE", "L2"}


def test_names_are_read_and_written() -> None:
    for name in ("en-us", "en-gb-x-rp+de", "en-us+fr(0.6)", "en-us+hi(1)"):
        assert parse_accent(name).name == name
        check_accent(name)
    assert parse_accent("en-us+fr(0.6)") == Accent("en-us", "fr", 0.6)
    assert parse_accent("en-us+fr(0.6)").language == "en-us+fr"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fr-fr+en", r"fr-fr is none of espeak-ng's: .*en-us\+fr"),
        ("en-us+tlh", r"en-us\+tlh: tlh is no first language; allowed: ar, de"),
        ("en-us+fr(1.5)", r"strength 1\.5; from 0 to 1"),
        ("en-us+fr(x)", "none of espeak-ng's"),
        ("en-us+fr(0.5", "none of espeak-ng's"),
    ],
)
def test_names_of_nothing_are_refused(name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_accent(name)


def test_what_a_voice_says_in_place_of_phones_that_it_lacks_is_told() -> None:
    symbols = read_info("fastspeech2").symbols
    lines = list(replaced_phones(["en-us", "en-us+de", "en-us+hi"], symbols))
    assert lines[0].startswith("en-us+de: ")
    assert "ʁ as ɹ" in lines[0]
    assert "ʈ as t" in lines[1]
