"""Stage 1: distinct sentences, drawn from a domain's templates and lexicons, and from the other
sources that the config names.

A domain is a folder, read by `pipeline/domain/domains.py`. A template's id is `intent:line`, so a
row of the dataset leads back to the line that made it. Sources come one after the other: the user's
own files and recordings, a language model, hard negatives, and the templates give the rest.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import ClassVar

from models.config import resolve_path
from models.errors import DataError
from pipeline.bits_by_hash import BitsByHash
from pipeline.domain.domains import SETTINGS_FILE, Domain, domain_digest, domain_files, read_domain
from pipeline.licences.summary import OWN_LICENCE, LicensedSource
from pipeline.records import Reject, Sentence
from pipeline.sentences.covering.coverage_check import check_coverage
from pipeline.sentences.covering.covering import CoverageConfig, cover
from pipeline.sentences.drawing.existing_sentences import ExistingSentences
from pipeline.sentences.drawing.sampling import Maker, Strategy, ZipfConfig, sample
from pipeline.sentences.drawing.sentence_filter import FilterConfig, SentenceFilter
from pipeline.sentences.drawing.sources import SentenceSource, check_shares, sentences_of
from pipeline.sentences.drawing.split_plan import SplitPlan, Vacancies
from pipeline.sentences.drawing.spoken_style import StyleConfig
from pipeline.sentences.language_model.prompts import LanguageModelConfig
from pipeline.sentences.negatives.negatives import NegativesConfig, negatives_source
from pipeline.sentences.negatives.silence import silence_source
from pipeline.sentences.own.own_sentences import OwnFile, own_source
from pipeline.sentences.own.recordings import OwnRecordings, recordings_source
from pipeline.splits import numbers_of
from pipeline.text.inline import check_heteronyms, plain_text, unmarked

MAX_ROWS = 1_000_000_000  # of a build
# Above this many, the product of slot sizes stands for a count: a count takes too long.
_COUNTED_ONE_BY_ONE = 200_000
_TRIED_FOR_NOTHING = 20_000  # renderings that say nothing new, beside twice those asked for
_DRAWN_TO_CHECK_FILTER = 20_000
_NAMED_REASONS = 3
_NONE_YET = ExistingSentences()
_TEMPLATES_LOWER = "sentences.count"
_NO_DOMAIN = "sentences"  # what ids begin with where neither domain nor file gives a name


@dataclass(frozen=True)
class SentencesConfig:
    """Where sentences come from, how many distinct ones are wanted, and in which order.

    `strategy` says how slots are filled: `weighted` by the lexicons' weights, `random` with
    every combination of a template as likely as any other, `zipf` by the order of a lexicon,
    `coverage` so that nothing is left out (`pipeline/sentences/covering/covering.py`). `domain` may
    be null where the other sources' shares sum to 1. Each sentence has so many `repetitions`, by a
    voice and with prosody drawn anew: what a domain of ten words needs.
    """

    RENAMED: ClassVar = {"takes": "repetitions"}

    domain: Path | None
    count: int
    strategy: Strategy = "weighted"
    zipf: ZipfConfig = field(default_factory=ZipfConfig)
    coverage: CoverageConfig = field(default_factory=CoverageConfig)
    filter: FilterConfig = field(default_factory=FilterConfig)
    style: StyleConfig = field(default_factory=StyleConfig)
    files: tuple[OwnFile, ...] = ()
    recordings: tuple[OwnRecordings, ...] = ()
    language_model: LanguageModelConfig | None = None
    negatives: NegativesConfig | None = None
    repetitions: int = 1

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count: {self.count} is not allowed; it must be at least 1")
        if self.repetitions < 1:
            raise ValueError(
                f"repetitions: {self.repetitions} is not allowed; it must be at least 1"
            )
        if self.num_rows > MAX_ROWS:
            times = f" x {self.repetitions:,} repetitions" if self.repetitions > 1 else ""
            raise ValueError(
                f"count: {self.count:,} sentences{times}; a build makes at most {MAX_ROWS:,} rows"
            )
        if self.language_model is not None and self.domain is None:
            raise ValueError("language_model: its prompts stand in a domain's folder; give domain")
        check_shares(self.shares, self.count, has_domain=self.domain is not None)
        names: dict[str, Path] = {}
        for file in self.files:
            if file.name in names:
                raise ValueError(
                    f"files: rows of {names[file.name]} and {file.path} would have the same domain "
                    f"{file.name}; give one of them another `domain`"
                )
            names[file.name] = file.path
        for folder in self.recordings:
            if folder.called in names:
                raise ValueError(f"recordings: {folder.called} is taken; give it another `name`")
            names[folder.called] = folder.path

    @property
    def num_rows(self) -> int:
        """How many rows the sentences make."""
        return self.count * self.repetitions

    @property
    def shares(self) -> list[float]:
        """Of every source but the templates, in the order in which they come."""
        near = self.negatives if self.negatives and self.negatives.has_near_misses else None
        silence = self.negatives.silence if self.negatives else None
        others = (self.language_model, near, silence)
        return [source.share for source in (*self.files, *self.recordings, *others) if source]


@dataclass(frozen=True)
class DomainDescription:
    """What a domain can say, for coverage: which templates and listed values were used?

    `templates` maps a template's id to its intent by being `intent:line`; `open_slots` are
    the written forms (times, numbers, ...), which are not to be covered value by value.
    """

    templates: tuple[str, ...] = ()
    slot_values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    open_slots: tuple[str, ...] = ()


def check_sentences(config: SentencesConfig, seed: int = 0) -> None:
    """Read whatever sentences are made of, and make sure that `count` of them exist.

    Raises `DataError` naming file and line, or saying how many distinct sentences there are.
    """
    SentenceFilter(config.filter)
    for source, number in _sources(config, seed):
        if number:
            source.check(number)


def generate(
    config: SentencesConfig,
    seed: int,
    plan: SplitPlan | None = None,
    existing: ExistingSentences = _NONE_YET,
) -> Iterator[Sentence | Reject]:
    """`count` sentences with distinct texts, the same for the same seed and sources; a row for each
    of its `repetitions`, with distinct ids.

    What cannot be used comes between them as rejects, and does not count. Intents of templates
    come up equally often, and templates within an intent, until one has nothing new to say.
    With a `plan` of splits every sentence has its own. None is among the `existing` ones. Raises
    `DataError` as `check_sentences` does.
    """
    for row in distinct_sentences(config, seed, plan, existing):
        yield from repeated(row, config.repetitions, plan) if isinstance(row, Sentence) else [row]


@dataclass(frozen=True)
class Stretch:
    """The templates' sentences of a build from number `first` on, `number` of them; the first
    stretch has those of all other sources, too.
    """

    first: int
    number: int


def distinct_sentences(
    config: SentencesConfig,
    seed: int,
    plan: SplitPlan | None = None,
    existing: ExistingSentences = _NONE_YET,
    stretch: Stretch | None = None,
) -> Iterator[Sentence | Reject]:
    """What `generate` repeats; of a `stretch` alone, which knows nothing of those before it and,
    where it is not the first, may run dry.
    """
    first = stretch.first if stretch else 0
    maker = maker_of(config, seed, first)
    maker.leave_out(existing.texts, existing.ids)
    heard = BitsByHash()
    for source, number in _sources(config):
        if stretch and source.lower == _TEMPLATES_LOWER:
            number = stretch.number
        elif first:
            continue
        vacancies = Vacancies(plan, number, heard) if plan and fills_splits(config, plan) else None
        yield from sentences_of(source, number, maker, vacancies, may_run_dry=first > 0)


def fills_splits(config: SentencesConfig, plan: SplitPlan) -> bool:
    """Whether every split gets exactly its number of each source's sentences. Where recordings are
    parted by speakers alone, all of a speaker's are taken.
    """
    return plan.parts_sentences or not config.recordings


def maker_of(config: SentencesConfig, seed: int, first: int = 0) -> Maker:
    name = _NO_DOMAIN if config.domain is None else resolve_path(config.domain).resolve().name
    return Maker(name, seed, _filter(config), config.style, first)


def num_of_templates(config: SentencesConfig) -> int:
    """How many of the sentences are the templates'."""
    return 0 if config.domain is None else config.count - sum(numbers_of_others(config))


def numbers_of_others(config: SentencesConfig) -> list[int]:
    """How many of the sentences are those of each other source."""
    templates = [] if config.domain is None else [_share_of_templates(config)]
    numbers = numbers_of([*config.shares, *templates], config.count)
    return numbers[: len(config.shares)]


def _share_of_templates(config: SentencesConfig) -> float:
    return 1 - sum(config.shares)


def repeated(sentence: Sentence, repetitions: int, plan: SplitPlan | None) -> Iterator[Sentence]:
    """All repetitions of a sentence; the first keeps its own id, as in a build of one each."""
    for number in range(1, repetitions + 1):
        id = sentence.id if number == 1 else f"{sentence.id}-{number}"
        repeated = sentence if number == 1 else replace(sentence, id=id)
        if plan is not None and not repeated.split:
            repeated = replace(repeated, split=plan.split_of(repeated) or "")
        yield repeated


def describe_domain(config: SentencesConfig) -> DomainDescription:
    """The templates and lexicon values of the domain, in file order; empty without a domain."""
    if config.domain is None:
        return DomainDescription()
    domain = read_domain(config.domain)
    return DomainDescription(
        templates=tuple(
            f"{intent}:{line}" for intent, templates in domain.intents.items() for line in templates
        ),
        slot_values=domain.listed_values,
        open_slots=domain.written_slots,
    )


def sentences_digest(config: SentencesConfig) -> str:
    """16 hex digits that change with any file that the sentences are made of."""
    parts = [source.digest().encode() for source, _ in reversed(_sources(config))]
    if config.filter.blocklist is not None:
        parts.append(resolve_path(config.filter.blocklist).read_bytes())
    digest = parts[0].decode()
    for part in parts[1:]:
        digest = hashlib.blake2b(digest.encode() + part, digest_size=8).hexdigest()
    return digest


def sentence_files(config: SentencesConfig) -> list[Path]:
    """The files that `sentences_digest` is over."""
    blocklist = config.filter.blocklist
    listed = [] if blocklist is None else [resolve_path(blocklist)]
    return [path for source, _ in _sources(config) for path in source.files()] + listed


def licensed_sentences(config: SentencesConfig, own: str) -> list[LicensedSource]:
    """What each source of sentences declares, templates first; `own` is the licence of the
    dataset.
    """
    declared = [source.licensed for source, _ in reversed(_sources(config))]
    return [
        replace(source, licence=own) if source.licence == OWN_LICENCE else source
        for source in declared
    ]


def _filter(config: SentencesConfig) -> SentenceFilter | None:
    return SentenceFilter(config.filter) if config.filter != FilterConfig() else None


def _sources(config: SentencesConfig, seed: int = 0) -> list[tuple[SentenceSource, int]]:
    """All sources in the order in which they come, each with its number of sentences."""
    domain = None if config.domain is None else read_domain(config.domain)
    sources = [own_source(f"sentences.files[{i}]", file) for i, file in enumerate(config.files)]
    sources += [
        recordings_source(f"sentences.recordings[{i}]", folder)
        for i, folder in enumerate(config.recordings)
    ]
    if config.language_model is not None and domain is not None:
        from pipeline.sentences.language_model.language_model import language_model_source

        sources.append(language_model_source(config.language_model, domain, seed))
    if config.negatives is not None and config.negatives.has_near_misses:
        sources.append(negatives_source(config.negatives, domain))
    if config.negatives is not None and config.negatives.silence is not None:
        sources.append(silence_source(config.negatives.silence, config.negatives.intent))
    if domain is not None:
        sources.append(_templates(config, domain, seed))
    numbers = numbers_of([source.share for source in sources], config.count)
    return list(zip(sources, numbers, strict=True))


def _templates(config: SentencesConfig, domain: Domain, seed: int) -> SentenceSource:
    return SentenceSource(
        location=str(domain.folder),
        lower=_TEMPLATES_LOWER,
        share=_share_of_templates(config),
        check=partial(_check_templates, config, domain, seed),
        rows=lambda maker, _: _template_rows(config, domain, maker),
        files=lambda: domain_files(domain.folder),
        digest=lambda: domain_digest(domain.folder),
        licensed=LicensedSource(
            kind="sentences",
            name=f"templates:{domain.name}",
            licence=domain.settings.license or OWN_LICENCE,
            attribution=f"templates: {domain.settings.title or domain.name}",
            key="sentences.domain",
            file=str(Path(config.domain or "") / SETTINGS_FILE),
        ),
    )


def _template_rows(
    config: SentencesConfig, domain: Domain, maker: Maker
) -> Iterator[Sentence | Reject]:
    if config.strategy == "coverage":
        return cover(domain, maker, config.coverage)
    return sample(domain.intents, maker, config.strategy, config.zipf)


def _check_templates(config: SentencesConfig, domain: Domain, seed: int, number: int) -> None:
    for template in domain.templates():
        text = next(template.all_renderings()).text
        if not text:
            raise DataError(f"{template.location}: this template gives an empty sentence")
        try:
            marked = unmarked(text)
            check_heteronyms(marked.text, marked.pronunciations)
        except DataError as error:
            raise DataError(f"{template.location}: {error}") from None
    _check_filter(config, domain, seed)
    _check_number(config, domain, number)
    if config.strategy == "coverage":
        check_coverage(domain, config.coverage, number, seed, _filter(config))


def _check_filter(config: SentencesConfig, domain: Domain, seed: int) -> None:
    """Raise `DataError` where none of many drawn sentences passes the filter."""
    if config.filter == FilterConfig():
        return
    strategy = "weighted" if config.strategy == "coverage" else config.strategy
    drawn = sample(domain.intents, maker_of(config, seed), strategy, config.zipf)
    dropped: dict[str, str] = {}
    num_dropped = 0
    for row in islice(drawn, _DRAWN_TO_CHECK_FILTER):
        if isinstance(row, Sentence):
            return
        num_dropped += 1
        dropped.setdefault(row.reason.partition(":")[0], row.reason)
    examples = ", ".join(list(dropped.values())[:_NAMED_REASONS])
    raise DataError(
        f"{domain.folder}: sentences.filter drops all of {num_dropped:,} sentences drawn, such as: "
        f"{examples}; relax the filter"
    )


def _check_number(config: SentencesConfig, domain: Domain, number: int) -> None:
    at_most = sum(template.max_renderings for template in domain.templates())
    if at_most < number and at_most > _COUNTED_ONE_BY_ONE:
        raise DataError(
            f"{domain.folder}: {number} sentences asked for, but its templates and "
            f"lexicons make at most {at_most}; lower sentences.count or add to them"
        )
    enough = min(number, _COUNTED_ONE_BY_ONE)
    found = _count_distinct(domain, enough, _filter(config))
    if found is not None and found < enough:
        kept = "" if config.filter == FilterConfig() else " that sentences.filter lets pass"
        raise DataError(
            f"{domain.folder}: {number} sentences asked for, but its templates and lexicons "
            f"make only {found} distinct ones{kept}; lower sentences.count or add to them"
        )


def _count_distinct(domain: Domain, enough: int, unwanted: SentenceFilter | None) -> int | None:
    """How many distinct texts pass, counted up to `enough`; None: too few come to tell in time."""
    hashes: set[int] = set()
    tried = 0
    for template in domain.templates():
        for rendered in template.all_renderings():
            tried += 1
            if tried > 2 * enough + _TRIED_FOR_NOTHING:
                return None
            text = plain_text(rendered.text)
            if text is None or (unwanted and unwanted.reason(text)):
                continue
            hashes.add(hash(text))
            if len(hashes) >= enough:
                return len(hashes)
    return len(hashes)
