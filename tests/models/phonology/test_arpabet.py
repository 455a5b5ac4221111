import pytest

from models.phonology.alphabets import sound_of
from models.phonology.arpabet import GridAlphabet, labels_of, phones_of_label
from tests.tiny_voices import RECOGNIZED


@pytest.mark.parametrize(
    ("alphabet", "label", "phones"),
    [
        ("arpabet", "AA1", ("ˈɑː",)),
        ("arpabet", "AH0", ("ə",)),
        ("arpabet", "AH1", ("ˈʌ",)),
        ("arpabet", "AH2", ("ˌʌ",)),
        ("arpabet", "AH", ("ʌ",)),
        ("arpabet", "ER0", ("ɚ",)),
        ("arpabet", "ER1", ("ˈɜː",)),
        ("arpabet", "hh", ("h",)),
        ("arpabet", "NG", ("ŋ",)),
        ("arpabet", "QQ", ()),
        ("arpabet", "B1", ("b",)),
        ("mfa", "tʰ", ("t",)),
        ("mfa", "t̪", ("t",)),
        ("mfa", "ɾ̃", ("ɾ",)),
        ("mfa", "cʰ", ("k",)),
        ("mfa", "ɡʷ", ("ɡ",)),
        ("mfa", "dʒ", ("dʒ",)),
        ("mfa", "ow", ("oʊ",)),
        ("mfa", "ˈow", ("ˈoʊ",)),
        ("mfa", "ɫ̩", ("ə", "l")),
        ("mfa", "ʉː", ("uː",)),
        ("mfa", "ʘ", ()),
        ("ipa", "ˈoʊ", ("ˈoʊ",)),
    ],
)
def test_labels(alphabet: GridAlphabet, label: str, phones: tuple[str, ...]) -> None:
    assert phones_of_label(label, alphabet) == phones


@pytest.mark.parametrize("alphabet", ["arpabet", "mfa"])
def test_every_label_becomes_a_phone_that_english_has(alphabet: GridAlphabet) -> None:
    english = {sound_of(phone) for phone in RECOGNIZED}
    for label in labels_of(alphabet).split(", "):
        for phone in phones_of_label(label.removesuffix("0-2"), alphabet):
            assert sound_of(phone) in english, label


def test_published_phone_set_of_mfa_is_known() -> None:
    """English (US) MFA dictionary 3.1.0, as its page lists it."""
    listed = (
        "aj aw b c d ej f h i j k l m n ow p s t v w z æ ç ð ŋ ɐ ɑ ɑː ɒ ɒː ɔj ə ɚ ɛ ɝ ɟ ɟʷ ɡ ɡʷ ɪ "
        "ɫ ɫ̩ ɱ ɲ ɹ ɾ ɾʲ ɾ̃ ʃ ʉ ʉː ʊ ʎ ʒ ʔ θ tʃ dʒ iː tʰ pʰ kʰ bʲ n̩ m̩"
    )
    assert [label for label in listed.split() if not phones_of_label(label, "mfa")] == []
