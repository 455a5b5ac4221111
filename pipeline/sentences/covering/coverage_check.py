"""Checks of `coverage` before work: what cannot be covered, and how many sentences suffice."""

from collections.abc import Collection, Iterator
from math import prod

from models.errors import DataError
from pipeline.domain.domains import Domain
from pipeline.domain.templates import Template
from pipeline.records import Sentence
from pipeline.sentences.covering.covering import CoverageConfig, cover_tuples, sound_balance
from pipeline.sentences.covering.tuple_cover import (
    LISTED_RENDERINGS,
    MAX_TUPLES,
    groups_of,
    level_sizes,
    tuple_counts,
)
from pipeline.sentences.drawing.sampling import Maker
from pipeline.sentences.drawing.sentence_filter import SentenceFilter
from pipeline.text.inline import plain_text

_MEASURED = 200_000  # sentences; a larger need is told by its lower bound
_HOPELESS = 10  # times the count: a need this large is not measured
_PARTIAL = "or set sentences.coverage.partial: true to cover what can be covered"


def check_coverage(
    domain: Domain, config: CoverageConfig, count: int, seed: int, unwanted: SentenceFilter | None
) -> None:
    """Raise `DataError` for what `count` sentences cannot cover, naming file and line, or how
    many sentences are needed.

    Takes as long as making the sentences that cover everything, at most `count` and some. What
    `unwanted` drops, and what two templates say alike, is nobody's fault and needs no sentence.
    """
    for template in domain.templates():
        _check_size(template, domain.lexicons, config)
    if config.partial:
        return
    _check_at_least(domain, config)
    needed = sentences_needed(domain, config, count, seed, unwanted)
    if needed:
        values = "slot value" if config.t == 1 else f"{config.t} slot values of a template"
        raise DataError(
            f"sentences.count: {count:,} sentences of {domain.folder.name}'s templates, but "
            f"sentences.coverage of every {values} takes {needed} sentences; "
            f"{', '.join(_ways_out(domain, config))}, {_PARTIAL}"
        )


def _ways_out(domain: Domain, config: CoverageConfig) -> Iterator[str]:
    yield "raise the count"
    if config.t > 1:
        yield f"lower coverage.t (1 takes {_at_least(domain, 1, config.at_least):,} or more)"
    if config.at_least > 1:
        yield "lower coverage.at_least"


def sentences_needed(
    domain: Domain, config: CoverageConfig, count: int, seed: int, unwanted: SentenceFilter | None
) -> str:
    """How many sentences cover everything, in words; empty if `count` are enough."""
    bound = _at_least(domain, config.t, config.at_least)
    if unwanted is None and bound > max(_MEASURED, _HOPELESS * count):
        return f"about {bound:,} or more"
    limit = max(count, _MEASURED)
    maker = Maker(domain.name, seed, unwanted)
    balance = sound_balance(domain) if config.balance else None
    taken = 0
    for row in cover_tuples(domain, maker, config, balance):
        taken += isinstance(row, Sentence)
        if taken > limit:
            return f"more than {limit:,}"
    return f"{taken:,}" if taken > count else ""


def _at_least(domain: Domain, t: int, times: int) -> int:
    """A lower bound: each sentence says one of the tuples of a template's largest slots."""
    return times * sum(
        max(tuple_counts(_sizes(template, domain.lexicons), t), default=1)
        for template in domain.templates()
    )


def _sizes(template: Template, listed: Collection[str]) -> list[int]:
    slots = [piece for piece in template.pieces or () if not isinstance(piece, str)]
    return level_sizes(slots, [slot.name in listed for slot in slots])


def _check_size(template: Template, listed: Collection[str], config: CoverageConfig) -> None:
    tuples = sum(tuple_counts(_sizes(template, listed), config.t))
    if tuples > MAX_TUPLES:
        raise DataError(
            f"{template.location}: has {tuples:,} groups of {config.t} slot values, and at most "
            f"{MAX_TUPLES:,} can be covered; lower sentences.coverage.t"
        )


def _check_at_least(domain: Domain, config: CoverageConfig) -> None:
    if config.at_least == 1:
        return
    found = [
        (template, most)
        for template in domain.templates()
        if (most := _most_times(template, domain.lexicons, config.t)) < config.at_least
    ]
    if not found:
        return
    template, most = found[0]
    others = f"; so it is for {len(found) - 1} more templates" if len(found) > 1 else ""
    values = "this template" if not template.max_renderings > 1 else "some of its slot values"
    raise DataError(
        f"{template.location}: there {'is' if most == 1 else 'are'} {most} distinct "
        f"sentence{'' if most == 1 else 's'} to say {values} in, and sentences.coverage.at_least "
        f"is {config.at_least}{others}; lower it, {_PARTIAL}"
    )


def _most_times(template: Template, listed: Collection[str], t: int) -> int:
    """In how many distinct sentences the scarcest tuple of the template can occur."""
    if template.pieces is not None:
        total = prod(len(piece) for piece in template.pieces if not isinstance(piece, str))
        return total // max(tuple_counts(_sizes(template, listed), t))
    if template.max_renderings > LISTED_RENDERINGS:
        return template.max_renderings
    holding: dict[object, set[str | None]] = {}
    for rendered in template.all_renderings():
        for group in groups_of(rendered.slots, listed, t):
            holding.setdefault(group, set()).add(plain_text(rendered.text))
    return min(len(texts - {None}) for texts in holding.values())
