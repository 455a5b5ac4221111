"""A pronunciation as dictionaries write it, in IPA or ARPAbet, as phones of our phoneme strings."""

import re
from typing import Literal

from models.errors import DataError
from models.phonology.arpabet import labels_of, phones_of_label
from models.phonology.phonemes import STRESS_MARKS, unstressed

Transcription = Literal["ipa", "arpabet"]

_VOWELS = "aeiouyæɐɑɒɔəɘɵɚɛɜɝɞɤɨɪɯɶʉʊʌøœʏᵻ"
_CONSONANTS = "bcdfhjklmnpqstvwxzçðħŋɓɕɖɗɟɠɡɢɣɥɦɧɫɬɭɮɰɱɲɳɴɸɹɺɻɽɾʀʁʂʃʄʈʋʍʎʐʑʒʔʕʘʙʛʜʝʟʡʢβθχǀǁǂǃ"
# Letters that are one phone together. Elsewhere a space parts them: `n ʌ t ʃ ɛ l`.
_JOINED = ("tʃ", "dʒ", "aɪ", "aʊ", "eɪ", "oʊ", "əʊ", "ɔɪ", "eə", "ʊə", "ɪə")
_SPELLINGS = str.maketrans(
    {"g": "ɡ", "r": "ɹ", ":": "ː", "'": "ˈ", "ʤ": "dʒ", "ʧ": "tʃ", "ɝ": "ɜː", "ˑ": None}
    | dict.fromkeys("\u0361\u035cʰʷʲ.‿-")  # ties, aspiration, syllables
)
_R_COLOURED = re.compile("[əɜ](?:ː)?˞")
_PHONE = re.compile(
    f"(?P<stress>[{STRESS_MARKS}])|"
    f"(?:{'|'.join(_JOINED)}|[{_VOWELS}{_CONSONANTS}])[ː\u0303\u0329\u032a]*"
)
_NEVER_STRESSED = frozenset(["ə", "ɚ", "ᵻ", "ɐ"])


def transcribed(written: str, alphabet: Transcription) -> tuple[str, ...]:
    """The phones of one word: `HH AH0 L OW1` or `həˈloʊ` as `h ə l ˈoʊ`.

    IPA may have spaces between phones; stress stands before its syllable or its vowel, and a word
    of one full vowel needs no mark. Raises `DataError` naming the symbol that is not known.
    """
    read = _from_arpabet if alphabet == "arpabet" else _from_ipa
    phones = read(written)
    if not phones:
        raise DataError("no phonemes")
    vowels = [index for index, phone in enumerate(phones) if is_vowel(phone)]
    if len(vowels) == 1 and phones[vowels[0]] not in _NEVER_STRESSED and alphabet == "ipa":
        index = vowels[0]
        phones[index] = phones[index] if phones[index][0] in STRESS_MARKS else "ˈ" + phones[index]
    return tuple(phones)


def alphabet_of(written: str) -> Transcription:
    """ARPAbet is written in capitals and digits, IPA never is."""
    return "arpabet" if any(letter.isupper() for letter in written) else "ipa"


def is_vowel(phone: str) -> bool:
    """Whether a phone of a phoneme string is a vowel; `n̩` is none."""
    return unstressed(phone)[:1] in _VOWELS


def _from_arpabet(written: str) -> list[str]:
    phones: list[str] = []
    for label in written.split():
        found = phones_of_label(label, "arpabet")
        if not found:
            raise DataError(f"`{label}` is no ARPAbet; allowed are {labels_of('arpabet')}")
        phones += found
    return phones


def _from_ipa(written: str) -> list[str]:
    phones, stress = [], ""
    for chunk in _R_COLOURED.sub("ɚ", written).translate(_SPELLINGS).split():
        end = 0
        for match in _PHONE.finditer(chunk):
            if match.start() != end:
                break
            end = match.end()
            if match["stress"]:
                stress = match["stress"]
                continue
            glued = stress if is_vowel(match[0]) else ""
            phones.append(glued + match[0])
            stress = "" if glued else stress
        if end < len(chunk):
            raise DataError(f"`{chunk[end]}` (U+{ord(chunk[end]):04X}) is no IPA that is known")
    if stress:
        raise DataError(f"`{stress}` has no vowel behind it")
    return phones
