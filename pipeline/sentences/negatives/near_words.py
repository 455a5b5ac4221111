"""Near words: those of a pronouncing lexicon within a phonetic distance.

Sounds are told apart as ARPAbet tells them apart: stress, and what espeak-ng writes in more
ways than a dictionary (a flap, a reduced vowel), make no word another.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from models.errors import DataError
from models.phonology.phonemes import unstressed
from models.recognition.edit_distance import edit_distances
from pipeline.text.pronunciations import all_pronunciations, lexicon_digest

Sounds = tuple[str, ...]
_AS_ARPABET = {"ʌ": "ə", "ɐ": "ə", "ɜː": "ɚ", "i": "iː", "ᵻ": "ɪ", "ɾ": "t"}
_NEVER = 0  # stands behind the end of a word
_KEPT = 1024  # searches
_UNCOMMON = 1000.0  # from about this rank on, a word comes later the less common it is


def sounds_of(phones: Iterable[str]) -> Sounds:
    """Phones of a phoneme string with those made one that no pair of words is told apart by."""
    plain = (unstressed(phone) for phone in phones)
    return tuple(_AS_ARPABET.get(phone, phone) for phone in plain)


class NearWords:
    """The single words of a lexicon in its order, commonest first.

    `pronounced` has every word's pronunciations. Raises `DataError` where the file has no single
    word, or as `all_pronunciations` does.
    """

    def __init__(self, path: Path) -> None:
        entries = all_pronunciations(path)
        self.pronounced: dict[str, tuple[Sounds, ...]] = {
            words[0]: tuple(dict.fromkeys(sounds_of(phones) for phones in pronunciations))
            for words, pronunciations in entries.items()
            if len(words) == 1
        }
        if not self.pronounced:
            raise DataError(f"{path}: no single word in it; at least one is needed")
        self.words = tuple(self.pronounced)
        self._owners = np.repeat(
            np.arange(len(self.words)), [len(self.pronounced[word]) for word in self.words]
        )
        self._codes, self._lengths = self._table(
            [s for pronounced in self.pronounced.values() for s in pronounced]
        )
        self._nearest = functools.lru_cache(maxsize=_KEPT)(self._search)

    def near(self, ways: Sequence[Sounds], most: int) -> Mapping[int, tuple[str, ...]]:
        """By the number of edits, the words that many edits from one of `ways` to say something.

        In the lexicon's order, up to `most` edits. A word with several pronunciations, or near
        to several ways, is where it is nearest.
        """
        return self._nearest(tuple(ways), most)

    def shuffled(self, rng: np.random.Generator, words: Sequence[str]) -> list[str]:
        """`words` of the lexicon in an order drawn from `rng`, in which common ones come early."""
        ranks = np.array([self._ranks[word] for word in words])
        order = np.argsort(rng.exponential(size=len(words)) * (ranks + _UNCOMMON))
        return [words[index] for index in order]

    def words_sounding(self, sounds: Sounds) -> tuple[str, ...]:
        """All words with exactly this pronunciation."""
        return self._by_sounds.get(sounds, ())

    @functools.cached_property
    def _by_sounds(self) -> dict[Sounds, tuple[str, ...]]:
        found: dict[Sounds, tuple[str, ...]] = {}
        for word, ways in self.pronounced.items():
            for way in ways:
                found[way] = (*found.get(way, ()), word)
        return found

    @functools.cached_property
    def _ranks(self) -> dict[str, int]:
        return {word: rank for rank, word in enumerate(self.words)}

    def _search(self, ways: tuple[Sounds, ...], most: int) -> Mapping[int, tuple[str, ...]]:
        closest = np.full(len(self.words), most + 1, dtype=np.int16)
        for way in ways:
            rows = np.flatnonzero(np.abs(self._lengths - len(way)) <= most)
            lengths = self._lengths[rows]
            codes = self._codes[rows, : lengths.max(initial=0)]
            meant = [self._numbers.get(sound, -1) for sound in way]
            np.minimum.at(closest, self._owners[rows], edit_distances(codes, lengths, meant))
        return {
            edits: tuple(self.words[rank] for rank in np.flatnonzero(closest == edits))
            for edits in range(most + 1)
            if (closest == edits).any()
        }

    def _table(self, pronounced: Sequence[Sounds]) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of sounds (B, N), and how many each word has (B,)."""
        sounds = sorted({sound for word in pronounced for sound in word})
        self._numbers = {sound: number for number, sound in enumerate(sounds, start=_NEVER + 1)}
        lengths = np.array([len(word) for word in pronounced])
        codes = np.full((len(pronounced), lengths.max()), _NEVER, dtype=np.int16)
        for row, word in zip(codes, pronounced, strict=True):
            row[: len(word)] = [self._numbers[sound] for sound in word]
        return codes, lengths


def load_near_words(path: Path) -> NearWords:
    """The words of the lexicon file at `path`, kept for the next call while it stays as it is."""
    return _load(path, lexicon_digest([path]))


@functools.lru_cache(maxsize=2)
def _load(path: Path, digest: str) -> NearWords:
    """`digest` is there for the cache alone."""
    return NearWords(path)
