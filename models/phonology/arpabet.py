"""The phones that aligners write into TextGrids, as the symbols of our phoneme strings."""

from typing import Literal

from models.phonology.phonemes import STRESS_MARKS

GridAlphabet = Literal["arpabet", "mfa", "ipa"]

# CMUdict's ARPAbet, which MFA's english_us_arpa writes. Vowels carry a stress digit; the second
# of two is what the vowel is without stress.
_ARPABET_VOWELS = {
    "AA": ("ɑː", "ɑː"), "AE": ("æ", "æ"), "AH": ("ʌ", "ə"), "AO": ("ɔː", "ɔː"), "AW": ("aʊ", "aʊ"),
    "AY": ("aɪ", "aɪ"), "EH": ("ɛ", "ɛ"), "ER": ("ɜː", "ɚ"), "EY": ("eɪ", "eɪ"), "IH": ("ɪ", "ɪ"),
    "IY": ("iː", "i"), "OW": ("oʊ", "oʊ"), "OY": ("ɔɪ", "ɔɪ"), "UH": ("ʊ", "ʊ"), "UW": ("uː", "uː"),
}  # fmt: skip
_ARPABET_CONSONANTS = {
    "B": "b", "CH": "tʃ", "D": "d", "DH": "ð", "DX": "ɾ", "F": "f", "G": "ɡ", "HH": "h", "JH": "dʒ",
    "K": "k", "L": "l", "M": "m", "N": "n", "NG": "ŋ", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ",
    "T": "t", "TH": "θ", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
_STRESS = {"0": "", "1": "ˈ", "2": "ˌ"}

# MFA's IPA (english_mfa, english_us_mfa, 2.0 to 3.1), where it differs from ours once marks of
# aspiration, palatalization, rounding, dentals and nasals are taken off.
_MFA = {
    "a": "æ", "aː": "ɑː", "aj": "aɪ", "aw": "aʊ", "c": "k", "e": "eɪ", "eː": "eɪ", "ej": "eɪ",
    "o": "oʊ", "oː": "ɔː", "ow": "oʊ", "u": "uː", "ç": "h", "ɐ": "ʌ", "ɑ": "ɑː", "ɒ": "ɑː",
    "ɒː": "ɔː", "ɔ": "ɔː", "ɔj": "ɔɪ", "ɖ": "d", "əw": "oʊ", "ɛː": "ɛ", "ɜ": "ɜː", "ɝ": "ɜː",
    "ɟ": "ɡ", "ɫ": "l", "ɱ": "m", "ɲ": "n", "ʈ": "t", "ʉ": "uː", "ʉː": "uː", "ʋ": "v", "ʎ": "l",
    "ʔ": "t",
}  # fmt: skip
_MFA_SAME = frozenset([
    "b", "d", "dʒ", "f", "h", "i", "iː", "j", "k", "l", "m", "n", "p", "s", "t", "tʃ", "uː", "v",
    "w", "z", "æ", "ð", "ŋ", "ɑː", "ə", "ɚ", "ɛ", "ɜː", "ɡ", "ɪ", "ɹ", "ɾ", "ʃ", "ʊ", "ʒ", "θ",
])  # fmt: skip
_MARKS = str.maketrans("", "", "ʰʲʷ\u032a\u0303")
_SYLLABIC = "\u0329"


def phones_of_label(label: str, alphabet: GridAlphabet) -> tuple[str, ...]:
    """The phones of our phoneme strings that an interval's label stands for.

    A syllabic consonant is two, as in our strings; `ipa` labels are our symbols already. Empty
    for a label that the alphabet does not have.
    """
    if alphabet == "ipa":
        return (label,)
    if alphabet == "arpabet":
        return _from_arpabet(label)
    return _from_mfa(label)


def labels_of(alphabet: GridAlphabet) -> str:
    """What an alphabet has, for messages."""
    if alphabet == "arpabet":
        return ", ".join([*_ARPABET_CONSONANTS, *(f"{vowel}0-2" for vowel in _ARPABET_VOWELS)])
    return ", ".join(sorted({*_MFA, *_MFA_SAME})) if alphabet == "mfa" else "our own symbols"


def _from_arpabet(label: str) -> tuple[str, ...]:
    base, digit = label.rstrip("012").upper(), label[-1:]
    if base in _ARPABET_CONSONANTS:
        return (_ARPABET_CONSONANTS[base],)
    if base not in _ARPABET_VOWELS:
        return ()
    full, reduced = _ARPABET_VOWELS[base]
    return (reduced,) if digit == "0" else (_STRESS.get(digit, "") + full,)


def _from_mfa(label: str) -> tuple[str, ...]:
    stress = "".join(mark for mark in label if mark in STRESS_MARKS)[:1]
    plain = label.strip(STRESS_MARKS).translate(_MARKS)
    base = plain.replace(_SYLLABIC, "")
    phone = _MFA.get(base, base if base in _MFA_SAME else "")
    if not phone:
        return ()
    return ("ə", phone) if _SYLLABIC in plain else (stress + phone,)
