"""Pronunciation Lexicon Specification files (W3C PLS 1.0), read without trusting them.

`defusedxml` refuses a document type, and with it every entity that could grow or be fetched.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, Locator

from defusedxml import DTDForbidden, sax

from models.errors import DataError
from models.phonology.ipa import Transcription

MAX_ENTRIES = 200_000  # of a lexicon; the largest public ones have 135,000

_ALPHABETS: dict[str, Transcription] = {
    "ipa": "ipa",
    "arpabet": "arpabet",
    "x-arpabet": "arpabet",
    "cmu": "arpabet",
    "x-cmu": "arpabet",
    "x-cmudict": "arpabet",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A word as written, its pronunciation, and its line in the file."""

    line: int
    written: str
    pronounced: str
    alphabet: Transcription


@dataclass
class _Lexeme:
    graphemes: list[str] = field(default_factory=list)
    phonemes: list[tuple[bool, Entry]] = field(default_factory=list)  # preferred?


def read_pls(path: Path, content: bytes) -> Iterator[Entry]:
    """The entries of a file, preferred pronunciations of a word first.

    Raises `DataError` naming file and line: no XML, a document type, no PLS, an alphabet that is
    not known, an alias, a lexeme without grapheme or phoneme, more than `MAX_ENTRIES`.
    """
    reader = _Reader(path)
    try:
        sax.parseString(content, reader, forbid_dtd=True)
    except SAXParseException as error:
        problem = f"not valid XML: {error.getMessage()}"
        raise DataError(f"{path}:{error.getLineNumber()}: {problem}") from None
    except LookupError as error:  # an encoding that Python does not know
        raise DataError(f"{path}:1: not valid XML: {error}") from None
    except DTDForbidden:
        raise reader.failure("a document type (<!DOCTYPE>) is not allowed") from None
    for lexeme in reader.lexemes:
        ordered = sorted(lexeme.phonemes, key=lambda phoneme: not phoneme[0])
        for grapheme in lexeme.graphemes:
            yield from (replace(entry, written=grapheme) for _, entry in ordered)


def check_number(entries: int, location: str) -> None:
    """Raise `DataError`, which begins with `location`, for too many `entries` of a lexicon."""
    if entries > MAX_ENTRIES:
        raise DataError(f"{location}: more than {MAX_ENTRIES:,} entries; no more are read")


class _Reader(ContentHandler):
    """Collects the parser's events into lexemes."""

    _locator: Locator  # set by the parser before all else

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.lexemes: list[_Lexeme] = []
        self._path, self._text = path, ""
        self._open: list[tuple[str, AttributesImpl]] = []
        self._default = ""

    def failure(self, problem: str) -> DataError:
        return DataError(f"{self._path}:{self._line}: {problem}")

    def startElement(self, name: str, attributes: AttributesImpl) -> None:
        name = name.rpartition(":")[2]
        if not self._open:
            if name != "lexicon":
                raise self.failure(f"<{name}> is no PLS; expected <lexicon>")
            self._default = attributes.get("alphabet", "ipa")
        if name == "lexeme":
            self.lexemes.append(_Lexeme())
            check_number(len(self.lexemes), f"{self._path}:{self._line}")
        if name == "alias":
            raise self.failure("<alias> is not supported; give a <phoneme>")
        if name in ("grapheme", "phoneme") and self._parent != "lexeme":
            raise self.failure(f"<{name}> outside of <lexeme>")
        self._open.append((name, attributes))
        self._text = ""

    def endElement(self, _: str) -> None:
        name, attributes = self._open.pop()
        text = " ".join(self._text.split())
        if name == "grapheme":
            self.lexemes[-1].graphemes.append(text)
        elif name == "phoneme":
            alphabet = self._alphabet(attributes.get("alphabet", self._default))
            entry = Entry(self._line, "", text, alphabet)
            self.lexemes[-1].phonemes.append((attributes.get("prefer") == "true", entry))
        elif name == "lexeme" and not (self.lexemes[-1].graphemes and self.lexemes[-1].phonemes):
            raise self.failure("a <lexeme> needs a <grapheme> and a <phoneme>")
        self._text = ""

    @property
    def _line(self) -> int:
        return self._locator.getLineNumber() or 0

    @property
    def _parent(self) -> str:
        return self._open[-1][0] if self._open else ""

    def characters(self, text: str) -> None:
        self._text += text

    def _alphabet(self, name: str) -> Transcription:
        if name not in _ALPHABETS:
            raise self.failure(f"alphabet {name!r}; allowed: {', '.join(_ALPHABETS)}")
        return _ALPHABETS[name]
