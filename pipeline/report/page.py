"""The report page: one report.html that opens offline and loads nothing."""

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.atomic import write_atomically
from models.errors import DataError
from models.phonology.foreign_accents import parse_accent
from pipeline.audit.verdict import Audit, audit_dataset
from pipeline.dataset.build_record import told_if_edited
from pipeline.dataset.light_rows import LightRows
from pipeline.dataset.record import DatasetRecord, read_record
from pipeline.label_leakage import labelled_rows
from pipeline.label_leakage.leakage import find_label_leakage
from pipeline.pages.charts import histogram
from pipeline.pages.templates import page_templates
from pipeline.report.audit import audit_section
from pipeline.report.clips import clips_section
from pipeline.report.negatives import negatives_section
from pipeline.report.rejects import rejected_section
from pipeline.report.voices import voice_table

_TEMPLATE = "report.html.j2"
_FOLDER = Path(__file__).parent
MOST_BARS = 60  # in a chart


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled count, and its share of the largest one in its chart."""

    label: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class IntentCoverage:
    """How often each template of an intent was used; `cells` are (template, rows, shade)."""

    intent: str
    used: int
    rows: int
    cells: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True, slots=True)
class SlotCoverage:
    """How many of a slot's listed values were used; `listed` is None for an open slot."""

    name: str
    used: int
    listed: int | None
    rows: int
    unused: tuple[str, ...]


def write_report(dataset: Path, out: Path) -> None:
    """Write the report of the dataset in the folder `dataset` to the file `out`.

    Needs nothing but the dataset. Raises `DataError` when that is missing or damaged, and on
    a full disk.
    """
    with told_if_edited(dataset):
        page = render_report(dataset)
    write_atomically(out, page.encode())


def render_report(dataset: Path, audit: Audit | None = None) -> str:
    """The page as HTML text; with the `audit` of the dataset, which is made if it is not given."""
    build = read_record(dataset)
    rows = LightRows.of(dataset, ("id",))
    if not len(rows):
        raise DataError(f"{dataset}: has no rows to report on")
    return (
        page_templates(_FOLDER)
        .get_template(_TEMPLATE)
        .render(
            build=build,
            figures=_figures(rows, build),
            charts=_charts(rows),
            speakers=shown_bars(bars(rows.speakers())),
            voices=voice_table(rows.only("speaker", "accent", "pace"), build.config),
            accents=shown_bars(accent_shares(rows.only("accent"))),
            styles=style_shares(rows.only("style")),
            sources=bars(rows.texts("source")),
            noises=shown_bars(bars(rows.texts("noise.class"))),
            intents=template_coverage(rows.only("source", "template"), build.coverage),
            slots=slot_coverage(rows.only("slots"), build.coverage),
            audit=audit_section(audit or audit_dataset(dataset)),
            label_leakage=find_label_leakage(rows.only(*labelled_rows.COLUMNS), build.seed),
            negatives=negatives_section(rows.only("negative", "transcript")),
            rejected=rejected_section(dataset, rows.only("speaker", "template", "attempt")),
            clips=clips_section(dataset, build.seed),
        )
    )


def _figures(rows: LightRows, build: DatasetRecord) -> list[tuple[str, str]]:
    """(value, label) of the row of large numbers at the top."""
    words = {word for text in rows.texts("transcript") for word in text.split()}
    errors = _error_percents(rows)
    judged = [(f"{np.median(errors):.1f} %", "median phone error rate")] if len(errors) else []
    return [
        (f"{len(rows):,}", "clips"),
        _duration(float(rows.numbers("duration_s").sum())),
        (f"{len(set(rows.speakers())):,}", "speakers"),
        (f"{len(words):,}", "distinct words"),
        *judged,
        (f"{build.rejects:,}", "rejected"),
    ]


def _error_percents(rows: LightRows) -> np.ndarray:
    return 100 * rows.numbers("quality.phone_error_rate")


def _duration(seconds: float) -> tuple[str, str]:
    if seconds < 3600:
        return f"{seconds / 60:.1f}", "minutes"
    return f"{seconds / 3600:,.1f}", "hours"


def _charts(rows: LightRows) -> list[tuple[str, str, str]]:
    """(title, note, SVG) of every histogram that has values."""
    noisy = rows.numbers("noise.measured_snr_db")
    rooms = sum(1 for source in rows.texts("room.source") if source)
    durations = rows.numbers("duration_s")
    charts = [
        ("Duration", f"{durations.mean():.1f} s on average", histogram(durations, "seconds")),
        (
            "Signal-to-noise ratio",
            f"measured; {len(noisy):,} clips have noise, {len(rows) - len(noisy):,} have none, "
            f"{rooms:,} a room",
            histogram(noisy, "dB"),
        ),
        (
            "Pace",
            "as asked of the voice; 1 is the speaker's own",
            histogram(rows.numbers("pace"), "times the usual pace"),
        ),
        (
            "Phone error rate",
            "heard by the recognizer before noise was added",
            histogram(_error_percents(rows), "percent"),
        ),
    ]
    return [chart for chart in charts if chart[2]]


def bars(labels: Iterable[str]) -> list[Bar]:
    """Counts of labels, most frequent first."""
    counts = Counter(labels)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [Bar(label, count, count / ordered[0][1]) for label, count in ordered]


def shown_bars(counted: Sequence[Bar]) -> list[Bar]:
    """The first of very many, and one bar that says how many more there are."""
    rest = counted[MOST_BARS:]
    if len(rest) < 2:
        return list(counted)
    total = sum(bar.count for bar in rest)
    others = Bar(f"{len(rest):,} others", total, min(1.0, total / counted[0].count))
    return [*counted[:MOST_BARS], others]


def accent_shares(rows: Collection[Mapping[str, Any]]) -> list[Bar]:
    """Clips of each accent, labelled with its share of all."""
    return _with_shares(bars(parse_accent(row["accent"]).language for row in rows), len(rows))


def style_shares(rows: Collection[Mapping[str, Any]]) -> list[Bar]:
    """Clips with each change of spoken style, labelled with its share of all; those
    without any come as `as written`. Empty where no clip has one."""
    changed = [kind for row in rows for kind in set(row["style"])]
    written = ["as written" for row in rows if not row["style"]]
    return _with_shares(bars(changed + written), len(rows)) if changed else []


def _with_shares(counted: Iterable[Bar], total: int) -> list[Bar]:
    return [replace(bar, label=f"{bar.label} · {bar.count / total:.1%}") for bar in counted]


def template_coverage(
    rows: Iterable[Mapping[str, Any]], coverage: Mapping[str, Any]
) -> list[IntentCoverage]:
    """Every template of the domain and how many rows it made, by intent.

    Rows of other sources are left out: there a template is a line of a file, or a prompt.
    """
    counts = Counter(row["template"] for row in rows if row["source"] == "templates")
    templates: dict[str, list[str]] = defaultdict(list)
    for template in dict.fromkeys([*coverage.get("templates", ()), *counts]):
        templates[template.rpartition(":")[0] or template].append(template)
    most = max(counts.values(), default=1)
    return [
        IntentCoverage(
            intent,
            used=sum(1 for name in names if counts[name]),
            rows=sum(counts[name] for name in names),
            cells=tuple((name, counts[name], math.sqrt(counts[name] / most)) for name in names),
        )
        for intent, names in templates.items()
    ]


def slot_coverage(
    rows: Iterable[Mapping[str, Any]], coverage: Mapping[str, Any]
) -> list[SlotCoverage]:
    """Every slot of the domain: which of its listed values were used, in how many rows."""
    listed: Mapping[str, Sequence[str]] = coverage.get("slot_values", {})
    used: dict[str, set[str]] = defaultdict(set)
    num_rows: Counter[str] = Counter()
    for row in rows:
        num_rows.update({slot["name"] for slot in row["slots"]})
        for slot in row["slots"]:
            used[slot["name"]].add(slot["value"].casefold())
    found = []
    for name in dict.fromkeys([*listed, *sorted(used)]):
        values = listed.get(name)
        unused = [value for value in values or () if value.casefold() not in used[name]]
        num_used = len(values) - len(unused) if values is not None else len(used[name])
        num_listed = None if values is None else len(values)
        found.append(SlotCoverage(name, num_used, num_listed, num_rows[name], tuple(unused)))
    return found
