"""Stage 1: distinct sentences, drawn from a domain's templates and lexicons.

A domain is a folder:

    voice_assistant/
        templates/set_alarm.j2     one template a line; the file's name is the intent
        lexicons/contact.txt       one value a line; the file's name is the slot

Slots without a lexicon may be one of `pipeline/written_forms.py`. A template's id is
`intent:line`, so a row of the dataset leads back to the line that made it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from models.config import resolve_path
from models.errors import DataError
from pipeline.lexicons import Vocabulary, read_lexicon
from pipeline.records import Reject, Sentence
from pipeline.sampling import Maker, Strategy, ZipfConfig, sample
from pipeline.sentence_filter import FilterConfig, SentenceFilter
from pipeline.templates import Template, read_templates
from pipeline.written_forms import WRITTEN_FORMS, written_form

# Above this many, the product of slot sizes stands for a count: a count would take minutes.
_COUNTED_ONE_BY_ONE = 1_000_000


@dataclass(frozen=True)
class SentencesConfig:
    """Where sentences come from, how many distinct ones are wanted, and in which order.

    `strategy` says how slots are filled: `weighted` by the lexicons' weights, `random` with
    every combination of a template as likely as any other, `zipf` by the order of a lexicon.
    """

    domain: Path
    count: int
    strategy: Strategy = "weighted"
    zipf: ZipfConfig = field(default_factory=ZipfConfig)
    filter: FilterConfig = field(default_factory=FilterConfig)

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count: {self.count} is not allowed; it must be at least 1")


@dataclass(frozen=True)
class DomainDescription:
    """What a domain can say, for coverage: which templates and listed values were used?

    `templates` maps a template's id to its intent by being `intent:line`; `open_slots` are
    the written forms (times, numbers, ...), which are not to be covered value by value.
    """

    templates: tuple[str, ...]
    slot_values: dict[str, tuple[str, ...]]
    open_slots: tuple[str, ...]


@dataclass(frozen=True)
class _Domain:
    name: str
    folder: Path
    lexicons: dict[str, Vocabulary]
    intents: dict[str, dict[int, Template]]

    def templates(self) -> Iterator[Template]:
        for templates in self.intents.values():
            yield from templates.values()


def check_sentences(config: SentencesConfig) -> None:
    """Read every template and lexicon, and make sure that `count` sentences exist.

    Raises `DataError` naming file and line, or saying how many distinct sentences there are.
    """
    domain = _read_domain(config.domain)
    SentenceFilter(config.filter)
    for template in domain.templates():
        if not next(template.all_renderings()).text:
            raise DataError(f"{template.place}: this template gives an empty sentence")
    at_most = sum(template.max_renderings for template in domain.templates())
    if at_most < config.count and at_most > _COUNTED_ONE_BY_ONE:
        raise DataError(
            f"{domain.folder}: {config.count} sentences asked for, but its templates and "
            f"lexicons make at most {at_most}; lower sentences.count or add to them"
        )
    num_distinct = _count_distinct(domain, min(config.count, _COUNTED_ONE_BY_ONE))
    if num_distinct < min(config.count, _COUNTED_ONE_BY_ONE):
        raise DataError(
            f"{domain.folder}: {config.count} sentences asked for, but its templates and "
            f"lexicons make only {num_distinct} distinct ones; lower sentences.count or add to them"
        )


def generate(config: SentencesConfig, seed: int) -> Iterator[Sentence | Reject]:
    """`count` sentences with distinct texts and ids, the same for the same seed and domain.

    What the filter drops comes between them as rejects, and does not count. Intents come up
    equally often, and templates within an intent, until one has nothing new to say. Raises
    `DataError` as `check_sentences` does.
    """
    domain = _read_domain(config.domain)
    unwanted = SentenceFilter(config.filter) if config.filter != FilterConfig() else None
    maker = Maker(domain.name, seed, config.count, unwanted)
    produced = dropped = 0
    for row in sample(domain.intents, maker, config.strategy, config.zipf):
        yield row
        dropped += isinstance(row, Reject)
        produced += isinstance(row, Sentence)
        if produced == config.count:
            return
    filtered = f" ({dropped} more are dropped by sentences.filter)" if dropped else ""
    raise DataError(
        f"{domain.folder}: {config.count} sentences asked for, but only {produced} exist{filtered}"
    )


def describe_domain(config: SentencesConfig) -> DomainDescription:
    """The templates and lexicon values of the domain, in file order."""
    domain = _read_domain(config.domain)
    return DomainDescription(
        templates=tuple(
            f"{intent}:{line}" for intent, templates in domain.intents.items() for line in templates
        ),
        slot_values={name: tuple(values) for name, values in domain.lexicons.items()},
        open_slots=tuple(name for name in WRITTEN_FORMS if name not in domain.lexicons),
    )


def sentences_digest(config: SentencesConfig) -> str:
    """16 hex digits that change with any file the domain's sentences are made of."""
    folder = resolve_path(config.domain)
    digest = hashlib.blake2b(folder.resolve().name.encode(), digest_size=8)
    for path in (*_files(folder, "templates", ".j2"), *_files(folder, "lexicons", *_LEXICONS)):
        content = path.read_bytes()
        digest.update(f"\0{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    if config.filter.blocklist:
        digest.update(resolve_path(config.filter.blocklist).read_bytes())
    return digest.hexdigest()


_LEXICONS = (".txt", ".yaml")


def _read_domain(path: Path) -> _Domain:
    folder = resolve_path(path)
    if not folder.is_dir():
        raise DataError(f"{path}: no such folder; a domain holds templates/ and lexicons/")
    template_files = _files(folder, "templates", ".j2")
    if not template_files:
        raise DataError(f"{folder / 'templates'}: no template files; expected templates/INTENT.j2")
    lexicons: dict[str, Vocabulary] = {}
    for file in _files(folder, "lexicons", *_LEXICONS):
        if file.stem in lexicons:
            raise DataError(f"{file}: the slot `{file.stem}` has two lexicons; keep one")
        lexicons[file.stem] = read_lexicon(file)
    vocabularies = {name: written_form(name) for name in WRITTEN_FORMS} | lexicons
    intents = {file.stem: read_templates(file, vocabularies) for file in template_files}
    return _Domain(folder.resolve().name, folder, lexicons, intents)


def _files(folder: Path, kind: str, *suffixes: str) -> list[Path]:
    return sorted(path for path in (folder / kind).glob("*") if path.suffix in suffixes)


def _count_distinct(domain: _Domain, enough: int) -> int:
    """How many distinct texts there are; counting stops at `enough`."""
    hashes: set[int] = set()
    for template in domain.templates():
        for rendered in template.all_renderings():
            hashes.add(hash(rendered.text))
            if len(hashes) >= enough:
                return len(hashes)
    return len(hashes)
