"""Sound changes in the notation of phonologists, applied to one word at a time.

    θ ð > s z            θ as s, ð as z
    ɹ > ɾ / V _ V        between vowels
    h > 0                left out
    0 > ɛ / # _ s C      put in where a word begins with s and a consonant
    tʃ > t+s             two phones for one
    t > 0 / {s k p} _ #  where a word ends, after one of these
    a > b; c > d         one after the other
    stress final         on the last full vowel alone
    stress even          a secondary stress on every full vowel that has none

`V` is any vowel, `C` any consonant, `#` an edge of the word. A change sees the word as it was
before it: all places change at once. Stress stays with the vowel, and no word is left without a
phone.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.phonology.ipa import is_vowel
from models.phonology.phonemes import STRESS_MARKS, join_words, split_words, unstressed

_NOTHING, _EDGE, _VOWEL, _CONSONANT = "0", "#", "V", "C"
_ITEM = re.compile(r"\{([^}]*)\}|(\S+)")
_REDUCED = frozenset(["ə", "ɚ", "ᵻ", "ɐ"])  # never stressed


@dataclass(frozen=True, slots=True)
class Rule:
    """A change as it was parsed: phone -> what stands for it, between `left` and `right`.

    A phone of `""` is a place between two phones. Every item of a context is the phones and
    classes that it allows.
    """

    replacements: Mapping[str, tuple[str, ...]]
    left: tuple[frozenset[str], ...]
    right: tuple[frozenset[str], ...]

    def apply(self, word: Sequence[str]) -> list[str]:
        """The phones of a word, stress marks glued to their vowels, after the change."""
        plain = [unstressed(phone) for phone in word]
        changed: list[str] = []
        for index in range(len(word) + 1):
            if "" in self.replacements and self._fits(plain, index, index):
                changed += self.replacements[""]
            if index == len(word):
                break
            replacement = self.replacements.get(plain[index])
            if replacement is None or not self._fits(plain, index, index + 1):
                changed.append(word[index])
                continue
            stress = word[index].removesuffix(plain[index])
            changed += [stress + replacement[0], *replacement[1:]] if replacement else []
        return changed or list(word)

    def _fits(self, word: Sequence[str], start: int, end: int) -> bool:
        """Whether the contexts stand before `start` and from `end` on."""
        before = range(start - len(self.left), start)
        return all(
            _allows(item, word, index)
            for item, index in [
                *zip(self.left, before, strict=True),
                *zip(self.right, range(end, end + len(self.right)), strict=True),
            ]
        )


def change_words(phonemes: str, changes: Iterable[str]) -> str:
    """A phoneme string after `changes`, in their order; it keeps its words and pauses."""
    words, boundaries = split_words(phonemes)
    for written in (part for change in changes for part in change.split("; ")):
        change = _STRESS.get(written) or parse_change(written).apply
        words = [change(word) for word in words]
    return join_words(words, boundaries)


def phones_made(change: str) -> frozenset[str]:
    """The phones that a change puts in."""
    rules = [parse_change(part) for part in change.split("; ") if part not in _STRESS]
    return frozenset(
        p for rule in rules for replacement in rule.replacements.values() for p in replacement
    )


@functools.cache
def parse_change(written: str) -> Rule:
    """A change of phones as it is written above. Raises `ValueError` for what is no change."""
    change, _, context = written.partition(" / ")
    targets, arrow, replacement = change.partition(">")
    olds, news = targets.split(), replacement.split()
    left, mark, right = context.partition("_")
    if not arrow or not olds or len(olds) != len(news) or bool(context) != bool(mark):
        raise ValueError(f"`{written}`: expected as `a b > c d`, or `a > b / left _ right`")
    replacements = {
        old.strip(_NOTHING): tuple(new.strip(_NOTHING).split("+")) if new != _NOTHING else ()
        for old, new in zip(olds, news, strict=True)
    }
    return Rule(replacements, _items(left), _items(right))


def _stress_last(word: Sequence[str]) -> list[str]:
    full = _full_vowels(word)
    if len(full) < 2 or not _has_stress(word):
        return list(word)
    return ["ˈ" * (index == full[-1]) + unstressed(phone) for index, phone in enumerate(word)]


def _stress_all(word: Sequence[str]) -> list[str]:
    full = _full_vowels(word) if _has_stress(word) else []
    weak = [index for index in full if word[index][0] not in STRESS_MARKS]
    return ["ˌ" * (index in weak) + phone for index, phone in enumerate(word)]


_STRESS: Mapping[str, Callable[[Sequence[str]], list[str]]] = {
    "stress final": _stress_last,
    "stress even": _stress_all,
}


def _full_vowels(word: Sequence[str]) -> list[int]:
    plain = [unstressed(phone) for phone in word]
    return [i for i, phone in enumerate(plain) if is_vowel(phone) and phone not in _REDUCED]


def _has_stress(word: Sequence[str]) -> bool:
    return any(phone[0] in STRESS_MARKS for phone in word)


def _items(context: str) -> tuple[frozenset[str], ...]:
    return tuple(
        frozenset((several or single).split()) for several, single in _ITEM.findall(context)
    )


def _allows(item: frozenset[str], word: Sequence[str], index: int) -> bool:
    phone = word[index] if 0 <= index < len(word) else _EDGE
    if phone in item:
        return True
    return phone != _EDGE and (_VOWEL if is_vowel(phone) else _CONSONANT) in item
