"""The licence summary: what is in a dataset's rows, under which licence, and in how many.

It stands in `build.json` and on the card. `RowLicences` gives a row its licence as it is made;
`pipeline/verify/dataset.py` finds the same licence again out of the summary.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from models.errors import DataError
from pipeline.licences.terms import allows_commercial, combined, needs_attribution, terms_of

_JOINT = "+"  # of sources and licences, in rows
OWN_LICENCE = "output.license"  # what a source declares whose licence is the dataset's own


@dataclass(frozen=True, slots=True)
class LicensedSource:
    """One thing that goes into rows.

    `kind` is `sentences`, `voice`, `vocoder`, `noise` or `room`; `name` is what rows call it.
    `key` is that of the config and `file` says where the licence stands. Where recordings are
    kept to one split, `split` is the sound's.
    """

    kind: str
    name: str
    licence: str
    attribution: str
    key: str
    file: str
    split: str = ""


class _Licensed(Protocol):
    """A `LicensedSource`, or a line of the summary that came of one."""

    @property
    def kind(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def licence(self) -> str: ...


@dataclass(frozen=True)
class RowLicences:
    """The licence of every row of a build: the dataset's `own`, or stricter where something in
    the row asks for more. `licences` are those of voices and sentences, by (kind, name in rows).
    """

    own: str
    licences: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def of_sources(cls, own: str, sources: Iterable["_Licensed"]) -> "RowLicences":
        """`sources` without sounds, whose licences stand in the rows themselves."""
        by_name: dict[tuple[str, str], str] = {}
        for source in sources:
            key = source.kind, source.name
            earlier = [by_name[key]] if key in by_name else []
            by_name[key] = _JOINT.join([*earlier, source.licence])  # two files of one name
        return cls(own, by_name)

    def of(self, row: Mapping[str, Any]) -> str:
        """The licence of a row, given its other columns.

        Raises `DataError` for a source of sentences that declares no licence.
        """
        sentences = next(_parts(row))
        if sentences not in self.licences:
            raise DataError(
                f"row {row['id']}: its source of sentences, {sentences[1]}, declares no licence"
            )
        sounds = [part for kind in ("noise", "room") if (part := row[kind]["license"])]
        used = [self.licences[key] for key in _parts(row) if key in self.licences]
        return self._combined(tuple(sorted({*sounds, *used})))

    def _combined(self, parts: tuple[str, ...]) -> str:
        if parts not in self._known:
            self._known[parts] = combined(self.own, parts)
        return self._known[parts]

    @cached_property
    def _known(self) -> dict[tuple[str, ...], str]:
        return {}


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One thing that is in the dataset, in how many of its `rows`.

    `attribution` is the line to print where the licence asks for one, else empty. `split` is
    that of a recording that no other split may have.
    """

    kind: str
    name: str
    licence: str
    commercial: str
    attribution: str
    rows: int
    split: str = ""


@dataclass(frozen=True, slots=True)
class LicenceSummary:
    """What is in a dataset, and the number of its `rows` under each licence."""

    rows: Mapping[str, int]
    sources: tuple[SummaryLine, ...]


class Counted(NamedTuple):
    """In how many rows each source is, by kind and name, and each licence."""

    sources: Counter[tuple[str, str]]
    licences: Counter[str]


class SummaryCount:
    """Counts in how many rows each source is; memory grows with sources, not with rows."""

    def __init__(self, sources: Sequence[LicensedSource]) -> None:
        self._sources = sources
        self._names = {(source.kind, source.name) for source in sources}
        self.counted = Counted(Counter(), Counter())

    def add(self, row: Mapping[str, Any]) -> None:
        """A row of the dataset."""
        self.counted.sources.update(sources_in(row, self._names))
        self.counted.licences[row["license"]] += 1

    def include(self, others: Counted) -> None:
        """Other rows of the dataset, counted elsewhere."""
        self.counted.sources.update(others.sources)
        self.counted.licences.update(others.licences)

    def summary(self) -> LicenceSummary:
        """What was counted so far."""
        licences = dict(sorted(self.counted.licences.items()))
        return LicenceSummary(licences, tuple(self._lines()))

    def _lines(self) -> list[SummaryLine]:
        """Those that are in a row, by kind in the order of `sources`, then by name."""
        kinds = list(dict.fromkeys(source.kind for source in self._sources))
        rows = self.counted.sources
        used = [source for source in self._sources if rows[source.kind, source.name]]
        used.sort(key=lambda source: (kinds.index(source.kind), source.name, source.licence))
        return [
            SummaryLine(
                kind=source.kind,
                name=source.name,
                licence=source.licence,
                commercial=allows_commercial(source.licence),
                attribution=source.attribution if needs_attribution(source.licence) else "",
                rows=rows[source.kind, source.name],
                split=source.split,
            )
            for source in used
        ]


def sources_in(row: Mapping[str, Any], known: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """(kind, name) of everything in a row that is among `known`."""
    names = known if isinstance(known, (set, frozenset, Mapping)) else set(known)
    return {key for key in (*_parts(row), *sounds_in(row, names)) if key in names}


def sounds_in(
    row: Mapping[str, Any], known: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """(kind, name) of the row's noises and rooms. A name may hold a `+`, as it joins them."""
    for kind in ("noise", "room"):
        source = row[kind]["source"]
        whole = (kind, source) in known
        for name in [source] if whole else source.split(_JOINT):
            if name:
                yield kind, name


def spelled_for_hub(licences: Iterable[str]) -> list[str]:
    """The licences of rows as the card's header lists them, each once."""
    names = [terms.name for licence in licences for terms in terms_of(licence)]
    return list(dict.fromkeys(names))


def _parts(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    source = row["source"]
    is_named = source in ("templates", "files", "recordings")
    yield "sentences", f"{source}:{row['domain']}" if is_named else source
    yield "voice", row["acoustic_model"]
    yield "vocoder", row["vocoder"]
