"""The accents that ship, and what a voice says for their sounds that it never learned.

A voice learned the phones of its training data, mostly American ones. A phone of another accent
that its table lacks is said as the nearest that it has: `FALLBACKS` below, read in order. A phone
for which nothing is left stays as it is, and whoever looks it up says that it is unknown.
"""

from collections.abc import Collection

from models.phonology.phonemes import SILENCES, WORD, unstressed
from models.phonology.word_starts import unmarked

# espeak-ng's, each tried over the sentences of a shipped domain.
ACCENTS = (
    "en-us", "en-us-nyc", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan",
    "en-gb-x-gbcwmd", "en-029",
)  # fmt: skip

# A phone: what may stand for it, best first. Phones that stand together have a space between them.
FALLBACKS: dict[str, tuple[str, ...]] = {
    # Open vowels
    "ɒ": ("ɑː", "ɔ"),  # lot
    "ɑ": ("ɑː",),
    "ɑː": ("ɑ", "ɒ", "a"),
    "ɑə": ("ɑː",),  # car, Caribbean
    "a": ("æ", "ɑː"),  # trap, British
    "aː": ("ɑː",),
    "a:": ("ɑː",),  # espeak-ng's own spelling, in Scotland
    "aa": ("ɑː",),  # bath, Caribbean
    "æ": ("a", "ɛ"),
    "ɛə": ("æ",),  # half, New York
    "ɐ": ("ʌ", "ə"),  # about; better, RP
    "ʌ": ("ɐ", "ə"),
    # Mid vowels
    "e": ("ɛ",),
    "ɛ": ("e", "æ"),
    "ɛː": ("ɛ ə", "ɛ"),
    "eə": ("ɛ ə", "ɛ ɹ"),  # there, British
    "eʲ": ("i",),  # studying, Scotland
    "eː": ("eɪ",),  # face, Scotland and Lancaster
    "eɪ": ("eː", "ɛ ɪ"),
    "ə": ("ɐ", "ʌ"),
    "ɚ": ("ə ɹ", "ɜː"),
    "ɜ": ("ɚ", "ə"),  # better, Scotland
    "ɜː": ("ɝ", "ɚ", "ə ɹ"),
    "ɝ": ("ɜː", "ɚ"),
    "əɹ": ("ɜː", "ə ɹ"),  # third, Scotland
    "ʌɹ": ("ɜː", "ʌ ɹ"),  # nurse, Scotland
    "əɪ": ("ɜː",),  # third, New York
    "o": ("oʊ", "ɔː"),
    "oː": ("oʊ", "ɔː"),
    "ɔ": ("ɔː", "ɒ", "ɑː"),
    "ɔː": ("ɔ", "ɑː"),
    "oə": ("ɔː",),  # tour, Caribbean
    "ɔə": ("ɔː",),  # for, Caribbean
    "əʊ": ("oʊ",),  # goat, British
    "oʊ": ("əʊ", "ɔː"),
    "ʌʊ": ("oʊ", "əʊ"),  # goat, West Midlands
    # Close vowels
    "ɪ": ("ᵻ", "i"),
    "ᵻ": ("ɪ", "ə"),
    "i": ("iː", "ɪ"),
    "iː": ("i",),
    "ei": ("iː",),  # tea, West Midlands
    "ɪə": ("ɪ ə", "ɪ ɹ"),
    "ʊ": ("u", "uː"),
    "u": ("uː", "ʊ"),
    "uː": ("u",),
    "ʉ": ("uː",),
    "ʉː": ("uː",),  # goose, Scotland
    "ʉɹ": ("ʊ ɹ",),  # cure, Scotland
    "əu": ("uː",),  # goose, West Midlands
    "ʊə": ("ʊ ə", "ʊ ɹ"),  # cure, British
    # Diphthongs
    "aɪ": ("a ɪ",),
    "aʊ": ("a ʊ",),
    "æʊ": ("aʊ",),  # mouth, Lancaster and West Midlands
    "ʌʉ": ("aʊ",),  # mouth, Scotland
    "ɔɪ": ("ɔː ɪ",),
    "oɪ": ("ɔɪ",),  # choice, West Midlands
    # Consonants
    "ɾ": ("t", "d"),
    "t̪": ("t",),  # three, Caribbean
    "d̪": ("d",),
    "ʈ": ("t",),  # Indian
    "ɖ": ("d",),
    "ʔ": ("t",),
    "ʍ": ("w",),  # what, Scotland
    "r": ("ɹ",),
    "ɹ": ("r",),
    "ɫ": ("l",),
    "n̩": ("ə n",),
    "m̩": ("ə m",),
    "l̩": ("ə l",),
    "tʃ": ("t ʃ",),
    "dʒ": ("d ʒ",),
    "ʒ": ("ʃ",),
    # Foreign names
    "x": ("k",),  # loch
    "χ": ("k",),
    "ç": ("h",),
    "ɣ": ("ɡ",),
    "ɬ": ("l",),
    "ʁ": ("ɹ",),
    "β": ("v",),
    "ʋ": ("v",),
    "ɸ": ("f",),
    "ɲ": ("n j",),
    "ʎ": ("l j",),
    "y": ("uː",),
    "ø": ("ɜː",),
    "œ": ("ɜː",),
    "ɑ̃": ("ɑː",),
    "ɛ̃": ("æ",),
    "ɔ̃": ("ɔ",),
}


def as_known(phonemes: str, table: Collection[str]) -> str:
    """A phoneme string with the phones of `table` alone, wherever `FALLBACKS` leads there.

    Stress counts for nothing in the search; it goes over to the first phone that stands in.
    """
    known = {unstressed(unmarked(symbol)) for symbol in table} | {WORD, *SILENCES}
    tokens: list[str] = []
    for token in phonemes.split():
        phone = unstressed(token)
        stress = token[: len(token) - len(phone)]
        first, *rest = _nearest(phone, known, frozenset()) or (phone,)
        tokens += [stress + first, *rest]
    return " ".join(tokens)


def nearest_phone(phone: str, known: Collection[str]) -> str | None:
    """One phone of `known` that is most like an unstressed `phone`; None when nothing is."""
    return next(iter(_nearest(phone, known, frozenset())), None)


def _nearest(phone: str, known: Collection[str], tried: frozenset[str]) -> tuple[str, ...]:
    """The first of a phone's replacements, and of theirs, that is known; empty when none is."""
    if phone in known:
        return (phone,)
    for written in FALLBACKS.get(phone, ()):
        parts = written.split()
        if tried.isdisjoint(parts):
            found = [_nearest(part, known, tried | {phone}) for part in parts]
            if all(found):
                return tuple(one for part in found for one in part)
    return ()
