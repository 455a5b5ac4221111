"""Phonemes of spoken text: accents, the user's pronunciations, variants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from models.errors import DataError
from models.phonology.foreign_accents import parse_accent
from models.phonology.phonemes import Phonemizer, join_words, split_words, words_of
from pipeline.randomness import rng_for
from pipeline.text.pronunciations import Lexicon
from pipeline.text.variants import Speech, VariantsConfig, vary

_NONE: Mapping[str, str] = {}


class Pronounced(NamedTuple):
    """The accent of a sentence, and its phoneme string or why it has none."""

    accent: str
    phonemes: str | DataError


@dataclass(frozen=True)
class Pronouncer:
    """Draws an accent by weight, and asks espeak-ng, then the lexicon, then the variants.

    A foreign accent (`en-us+fr`) is here as natives say it; the rest is its speaker's. The draws of
    a sentence depend on the seed and its id alone.
    """

    accents: Mapping[str, float]
    lexicon: Lexicon = field(default_factory=Lexicon)
    variants: VariantsConfig = VariantsConfig()

    def pronounce(
        self, ids: Sequence[str], texts: Sequence[str], seed: int, given: Mapping[str, str] = _NONE
    ) -> list[Pronounced]:
        """What each of the spoken `texts` sounds like, in their order; `given` accents by id are
        not drawn.
        """
        accents = [given.get(id) or self.draw_accent(id, seed) for id in ids]
        found: dict[int, str | DataError] = {}
        natives = [parse_accent(accent).native for accent in accents]
        for native in dict.fromkeys(natives):
            indices = [index for index, drawn in enumerate(natives) if drawn == native]
            spoken = _phonemize(Phonemizer(native), [texts[index] for index in indices])
            found |= dict(zip(indices, spoken, strict=True))
        return [
            Pronounced(accent, self._as_asked(id, text, found[index], seed))
            for index, (id, text, accent) in enumerate(zip(ids, texts, accents, strict=True))
        ]

    def draw_accent(self, id: str, seed: int) -> str:
        """One of the accents by weight; in whatever order the config has them."""
        names = sorted(name for name, weight in self.accents.items() if weight > 0)
        if len(names) == 1:
            return names[0]
        total = sum(self.accents[name] for name in names)
        shares = [self.accents[name] / total for name in names]
        return str(rng_for(seed, "accent", id).choice(names, p=shares))

    def _as_asked(
        self, id: str, text: str, phonemes: str | DataError, seed: int
    ) -> str | DataError:
        if isinstance(phonemes, DataError):
            return phonemes
        from pipeline.text.letter_a import read_letter_a  # with readings, which a config needs not

        phonemes = read_letter_a(text, phonemes)
        if not self.lexicon.entries and self.variants == VariantsConfig():
            return phonemes
        words = words_of(text)
        phones, boundaries = split_words(phonemes)
        fixed = self.lexicon.pronounce(words, phones)
        speech = Speech(words, phones, boundaries, fixed)
        vary(speech, self.variants, rng_for(seed, "variants", id))
        return join_words(speech.phones, boundaries)


def _phonemize(phonemizer: Phonemizer, texts: list[str]) -> list[str | DataError]:
    """All at once; one at a time when there is one that cannot be, so that only it is lost."""
    try:
        return list(phonemizer.phonemize(texts))
    except DataError:
        return [_phonemize_one(phonemizer, text) for text in texts]


def _phonemize_one(phonemizer: Phonemizer, text: str) -> str | DataError:
    try:
        return phonemizer.phonemize([text])[0]
    except DataError as error:
        return error
