"""Phones and diphones: those that sentences hold, and those that a domain could say at all.

A diphone is two phones in a row without a pause between them, within a word or across words;
stress is left out. What a domain can say is told from the pieces of its templates and its
listed values, each pronounced once by itself. That is close, not exact: espeak-ng weakens and
joins words by what stands beside them, a slot made by rule (`7:30 am`) is taken for a pause,
figures in lists are read one by one, and letters glued to a slot (`{{ pet }}s`) are left out.
"""

import functools
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from models.phonology.phonemes import SILENCES, WORD, unstressed, word_spans, words_of
from pipeline.domain.domains import Domain
from pipeline.domain.slots.vocabulary import Vocabulary
from pipeline.domain.templates import Template
from pipeline.text.pronounce import Pronouncer
from pipeline.text.pronunciations import Lexicon, with_domain

Diphone = tuple[str, str]
Breaths = tuple[tuple[str, ...], ...]  # the phones between pauses
Reading = tuple[str | Vocabulary | None, ...]  # a plain template; None: a slot made by rule

_SILENT: Breaths = ((),)
_UNKNOWN: Breaths = ((), ())  # nothing that meets it makes a diphone
_PAUSE = re.compile(r"[,;:()—–.?!]|\s-+\s")
_GLUED_BEHIND, _GLUED_BEFORE = re.compile(r"^[^\W_'’]*['’]?[^\W_]+"), re.compile(r"[^\W_]+$")
_RENDERINGS = 2000  # of a template with conditions, which is pronounced sentence by sentence
_ACCENTS = {"en_US": "en-us", "en_GB": "en-gb"}
# Every sound of English: Wells's lexical sets (Accents of English, 1982), then the consonants.
_EVERY_SOUND = """
kit dress trap lot strut foot bath cloth nurse fleece face palm thought goat goose price choice
mouth near square start north force cure happy letter comma roses button little water pea bee
tea day key guy church judge fee vee thin this sea zoo she measure hay me no sing lay ray way yes a
"""


@dataclass(frozen=True, slots=True)
class SoundSet:
    """Phones without stress, and diphones."""

    phones: frozenset[str] = frozenset()
    diphones: frozenset[Diphone] = frozenset()

    def __or__(self, other: "SoundSet") -> "SoundSet":
        return SoundSet(self.phones | other.phones, self.diphones | other.diphones)


def breaths_of(phonemes: str) -> Breaths:
    """The phones of a phoneme string between its silences, which part diphones."""
    breaths: list[list[str]] = [[]]
    for token in phonemes.split():
        if token in SILENCES:
            breaths.append([])
        elif token != WORD:
            breaths[-1].append(unstressed(token))
    return tuple(tuple(breath) for breath in breaths if breath)


def diphones_of(breaths: Breaths) -> Iterator[Diphone]:
    """In the order of the text."""
    for breath in breaths:
        yield from pairwise(breath)


def accent_of(domain: Domain) -> str:
    """The accent that a domain's locale is read in before anyone speaks it."""
    return _ACCENTS[domain.settings.locale]


def reading(template: Template, listed: Collection[str]) -> Reading:
    """The pieces of a plain template as they are pronounced; nothing for one with conditions."""
    pieces = template.pieces or ()
    read: list[str | Vocabulary | None] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, Vocabulary):
            read.append(piece if piece.name in listed else None)
            continue
        if index:
            piece = _GLUED_BEHIND.sub("", piece)
        if index + 1 < len(pieces):
            piece = _GLUED_BEFORE.sub("", piece)
        read.append(piece)
    return tuple(read)


class PieceSpeech:
    """How the pieces and listed values of a domain's plain templates sound, in one accent.

    All are pronounced at once, when it is made; `breaths` is then a look-up.
    """

    def __init__(self, domain: Domain, accent: str, lexicon: Lexicon | None = None) -> None:
        own = with_domain(lexicon or Lexicon(), domain.pronunciations, str(domain.folder))
        self._pronouncer = Pronouncer({accent: 1.0}, own)
        templates = [template for template in domain.templates() if template.pieces is not None]
        self.readings = [reading(template, domain.lexicons) for template in templates]
        vocabularies = {
            id(piece): piece
            for read in self.readings
            for piece in read
            if isinstance(piece, Vocabulary)
        }
        texts = {piece for read in self.readings for piece in read if isinstance(piece, str)}
        texts.update(value for words in vocabularies.values() for value in words)
        self._breaths = self.pronounce(sorted(texts))

    def breaths(self, piece: str | None) -> Breaths:
        """The first and last breath are empty where a pause stands at that end of the piece."""
        return _UNKNOWN if piece is None else self._breaths[piece]

    def pronounce(self, texts: Sequence[str]) -> dict[str, Breaths]:
        """The breaths of any texts; what cannot be pronounced is unknown."""
        worded = [text for text in texts if words_of(text)]
        pronounced = self._pronouncer.pronounce([""] * len(worded), worded, seed=0)
        found = {text: _SILENT if not _PAUSE.search(text) else _UNKNOWN for text in texts}
        for text, (_, phonemes) in zip(worded, pronounced, strict=True):
            found[text] = _UNKNOWN
            if isinstance(phonemes, str):
                found[text] = _with_ends(text, breaths_of(phonemes))
        return found


def _with_ends(text: str, breaths: Breaths) -> Breaths:
    spans = word_spans(text)
    before, behind = text[: spans[0][0]], text[spans[-1][1] :]
    return (
        *(((),) if _PAUSE.search(before) else ()),
        *breaths,
        *(((),) if _PAUSE.search(behind) else ()),
    )


def possible_sounds(domain: Domain, speech: PieceSpeech) -> SoundSet:
    """What the domain's templates and listed values can sound like; slots made by rule aside."""
    found = functools.reduce(
        SoundSet.__or__, (_sounds_of_reading(read, speech) for read in speech.readings), SoundSet()
    )
    with_conditions = [template for template in domain.templates() if template.pieces is None]
    texts = {
        rendered.text
        for template in with_conditions
        for rendered in islice(template.all_renderings(), _RENDERINGS)
    }
    pronounced = speech.pronounce(sorted(texts)).values()
    return found | sounds_in(pronounced)


def sounds_in(spoken: Iterable[Breaths]) -> SoundSet:
    """The phones and diphones of sentences or pieces."""
    phones: set[str] = set()
    diphones: set[Diphone] = set()
    for breaths in spoken:
        phones.update(phone for breath in breaths for phone in breath)
        diphones.update(diphones_of(breaths))
    return SoundSet(frozenset(phones), frozenset(diphones))


def _sounds_of_reading(read: Reading, speech: PieceSpeech) -> SoundSet:
    """All that its pieces hold, and every diphone where one of their values can meet the next."""
    found = SoundSet()
    ends: set[str] = set()
    for piece in read:
        choices = [
            speech.breaths(text) for text in (piece if isinstance(piece, Vocabulary) else [piece])
        ]
        starts = {breaths[0][0] for breaths in choices if breaths[0]}
        met = frozenset((left, right) for left in ends for right in starts)
        found |= sounds_in(choices) | SoundSet(diphones=met)
        passes = ends if any(breaths == _SILENT for breaths in choices) else set()
        ends = {breaths[-1][-1] for breaths in choices if breaths[-1]} | passes
    return found


@functools.cache
def inventory(accent: str) -> frozenset[str]:
    """The phones that espeak-ng has for the sounds of English in `accent`."""
    words = _EVERY_SOUND.split()
    pronounced = Pronouncer({accent: 1.0}).pronounce([""] * len(words), words, seed=0)
    return sounds_in(breaths_of(str(phonemes)) for _, phonemes in pronounced).phones
