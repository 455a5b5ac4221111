"""Where a build's sentences come from, side by side: each source gives its share, through one
`Maker`, so that no two of them say the same.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.errors import DataError
from pipeline.licences.summary import LicensedSource
from pipeline.records import Reject, Sentence
from pipeline.sentences.drawing.sampling import Maker
from pipeline.sentences.drawing.split_plan import Vacancies

_MOST_REJECTS = 1_000_000  # and a hundred for each sentence: something is wrong, not scarce
_ROUNDING = 1e-6  # shares written in decimals need not sum to 1 exactly


@dataclass(frozen=True)
class SentenceSource:
    """One source of sentences, opened. Nothing is read before one of its functions is called.

    `location` is its file or folder, `lower` the key that asks for fewer of its sentences, and
    `share` is of `sentences.count`. `check(number)` raises the error that taking so many would
    end in, as far as can be told before; `rows(maker, number)` gives what `maker` makes of its
    sentences, one by one, until there are no more: more than `number`, as not all have a split
    with room; `files()` are those that it reads, and `digest()` are 16 hex digits that change with
    them. `licensed` is its line in the licence summary; its licence is `OWN_LICENCE` where the
    builder wrote the sentences.
    """

    location: str
    lower: str
    share: float
    check: Callable[[int], None]
    rows: Callable[[Maker, int], Iterator[Sentence | Reject]]
    files: Callable[[], Sequence[Path]]
    digest: Callable[[], str]
    licensed: LicensedSource


def check_shares(shares: Sequence[float], count: int, *, has_domain: bool) -> None:
    """Raise `ValueError` where a source gets no sentence, or `shares` do not sum to 1."""
    total = sum(shares)
    if total > 1 + _ROUNDING:
        raise ValueError(
            f"count: the shares of the sources sum to {total:.6g}; at most 1 is allowed"
        )
    if not has_domain and total < 1 - _ROUNDING:
        raise ValueError(
            f"domain: none, so the shares of other sources must sum to 1; they sum to {total:.6g}"
        )
    for share in shares:
        if round(count * share) == 0:
            raise ValueError(f"count: {count}, of which a share of {share} is no sentence")


def sentences_of(
    source: SentenceSource,
    number: int,
    maker: Maker,
    vacancies: Vacancies | None = None,
    may_run_dry: bool = False,
) -> Iterator[Sentence | Reject]:
    """`number` sentences of a source, with the rejects between them; with `vacancies` those that
    a split has room for.

    Raises `DataError` saying how many there are where it runs dry, unless it may.
    """
    if not number:
        return
    produced, rejects, example = 0, 0, ""
    rows = source.rows(maker, number)
    for row in rows if vacancies is None else _admitted(rows, vacancies):
        yield row
        if isinstance(row, Reject):
            rejects, example = rejects + 1, example or row.reason
            if rejects > _MOST_REJECTS + 100 * produced:
                break
            continue
        produced += 1
        if produced == number:
            return
    if may_run_dry:
        return
    if vacancies is not None and vacancies.passed_over:
        raise DataError(f"{source.location}: {vacancies.lacking(source.lower)}")
    rejected = f" ({rejects} more are rejected, such as: {example})" if rejects else ""
    raise DataError(
        f"{source.location}: {number} sentences asked for, but only {produced} new ones "
        f"exist{rejected}; lower {source.lower}"
    )


def _admitted(
    rows: Iterable[Sentence | Reject], vacancies: Vacancies
) -> Iterator[Sentence | Reject]:
    """Rejects, and sentences that a split has room for, until too many were passed over."""
    admitted = 0
    for row in rows:
        if isinstance(row, Reject):
            yield row
        elif (split := vacancies.admit(row)) is not None:
            admitted += 1
            yield replace(row, split=split)
        elif vacancies.passed_over > _MOST_REJECTS + 100 * admitted:
            return
