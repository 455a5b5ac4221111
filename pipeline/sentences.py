"""Stage 1: distinct sentences, drawn from a domain's templates and lexicons.

A domain is a folder, read by `pipeline/domains.py`. A template's id is `intent:line`, so a row
of the dataset leads back to the line that made it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from models.config import resolve_path
from models.errors import DataError
from pipeline.covering import CoverageConfig, check_coverage, cover
from pipeline.domains import Domain, domain_digest, read_domain
from pipeline.records import Reject, Sentence
from pipeline.sampling import Maker, Strategy, ZipfConfig, sample
from pipeline.sentence_filter import FilterConfig, SentenceFilter

# Above this many, the product of slot sizes stands for a count: a count would take minutes.
_COUNTED_ONE_BY_ONE = 1_000_000


@dataclass(frozen=True)
class SentencesConfig:
    """Where sentences come from, how many distinct ones are wanted, and in which order.

    `strategy` says how slots are filled: `weighted` by the lexicons' weights, `random` with
    every combination of a template as likely as any other, `zipf` by the order of a lexicon,
    `coverage` so that nothing is left out (`pipeline/covering.py`).
    """

    domain: Path
    count: int
    strategy: Strategy = "weighted"
    zipf: ZipfConfig = field(default_factory=ZipfConfig)
    coverage: CoverageConfig = field(default_factory=CoverageConfig)
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


def check_sentences(config: SentencesConfig) -> None:
    """Read every template and lexicon, and make sure that `count` sentences exist.

    Raises `DataError` naming file and line, or saying how many distinct sentences there are.
    """
    domain = read_domain(config.domain)
    SentenceFilter(config.filter)
    if config.strategy == "coverage":
        check_coverage(domain.intents, domain.lexicons, config.coverage, config.count)
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
    domain = read_domain(config.domain)
    unwanted = SentenceFilter(config.filter) if config.filter != FilterConfig() else None
    maker = Maker(domain.name, seed, config.count, unwanted)
    produced = dropped = 0
    if config.strategy == "coverage":
        rows = cover(domain.intents, domain.lexicons, maker, config.coverage)
    else:
        rows = sample(domain.intents, maker, config.strategy, config.zipf)
    for row in rows:
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
    domain = read_domain(config.domain)
    return DomainDescription(
        templates=tuple(
            f"{intent}:{line}" for intent, templates in domain.intents.items() for line in templates
        ),
        slot_values={name: tuple(values) for name, values in domain.lexicons.items()},
        open_slots=domain.written_slots,
    )


def sentences_digest(config: SentencesConfig) -> str:
    """16 hex digits that change with any file the domain's sentences are made of."""
    digest = domain_digest(config.domain)
    if config.filter.blocklist is None:
        return digest
    blocked = resolve_path(config.filter.blocklist).read_bytes()
    return hashlib.blake2b(digest.encode() + blocked, digest_size=8).hexdigest()


def _count_distinct(domain: Domain, enough: int) -> int:
    """How many distinct texts there are; counting stops at `enough`."""
    hashes: set[int] = set()
    for template in domain.templates():
        for rendered in template.all_renderings():
            hashes.add(hash(rendered.text))
            if len(hashes) >= enough:
                return len(hashes)
    return len(hashes)
