import pytest

from models.errors import DataError
from models.phonology.ipa import alphabet_of, transcribed


@pytest.mark.parametrize(
    ("written", "phones"),
    [
        ("HH AH0 L OW1", "h ə l ˈoʊ"),
        ("K AA1 R", "k ˈɑː ɹ"),
        ("R EH2 K ER0", "ɹ ˌɛ k ɚ"),
        ("həˈloʊ", "h ə l ˈoʊ"),  # the mark stands before the syllable
        ("h ə l ˈoʊ", "h ə l ˈoʊ"),
        ("ˈd͡ʒuːn", "dʒ ˈuː n"),
        ("gra:s", "ɡ ɹ ˈaː s"),  # ASCII for ɡ, ɹ and ː; one vowel, so it is the stressed one
        ("ðə", "ð ə"),
        ("ˈfɪŋ.gɚ", "f ˈɪ ŋ ɡ ɚ"),
        ("ˈbʌtn̩", "b ˈʌ t n̩"),
        ("ˈbɜ˞d", "b ˈɚ d"),
        ("ˈnʌ t ʃ ɛl", "n ˈʌ t ʃ ɛ l"),  # a space parts what would be one phone
        ("lɒx", "l ˈɒ x"),
        ("ˌriˈækt", "ɹ ˌi ˈæ k t"),
    ],
)
def test_transcriptions(written: str, phones: str) -> None:
    assert " ".join(transcribed(written, alphabet_of(written))) == phones


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("HH AX0", r"`AX0` is no ARPAbet; allowed are B, CH"),
        ("h ə 7", r"`7` \(U\+0037\) is no IPA"),
        ("həloʊˈ", "`ˈ` has no vowel behind it"),
        ("", "no phonemes"),
    ],
)
def test_what_cannot_be_read_is_named(written: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        transcribed(written, alphabet_of(written))
