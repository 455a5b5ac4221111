"""Pronunciation Lexicon Specification files (W3C PLS 1.0), read without trusting them.

A document type declaration is refused, and with it every entity that could grow or be fetched.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.parsers import expat

from models.errors import DataError
from models.phonology.ipa import Transcription

_ALPHABETS: dict[str, Transcription] = {
    "ipa": "ipa",
    "arpabet": "arpabet",
    "x-arpabet": "arpabet",
    "cmu": "arpabet",
    "x-cmu": "arpabet",
    "x-cmudict": "arpabet",
}
_SEPARATOR = " "  # between namespace and name


@dataclass(frozen=True, slots=True)
class Entry:
    """A word as written and as said, and the line of its phonemes in the file."""

    line: int
    written: str
    said: str
    alphabet: Transcription


@dataclass
class _Lexeme:
    graphemes: list[str] = field(default_factory=list)
    phonemes: list[tuple[bool, Entry]] = field(default_factory=list)  # preferred?


def read_pls(path: Path, content: bytes) -> Iterator[Entry]:
    """The entries of a file, preferred pronunciations of a word first.

    Raises `DataError` naming file and line: no XML, a document type, no PLS, an alphabet that is
    not known, an alias, a lexeme without grapheme or phoneme.
    """
    reader = _Reader(path)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        problem = expat.ErrorString(error.code)
        raise DataError(f"{path}:{error.lineno}: not valid XML: {problem}") from None
    for lexeme in reader.lexemes:
        ordered = sorted(lexeme.phonemes, key=lambda phoneme: not phoneme[0])
        for grapheme in lexeme.graphemes:
            yield from (replace(entry, written=grapheme) for _, entry in ordered)


class _Reader:
    """What expat tells, put together to lexemes."""

    def __init__(self, path: Path) -> None:
        self.lexemes: list[_Lexeme] = []
        self._path, self._text = path, ""
        self._open: list[tuple[str, dict[str, str]]] = []
        self._default = ""
        self.parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _fail(self, problem: str) -> DataError:
        return DataError(f"{self._path}:{self.parser.CurrentLineNumber}: {problem}")

    def _refuse_doctype(self, *_: object) -> None:
        raise self._fail("a document type (<!DOCTYPE>) is not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(_SEPARATOR)[2]
        if not self._open:
            if name != "lexicon":
                raise self._fail(f"<{name}> is no PLS; expected <lexicon>")
            self._default = attributes.get("alphabet", "ipa")
        if name == "lexeme":
            self.lexemes.append(_Lexeme())
        if name == "alias":
            raise self._fail("<alias> is not supported; give a <phoneme>")
        if name in ("grapheme", "phoneme") and self._parent != "lexeme":
            raise self._fail(f"<{name}> outside of <lexeme>")
        self._open.append((name, attributes))
        self._text = ""

    def _end(self, _: str) -> None:
        name, attributes = self._open.pop()
        text = " ".join(self._text.split())
        if name == "grapheme":
            self.lexemes[-1].graphemes.append(text)
        elif name == "phoneme":
            alphabet = self._alphabet(attributes.get("alphabet", self._default))
            entry = Entry(self.parser.CurrentLineNumber, "", text, alphabet)
            self.lexemes[-1].phonemes.append((attributes.get("prefer") == "true", entry))
        elif name == "lexeme" and not (self.lexemes[-1].graphemes and self.lexemes[-1].phonemes):
            raise self._fail("a <lexeme> needs a <grapheme> and a <phoneme>")
        self._text = ""

    @property
    def _parent(self) -> str:
        return self._open[-1][0] if self._open else ""

    def _characters(self, text: str) -> None:
        self._text += text

    def _alphabet(self, name: str) -> Transcription:
        if name not in _ALPHABETS:
            raise self._fail(f"alphabet {name!r}; allowed: {', '.join(_ALPHABETS)}")
        return _ALPHABETS[name]
