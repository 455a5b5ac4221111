"""Pronunciation variants within one speaker: weak forms, flaps, dropped sounds.

Each option is a probability wherever the sound may change; null leaves all as
espeak-ng says it. Words of a pronunciation lexicon stay as they are there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from models.phonology.ipa import is_vowel
from models.phonology.phonemes import STRESS_MARKS, WORD, unstressed

# Said with a schwa, unless a phrase ends with them.
WEAK_WORDS = frozenset([
    "and", "as", "at", "but", "can", "could", "do", "does", "for", "from", "had", "has", "have",
    "must", "of", "or", "should", "some", "than", "them", "to", "us", "was", "would", "you", "your",
])  # fmt: skip
# Said without their h, unless a phrase begins with them.
H_DROPPERS = frozenset(["had", "has", "have", "he", "her", "him", "himself", "his"])


@dataclass(frozen=True, slots=True)
class VariantsConfig:
    """Probabilities from 0 to 1; null leaves the accent as it is.

    `weak_forms`: and, for, to ... with a schwa. `flapping`: t between vowels as a flap, and
    otherwise as t. `dropped_h`: `tell 'im`. `dropped_g`: `goin'`.
    """

    weak_forms: float | None = None
    flapping: float | None = None
    dropped_h: float | None = None
    dropped_g: float | None = None

    def __post_init__(self) -> None:
        for option in fields(self):
            value = getattr(self, option.name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{option.name}: from 0 to 1, or null; found {value}")


@dataclass(frozen=True, slots=True)
class Speech:
    """A sentence's words, their phones, and the token behind each word."""

    words: Sequence[str]
    phones: list[list[str]]
    boundaries: Sequence[str]
    fixed: frozenset[int] = frozenset()  # words that are not to be changed

    def begins_phrase(self, word: int) -> bool:
        return word == 0 or self.boundaries[word - 1] != WORD

    def ends_phrase(self, word: int) -> bool:
        return self.boundaries[word] != WORD


def vary(speech: Speech, config: VariantsConfig, rng: np.random.Generator) -> None:
    """Change the phones of a sentence as the config's probabilities have it.

    Every option draws from a generator of its own, so that switching one on changes no other.
    """
    options: list[tuple[float | None, Callable[[Speech, int, _Chance], None]]] = [
        (config.weak_forms, _weaken),
        (config.dropped_h, _drop_h),
        (config.dropped_g, _drop_g),
        (config.flapping, _flap),
    ]
    for (probability, change), own in zip(options, rng.spawn(len(options)), strict=True):
        if probability is None:
            continue
        chance = _Chance(probability, own)
        for word in range(len(speech.words)):
            if word not in speech.fixed:
                change(speech, word, chance)


@dataclass(frozen=True, slots=True)
class _Chance:
    probability: float
    rng: np.random.Generator

    def __call__(self) -> bool:
        return float(self.rng.random()) < self.probability


def _weaken(speech: Speech, word: int, chance: _Chance) -> None:
    """`f ɔː ɹ` as `f ɚ`, `æ n d` as `ə n d`."""
    if speech.words[word] not in WEAK_WORDS or speech.ends_phrase(word) or not chance():
        return
    phones = speech.phones[word]
    vowels = [index for index, phone in enumerate(phones) if is_vowel(phone)]
    if len(vowels) != 1:
        return
    vowel = vowels[0]
    if phones[vowel + 1 :] == ["ɹ"]:
        phones[vowel:] = ["ɚ"]
    else:
        phones[vowel] = "ə"


def _drop_h(speech: Speech, word: int, chance: _Chance) -> None:
    phones = speech.phones[word]
    may = speech.words[word] in H_DROPPERS and phones[0] == "h" and len(phones) > 1
    if may and not speech.begins_phrase(word) and chance():
        del phones[0]


def _drop_g(speech: Speech, word: int, chance: _Chance) -> None:
    """`ɡ ˈoʊ ɪ ŋ` as `ɡ ˈoʊ ɪ n`; `thing` stays."""
    phones = speech.phones[word]
    more_than_one = sum(1 for phone in phones if is_vowel(phone)) > 1
    if speech.words[word].endswith("ing") and phones[-2:] == ["ɪ", "ŋ"] and more_than_one:
        phones[-1] = "n" if chance() else "ŋ"


def _flap(speech: Speech, word: int, chance: _Chance) -> None:
    """`w ˈɔː t ɚ` as `w ˈɔː ɾ ɚ`, `ɡ ɛ t | ɪ t` as `ɡ ɛ ɾ | ɪ t`."""
    phones = speech.phones[word]
    for index in range(1, len(phones)):
        if phones[index] in ("t", "ɾ") and _may_flap(speech, word, index):
            phones[index] = "ɾ" if chance() else "t"


def _may_flap(speech: Speech, word: int, index: int) -> bool:
    """Behind a vowel or r, before a vowel: an unstressed one within a word, any across words.
    Not in `button`, where n is a syllable of its own.
    """
    phones = speech.phones[word]
    if not (is_vowel(phones[index - 1]) or phones[index - 1] == "ɹ"):
        return False
    if index + 1 < len(phones):
        following = phones[index + 1]
        if [following, *phones[index + 2 : index + 3]] == ["ə", "n"]:
            return False
        return is_vowel(following) and following[0] not in STRESS_MARKS
    if speech.ends_phrase(word):
        return False
    return is_vowel(unstressed(speech.phones[word + 1][0]))
