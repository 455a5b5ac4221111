"""Pronunciation lexicons of the user's own: words that are said as a file says, not as espeak-ng.

A file is a list as CMUdict is one, a word and its phonemes a line, in ARPAbet or IPA:

    ;;; our products
    voxloom  V AA1 K S L UW2 M
    nguyen   ˈwɪn
    nguyen(2)  N UW1 EH2 N

or PLS XML (`.pls`, `.xml`; pipeline/text/pls.py). Of several pronunciations of a word the first (in
PLS the preferred one) is used. An entry of a later file replaces that of an earlier one. It is met
as a transcript has it: `José` in "jose", `SQL` in "s q l" (pipeline/text/entry_words.py).
"""

import functools
import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from models.config import resolve_path
from models.errors import DataError, shortened
from models.phonology.ipa import alphabet_of, transcribed
from models.phonology.phonemes import part_words, words_of
from models.text_files import lines_of
from pipeline.text.pls import Entry, check_number, read_pls

Words = tuple[str, ...]
Phones = tuple[str, ...]
MAX_CHARACTERS = 2_000  # of the phonemes of an entry
_COMMENT = ";;;"
_VARIANT = re.compile(r"\(\d+\)$")
_XML = (".pls", ".xml")


class _Said(NamedTuple):
    """An entry as written, with its phones, and where it stands."""

    location: str
    written: str
    phones: Phones


@dataclass(frozen=True)
class Lexicon:
    """Phones by words: one mostly, several for `New York` or `wi-fi`."""

    entries: Mapping[Words, Phones] = field(default_factory=dict)

    def pronounce(self, words: Sequence[str], phones: list[list[str]]) -> frozenset[int]:
        """Put the lexicon's phones in the place of espeak-ng's, the longest entry first.

        `phones` are those of each of the `words`; they are changed. Returns the numbers of the
        words that the lexicon had.
        """
        fixed: set[int] = set()
        index = 0
        while self.entries and index < len(words):
            length = self._longest(words, index)
            if length:
                pronounced = self.entries[tuple(words[index : index + length])]
                whose = range(index, index + length)
                phones[whose.start : whose.stop] = parted(
                    pronounced, phones[whose.start : whose.stop]
                )
                fixed.update(whose)
            index += length or 1
        return frozenset(fixed)

    def _longest(self, words: Sequence[str], index: int) -> int:
        """How many words from `index` on are one entry; 0 for none."""
        lengths = range(self._lengths.get(words[index], 0), 0, -1)
        return next((n for n in lengths if tuple(words[index : index + n]) in self.entries), 0)

    @functools.cached_property
    def _lengths(self) -> dict[str, int]:
        """The longest entry by its first word."""
        longest: dict[str, int] = {}
        for words in self.entries:
            longest[words[0]] = max(len(words), longest.get(words[0], 0))
        return longest


def load_lexicon(paths: Sequence[Path]) -> Lexicon:
    """All files as one lexicon.

    Raises `DataError` naming file and line: a file that cannot be read or is empty, an entry
    without word or phonemes, a symbol that is not known.
    """
    files = [resolve_path(path) for path in paths]
    return _load(tuple(files), lexicon_digest(paths))


def with_domain(lexicon: Lexicon, pronounced: Mapping[str, str], domain: str) -> Lexicon:
    """The lexicon and what a domain's own lists say: IPA by word, over which files win.

    Raises `DataError` naming domain and word for a symbol that is not known.
    """
    location = f"{domain}: lexicons"
    entries = [
        _Said(location, word, _phones(Entry(0, word, ipa, "ipa"), 1, location))
        for word, ipa in pronounced.items()
    ]
    return Lexicon({**_by_words_met(entries, in_capitals=False), **lexicon.entries})


def lexicon_digest(paths: Iterable[Path]) -> str:
    """16 hex digits that change with the content of the files and with their order."""
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        content = _content(resolve_path(path))
        digest.update(f"{path.suffix}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


@functools.lru_cache(maxsize=2)
def _load(paths: tuple[Path, ...], digest: str) -> Lexicon:
    """`digest` is there for the cache alone."""
    entries: dict[Words, Phones] = {}
    for path in paths:
        found = _entries_of(path, lexicon_digest([path]))
        in_capitals = not any(letter.islower() for entry in found for letter in entry.written)
        entries |= _by_words_met(found, in_capitals)
    return Lexicon(entries)


def _by_words_met(entries: Sequence[_Said], in_capitals: bool) -> dict[Words, Phones]:
    """The first pronunciation of the words that each entry is met as in a transcript.

    What is written in the list wins over what another of its entries is met as. In a list that is
    `in_capitals`, as CMUdict is, `US` may be the word "us".
    """
    from pipeline.text.entry_words import can_be_met, words_met  # with all readings

    written, met = dict[Words, Phones](), dict[Words, Phones]()
    for entry in entries:
        ways = words_met(entry.written, in_capitals)
        fitting = [words for words in ways if len(words) <= len(entry.phones)]
        if ways[-1] not in fitting and not in_capitals:
            raise DataError(
                f"{entry.location}: {entry.written}: said as `{' '.join(ways[-1])}`, "
                f"{len(ways[-1])} words, and only {len(entry.phones)} phonemes"
            )
        if not any(map(can_be_met, fitting)):
            raise DataError(
                f"{entry.location}: `{entry.written}` stands in no transcript; write it as it is "
                "said, in English letters, with hyphens between the words"
            )
        written.setdefault(ways[0], entry.phones)
        for words in fitting:
            met.setdefault(words, entry.phones)
    return {**met, **written}


def all_pronunciations(path: Path) -> Mapping[Words, tuple[Phones, ...]]:
    """Every pronunciation of each entry of one file, in the file's order.

    Raises `DataError` as `load_lexicon` does.
    """
    found = resolve_path(path)
    pronounced: dict[Words, dict[Phones, None]] = {}
    for entry in _entries_of(found, lexicon_digest([found])):
        pronounced.setdefault(tuple(words_of(entry.written)), {})[entry.phones] = None
    return {words: tuple(phones) for words, phones in pronounced.items()}


@functools.lru_cache(maxsize=2)
def _entries_of(path: Path, digest: str) -> Sequence[_Said]:
    """Of one file, in its order; `digest` is there for the cache alone."""
    found: list[_Said] = []
    is_xml = path.suffix.lower() in _XML
    entries = read_pls(path, _content(path)) if is_xml else _cmudict_lines(path)
    for number, entry in enumerate(entries, start=1):
        location = f"{path}:{entry.line}"
        check_number(number, location)
        num_words = len(words_of(entry.written))
        if not num_words:
            raise DataError(f"{location}: `{entry.written}` has no word in it")
        found.append(_Said(location, entry.written, _phones(entry, num_words, location)))
    if not found:
        raise DataError(f"{path}:1: no pronunciation in it; at least one is needed")
    return found


def _phones(entry: Entry, num_words: int, location: str) -> Phones:
    if len(entry.pronounced) > MAX_CHARACTERS:
        raise DataError(
            f"{location}: {shortened(entry.written)}: phonemes of {len(entry.pronounced):,} "
            f"characters; at most {MAX_CHARACTERS:,} are read"
        )
    try:
        phones = transcribed(entry.pronounced, entry.alphabet)
    except DataError as error:
        raise DataError(f"{location}: {entry.written}: {error}") from None
    if len(phones) < num_words:
        raise DataError(
            f"{location}: {entry.written}: {num_words} words, and only {len(phones)} phonemes"
        )
    return phones


def _cmudict_lines(path: Path) -> Iterator[Entry]:
    try:
        text = _content(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(f"{path}:{line}: not UTF-8 text") from None
    for line, content in enumerate(lines_of(text), start=1):
        entry = content.partition(" #")[0].strip()
        if not entry or entry.startswith((_COMMENT, "#")):
            continue
        written, *pronounced = entry.split(maxsplit=1)
        if not pronounced:
            raise DataError(f"{path}:{line}: `{written}` without phonemes; expected WORD PHONEMES")
        yield Entry(line, _VARIANT.sub("", written), pronounced[0], alphabet_of(pronounced[0]))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{path}: cannot be read as pronunciations ({reason})") from None


def parted(pronounced: Phones, spoken: Sequence[Sequence[str]]) -> list[list[str]]:
    """The phones of an entry by its words, cut where they resemble what espeak-ng says most; evenly
    where that would leave a word without any.
    """
    if len(spoken) == 1:
        return [list(pronounced)]
    parts = part_words(list(pronounced), [tuple(word) for word in spoken])
    if [phone for part in parts for phone in part] == list(pronounced):
        return parts
    cuts = [len(pronounced) * word // len(spoken) for word in range(len(spoken) + 1)]
    return [list(pronounced[start:end]) for start, end in itertools.pairwise(cuts)]
