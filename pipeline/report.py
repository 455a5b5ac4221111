"""The page people look at: one report.html that opens offline and loads nothing."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from models.errors import DataError
from pipeline.accidents import find_accidents
from pipeline.atomic import write_atomically
from pipeline.audio import decode_audio
from pipeline.audit.verdict import Audit, audit_dataset
from pipeline.charts import data_uri, histogram, spectrogram
from pipeline.dataset import data_files, read_build, read_rows
from pipeline.randomness import rng_for
from pipeline.report_audit import audit_section
from pipeline.report_negatives import negatives_section
from pipeline.report_rejects import rejected_section
from pipeline.report_voices import voice_table

NUM_CLIPS = 20
_TEMPLATE = "report.html.j2"
# All that the figures need: the audio of a large dataset would not fit in memory.
_LIGHT_COLUMNS = (
    "id",
    "duration_s",
    "transcript",
    "speaker",
    "accent",
    "pace",
    "template",
    "intent",
    "slots",
    "source",
    "style",
    "negative",
    "noise",
    "room",
    "quality",
    "take",
)


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
    write_atomically(out, render_report(dataset).encode())


def render_report(dataset: Path, audit: Audit | None = None) -> str:
    """The page as HTML text; with the `audit` of the dataset, which is made if it is not given."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    build = read_build(dataset)
    rows = [
        row | {"file": path}
        for path in data_files(dataset)
        for row in read_rows(path, _LIGHT_COLUMNS)
    ]
    if not rows:
        raise DataError(f"{dataset}: has no rows to report on")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(_TEMPLATE).render(
        build=build,
        figures=_figures(rows, build),
        charts=_charts(rows),
        speakers=bars(row["speaker"] for row in rows),
        voices=voice_table(rows, build),
        accents=accent_shares(rows),
        styles=style_shares(rows),
        sources=bars(row["source"] for row in rows),
        noises=bars(row["noise"]["class"] for row in rows),
        intents=template_coverage(rows, build["coverage"]),
        slots=slot_coverage(rows, build["coverage"]),
        audit=audit_section(audit or audit_dataset(dataset)),
        accidents=find_accidents(rows, build["seed"]),
        negatives=negatives_section(rows),
        rejected=rejected_section(dataset, rows),
        clips=_clips(rows, build["seed"]),
    )


def _figures(rows: Sequence[Mapping[str, Any]], build: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(value, label) of the row of large numbers at the top."""
    seconds = [row["duration_s"] for row in rows]
    words = {word for row in rows for word in row["transcript"].split()}
    errors = _error_percents(rows)
    judged = [(f"{median(errors):.1f} %", "median phone error rate")] if errors else []
    return [
        (f"{len(rows):,}", "clips"),
        _duration(sum(seconds)),
        (f"{len({row['speaker'] for row in rows}):,}", "speakers"),
        (f"{len(words):,}", "distinct words"),
        *judged,
        (f"{build['rejects']:,}", "rejected"),
    ]


def _error_percents(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    rates = [row["quality"]["phone_error_rate"] for row in rows]
    return [100 * rate for rate in rates if rate is not None]


def _duration(seconds: float) -> tuple[str, str]:
    if seconds < 3600:
        return f"{seconds / 60:.1f}", "minutes"
    return f"{seconds / 3600:,.1f}", "hours"


def _charts(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """(title, note, SVG) of every histogram that has values."""
    snrs = [row["noise"]["measured_snr_db"] for row in rows]
    noisy = [snr for snr in snrs if snr is not None]
    rooms = sum(1 for row in rows if row["room"]["source"])
    durations = [row["duration_s"] for row in rows]
    mean_s = sum(durations) / len(rows)
    charts = [
        ("Duration", f"{mean_s:.1f} s on average", histogram(durations, "seconds")),
        (
            "Signal-to-noise ratio",
            f"measured; {len(noisy):,} clips have noise, {len(rows) - len(noisy):,} have none, "
            f"{rooms:,} a room",
            histogram(noisy, "dB"),
        ),
        (
            "Pace",
            "as asked of the voice; 1 is the speaker's own",
            histogram([row["pace"] for row in rows], "times the usual pace"),
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


def accent_shares(rows: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Clips of each accent, labelled with its share of all."""
    return _with_shares(bars(row["accent"] for row in rows), len(rows))


def style_shares(rows: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Clips with each change that makes a sentence spoken, labelled with its share of all; those
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


def sample_rows(rows: Sequence[Mapping[str, Any]], seed: int) -> list[Mapping[str, Any]]:
    """At most 20 rows, seeded: speakers in turn, and within a speaker over the span of SNR."""
    rng = rng_for(seed, "report")
    by_speaker: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (_snr(row), row["id"])):
        by_speaker[row["speaker"]].append(row)
    speakers = sorted(by_speaker)
    rng.shuffle(speakers)
    takes = Counter(speakers[turn % len(speakers)] for turn in range(NUM_CLIPS))
    chosen = []
    for speaker, count in takes.items():
        candidates = by_speaker[speaker]
        count = min(count, len(candidates))
        # One draw from each of `count` equal stretches of the speaker's rows, sorted by SNR.
        bounds = [len(candidates) * index // count for index in range(count + 1)]
        spans = itertools.pairwise(bounds)
        chosen += [candidates[int(rng.integers(low, high))] for low, high in spans]
    return sorted(chosen, key=lambda row: (row["speaker"], _snr(row), row["id"]))


def _snr(row: Mapping[str, Any]) -> float:
    snr_db = row["noise"]["snr_db"]
    return math.inf if snr_db is None else snr_db


def _clips(rows: Sequence[Mapping[str, Any]], seed: int) -> list[dict[str, Any]]:
    """The sampled rows in full, with player and picture."""
    sampled = sample_rows(rows, seed)
    wanted = {row["id"]: index for index, row in enumerate(sampled)}
    full: dict[str, dict[str, Any]] = {}
    for path in sorted({row["file"] for row in sampled}):
        split = path.name.partition("-")[0]
        full |= {
            row["id"]: _clip(row) | {"split": split}
            for row in read_rows(path)
            if row["id"] in wanted
        }
    return sorted(full.values(), key=lambda clip: wanted[clip["id"]])


def _clip(row: dict[str, Any]) -> dict[str, Any]:
    wave, sample_rate = decode_audio(row["audio"]["bytes"])
    uri = data_uri(row["audio"]["bytes"], "audio/flac")
    return row | {"audio": uri, "picture": spectrogram(wave, sample_rate)}
