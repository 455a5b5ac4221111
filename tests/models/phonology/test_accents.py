import pytest

from models.phonology.accents import ACCENTS, FALLBACKS, as_known, nearest_phone
from models.phonology.phonemes import Phonemizer, english_accents, phones_of, tokens_of, unstressed

_SYMBOLS = """
    ^ , . aɪ aʊ b d dʒ eɪ f h i iː j k l m n oʊ p s t tʃ uː v w z æ ð ŋ ɐ ɑː ɔ ɔɪ ɔː ə ɚ ɛ ɜː ɡ ɪ ɹ
    ɾ ʃ ʊ ʌ ʒ θ ᵻ
"""
AMERICAN = _SYMBOLS.split()


@pytest.mark.parametrize(
    ("phonemes", "output"),
    [
        ("^ h ˈɒ t .", "^ h ˈɑː t ."),
        ("^ ɡ ˈəʊ | ð ˈeə .", "^ ɡ ˈoʊ | ð ˈɛ ə ."),
        ("^ θ ˈəɹ d , ʍ ˌʌ t ?", "^ θ ˈɜː d , w ˌʌ t ?"),
        ("^ n ˈʊə !", "^ n ˈʊ ə !"),
        ("^ b ˈʌ t n̩ .", "^ b ˈʌ t ə n ."),
        ("^ ˈaː .", "^ ˈɑː ."),
        ("^ ʘ a .", "^ ʘ æ ."),  # a click is nothing like English
    ],
)
def test_a_phone_that_was_never_learned_is_said_as_the_nearest(phonemes: str, output: str) -> None:
    assert as_known(phonemes, AMERICAN) == output


@pytest.mark.parametrize(
    ("phonemes", "said"),
    [
        ("^ w ˈɔː ɾ ɚ .", "^ w ˈɔː ɾ ɚ ."),
        ("^ p ˈɑː ɹ ɾ i .", "^ p ˈɑː ɹ ɾ i ."),
        ("^ æ ɾ | ɐ | ʃ ˈɑː p .", "^ æ ɾ | ɐ | ʃ ˈɑː p ."),
        ("^ f ˈɔː ɾ .", "^ f ˈɔː ɹ ."),
        ("^ f ˈɔː ɾ , ˈeɪ t .", "^ f ˈɔː ɹ , ˈeɪ t ."),
        ("^ f ˈɔː ɾ | m ˈɛ n .", "^ f ˈɔː ɹ | m ˈɛ n ."),
        ("^ f ˈɔː ɾ | ˈæ p ə l z .", "^ f ˈɔː ɾ | ˈæ p ə l z ."),
        ("^ k ˈɑː ɾ t .", "^ k ˈɑː ɹ t ."),
        ("^ θ ɾ ˈiː .", "^ θ ɾ ˈiː ."),
        ("^ ð ə | ɾ ˈɛ d .", "^ ð ə | ɾ ˈɛ d ."),
        ("^ f ˈɔː ɾ", "^ f ˈɔː ɹ"),
    ],
)
def test_a_tap_is_said_where_voices_learned_it(phonemes: str, said: str) -> None:
    assert as_known(phonemes, AMERICAN) == said
    assert as_known(phonemes, [*AMERICAN, "r"]) == said


def test_a_voice_without_the_english_r_keeps_its_taps() -> None:
    assert as_known("^ f ˈɔː ɾ .", ["f", "ɾ", "ɔː"]) == "^ f ˈɔː ɾ ."


def test_known_phones_stay_whatever_their_stress() -> None:
    phonemes = "^ ˈa | ɒ , ˌəʊ ?"
    assert as_known(phonemes, ["ˌa", "ˈɒ", "əʊ"]) == phonemes


def test_a_british_voice_reads_american_phones_and_circles_end() -> None:
    assert as_known("^ ɡ ˈoʊ | k ˈæ t .", ["əʊ", "ɡ", "a", "k", "t"]) == "^ ɡ ˈəʊ | k ˈa t ."
    assert as_known("^ oʊ .", ["b"]) == "^ oʊ ."


def test_every_fallback_ends_in_phones_of_the_american_voice() -> None:
    lost = [phone for phone in FALLBACKS if not _known(as_known(phone, AMERICAN))]
    assert lost == []


def test_espeak_has_every_accent() -> None:
    assert set(ACCENTS) <= set(english_accents())


@pytest.mark.parametrize("accent", ACCENTS)
def test_the_lexical_sets_can_be_said_in_every_accent(accent: str) -> None:
    sets = (
        "kit dress trap lot strut foot bath cloth nurse fleece face palm thought goat goose price "
        "choice mouth near square start north force cure happy letter comma what water thing"
    )
    (phonemes,) = Phonemizer(accent).phonemize([sets])
    assert _known(as_known(phonemes, AMERICAN)), phonemes
    assert len(phones_of(phonemes)) > 80


def _known(phonemes: str) -> bool:
    return all(unstressed(token) in AMERICAN for token in tokens_of(phonemes))


@pytest.mark.parametrize(
    ("phone", "known", "nearest"),
    [("ɒ", {"ɑː", "ɔ"}, "ɑː"), ("eə", {"ɛ", "ə"}, "ɛ"), ("m", {"m"}, "m"), ("q", {"m"}, None)],
)
def test_one_phone_stands_in_for_another(phone: str, known: set[str], nearest: str | None) -> None:
    assert nearest_phone(phone, known) == nearest
