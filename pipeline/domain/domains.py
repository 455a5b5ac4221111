"""A domain: the folder with the sentence templates and slot values of an application.

    voice_assistant/
        domain.yaml                what it is, its locale, slots of its own; may be left out
        templates/set_alarm.j2     one template a line; the file's name is the intent
        lexicons/contact.txt       the values of a slot; the file's name is the slot

A slot without a lexicon is one that `domain.yaml` describes, or one of
`pipeline/domain/slots/written_forms.py` in the domain's locale. docs/DOMAINS.md teaches to write
one.
"""

import functools
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.config import load_config, resolve_path
from models.errors import ConfigError, DataError
from models.text_files import read_lines
from pipeline.domain.lexicon_files import LEXICON_SUFFIXES, read_lexicon
from pipeline.domain.slots.codes import check_pattern, pattern_codes
from pipeline.domain.slots.numbers import whole_numbers
from pipeline.domain.slots.vocabulary import MAX_GROUP_SIZE, Vocabulary
from pipeline.domain.slots.written_forms import WRITTEN_FORMS, Locale, data_version, written_form
from pipeline.domain.templates import Template, read_templates
from pipeline.licences.terms import check_licence_name
from pipeline.text.inline import plain_text

SETTINGS_FILE = "domain.yaml"
MAX_TEMPLATES = 100_000  # of a domain, which are compiled before any work: 90 us each


@dataclass(frozen=True)
class SlotSettings:
    """A slot that is neither listed nor built in: a code by its pattern, or a range of numbers.

    In `pattern`, `A` stands for a letter (but A, I and O) and `9` for a digit; all else
    stays as it is (`A A 9 9`). `low` and `high` are whole numbers, both included.
    """

    pattern: str | None = None
    low: int | None = None
    high: int | None = None

    def __post_init__(self) -> None:
        if (self.pattern is None) == (self.low is None and self.high is None):
            raise ValueError("pattern: give either a pattern, or low and high")
        if self.pattern is not None:
            check_pattern(self.pattern)
            return
        if self.low is None or self.high is None or not 0 <= self.low <= self.high:
            raise ValueError("low: both low and high are needed, and 0 <= low <= high")
        if self.high - self.low >= MAX_GROUP_SIZE:
            raise ValueError(
                f"high: {self.high - self.low + 1:,} numbers; at most {MAX_GROUP_SIZE:,} can be "
                "drawn from"
            )

    def vocabulary(self, name: str) -> Vocabulary:
        if self.pattern is not None:
            return Vocabulary(name, [pattern_codes(self.pattern)])
        assert self.low is not None
        assert self.high is not None
        return Vocabulary(name, [whole_numbers(self.low, self.high)])


@dataclass(frozen=True)
class DomainSettings:
    """`domain.yaml`. `intents` are those that must have templates: a lost file is an error."""

    title: str = ""
    description: str = ""
    license: str = ""
    locale: Locale = "en_US"
    intents: tuple[str, ...] = ()
    slots: Mapping[str, SlotSettings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_licence_name(self.license)
        for name in self.slots:
            if not name.isidentifier() or name.startswith("_"):
                raise ValueError(f"slots.{name}: a slot's name is letters, digits and `_`")


@dataclass(frozen=True)
class Domain:
    """A domain as it was read. `pronunciations` are IPA by written word, for the lexicon."""

    name: str
    folder: Path
    settings: DomainSettings
    lexicons: dict[str, Vocabulary]
    intents: dict[str, dict[int, Template]]
    pronunciations: dict[str, str]

    def templates(self) -> Iterator[Template]:
        for templates in self.intents.values():
            yield from templates.values()

    @property
    def listed_values(self) -> dict[str, tuple[str, ...]]:
        """The values of each lexicon as rows have them."""
        return {
            name: tuple(dict.fromkeys(map(as_said, values)))
            for name, values in self.lexicons.items()
        }

    def named_templates(self) -> dict[str, Template]:
        """Every template by its id, `intent:line`, in file order."""
        return {
            f"{intent}:{line}": template
            for intent, templates in self.intents.items()
            for line, template in templates.items()
        }

    @property
    def written_slots(self) -> tuple[str, ...]:
        """The slots that are made rather than listed."""
        made = dict.fromkeys((*WRITTEN_FORMS, *self.settings.slots))
        return tuple(name for name in made if name not in self.lexicons)


def as_said(value: str) -> str:
    """A listed value as rows have it: without inline markup."""
    return plain_text(value) or value


def read_domain(path: Path) -> Domain:
    """The domain in a folder, parsed once while its files say the same. Raises `DataError`
    naming file and line of whatever is wrong, `ConfigError` naming the key of `domain.yaml`.
    """
    folder = resolve_path(path)
    if not folder.is_dir():
        raise DataError(f"{path}: no such folder; a domain holds templates/ and lexicons/")
    return _read_domain(folder, folder.absolute(), domain_digest(folder))


@functools.lru_cache(maxsize=4)
def _read_domain(folder: Path, place: Path, digest: str) -> Domain:
    """`place` and `digest` are there for the cache alone."""
    template_files = _files(folder, "templates", ".j2")
    if not template_files:
        raise DataError(f"{folder / 'templates'}: no template files; expected templates/INTENT.j2")
    _check_number(template_files)
    settings = _read_settings(folder, {file.stem for file in template_files})
    lexicons = _read_lexicons(folder, settings)
    vocabularies = {
        **{name: written_form(name, settings.locale) for name in WRITTEN_FORMS},
        **{name: slot.vocabulary(name) for name, slot in settings.slots.items()},
        **lexicons,
    }
    return Domain(
        name=folder.resolve().name,
        folder=folder,
        settings=settings,
        lexicons=lexicons,
        intents={file.stem: read_templates(file, vocabularies) for file in template_files},
        pronunciations=_pronunciations(lexicons, folder),
    )


def _check_number(files: Sequence[Path]) -> None:
    num_lines = 0
    for file in files:
        num_lines += len(read_lines(file, "templates"))
        if num_lines > MAX_TEMPLATES:
            raise DataError(
                f"{file}: more than {MAX_TEMPLATES:,} lines of templates in this domain; "
                "sentences without slots go into sentences.files"
            )


def domain_digest(path: Path) -> str:
    """16 hex digits that change with any file the domain's sentences are made of."""
    folder = resolve_path(path)
    digest = hashlib.blake2b(folder.resolve().name.encode(), digest_size=8)
    digest.update(data_version().encode())
    for file in domain_files(folder):
        content = file.read_bytes()
        digest.update(f"\0{file.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def pronunciations_digest(path: Path) -> str:
    """16 hex digits over what the domain's lexicons say about words; empty where they say nothing.

    Raises as `read_domain` does.
    """
    pronounced = read_domain(path).pronunciations
    text = repr(sorted(pronounced.items()))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if pronounced else ""


def domain_files(path: Path) -> list[Path]:
    """The files of a domain that its sentences are made of."""
    folder = resolve_path(path)
    settings = [folder / SETTINGS_FILE] if (folder / SETTINGS_FILE).exists() else []
    lexicons = _files(folder, "lexicons", *LEXICON_SUFFIXES)
    return [*_files(folder, "templates", ".j2"), *lexicons, *settings]


def _files(folder: Path, kind: str, *suffixes: str) -> list[Path]:
    found = sorted(path for path in (folder / kind).glob("*") if path.suffix.lower() in suffixes)
    return checked_inside(folder, found)


def checked_inside(folder: Path, files: list[Path]) -> list[Path]:
    """`files`; `DataError` for one that a symbolic link leads out of the domain in `folder`."""
    root = Path(os.path.realpath(folder))
    for file in files:
        target = Path(os.path.realpath(file))
        if not target.is_relative_to(root):
            raise DataError(
                f"{file}: a symbolic link to {target}, outside the domain; a domain holds its own "
                "files"
            )
    return files


def _read_settings(folder: Path, intents: set[str]) -> DomainSettings:
    file = folder / SETTINGS_FILE
    if not file.exists():
        return DomainSettings()
    checked_inside(folder, [file])
    settings = load_config(DomainSettings, file)
    for intent in settings.intents:
        if intent not in intents:
            raise ConfigError(f"{file}: intents: `{intent}` has no templates/{intent}.j2")
    return settings


def _read_lexicons(folder: Path, settings: DomainSettings) -> dict[str, Vocabulary]:
    lexicons: dict[str, Vocabulary] = {}
    for file in _files(folder, "lexicons", *LEXICON_SUFFIXES):
        if file.stem in lexicons:
            raise DataError(f"{file}: the slot `{file.stem}` has two lexicons; keep one")
        if file.stem in settings.slots:
            raise DataError(f"{file}: `{file.stem}` is a slot of {SETTINGS_FILE} too; keep one")
        lexicons[file.stem] = read_lexicon(file)
    return lexicons


def _pronunciations(lexicons: Mapping[str, Vocabulary], folder: Path) -> dict[str, str]:
    """What the lexicons say about words; `DataError` where two of them disagree."""
    pronounced: dict[str, str] = {}
    in_lower_case: dict[str, str] = {}
    for lexicon in lexicons.values():
        for entry in lexicon.entries.values():
            for word, ipa in entry.say.items():
                known = in_lower_case.setdefault(word.lower(), ipa)
                if known != ipa:
                    raise DataError(
                        f"{folder / 'lexicons' / lexicon.name}, line {entry.line}: `{word}` is "
                        f"said `{ipa}` here and `{known}` elsewhere; write it one way"
                    )
                pronounced[word] = ipa
    return pronounced
