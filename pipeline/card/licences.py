"""The card's statement of where the speech is from, and its section on licences."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from pipeline.licences.summary import LicenceSummary, SummaryLine, spelled_for_hub
from pipeline.records import is_recording

# `machine-generated` is the hub's own word; the tags are what people search for.
GENERATED_TAGS = ("ai-generated", "synthetic", "synthetic-speech")
_MOST_NAMES = 40  # lines of one kind; build.json has all of them
_WHAT = {
    "sentences": "sentences",
    "voice": "voice (acoustic model)",
    "vocoder": "voice (vocoder)",
    "noise": "noise",
    "room": "room",
}
_HUB_KNOWS = ("cc", "apache-", "mit", "bsd", "odbl", "odc-by", "pddl", "unlicense", "unknown")


def origin_sentence(num_rows: int, num_recorded: int) -> str:
    """What every card says of its audio, in one plain sentence."""
    if not num_recorded:
        return (
            "All speech in this dataset is AI-generated: every clip was synthesized by a "
            "text-to-speech model, and no person spoke these sentences."
        )
    if num_recorded == num_rows:
        return "All speech in this dataset was recorded: people spoke these sentences."
    return (
        f"{num_recorded:,} of {num_rows:,} clips are recordings of people; all other speech in "
        "this dataset is AI-generated: synthesized by a text-to-speech model."
    )


def recorded_rows(summary: LicenceSummary) -> int:
    """How many rows are recordings of the builder's."""
    voices = (line for line in summary.sources if line.kind == "voice")
    return sum(line.rows for line in voices if is_recording(line.name))


def header_licence(own: str, summary: LicenceSummary) -> str | list[str]:
    """The header's `license`: the dataset's own, or all that its rows have, `other` for those
    without a name at the hub."""
    found = spelled_for_hub([own, *summary.rows])
    names = [name if name.startswith(_HUB_KNOWS) else "other" for name in found]
    distinct = list(dict.fromkeys(names))
    return distinct[0] if len(distinct) == 1 else distinct


def licences_section(summary: LicenceSummary) -> str:
    """The summary as Markdown; empty for a dataset that has none."""
    if not summary.sources:
        return ""
    return f"""
## Licences

{_of_rows(summary.rows)} What the clips are made of:

| what | licence | commercial use | to be named as | rows |
|---|---|---|---|---:|
{_table(summary.sources)}

`build.json` lists every recording under `licences`.
"""


def _of_rows(rows: Mapping[str, int]) -> str:
    if len(rows) == 1:
        return f"All rows are under {next(iter(rows))}."
    counts = ", ".join(f"{count:,} under {name}" for name, count in rows.items())
    return f"The column `license` says what each row is under: {counts}."


def _table(lines: Sequence[SummaryLine]) -> str:
    rows: list[str] = []
    for kind, of_kind in groupby(lines, key=lambda line: line.kind):
        listed = list(of_kind)
        named = [line for line in listed if line.attribution]
        rows += [_line(line) for line in named[:_MOST_NAMES]]
        if rest := [line for line in listed if not line.attribution] + named[_MOST_NAMES:]:
            rows += _together(kind, rest)
    return "\n".join(rows)


def _together(kind: str, lines: Sequence[SummaryLine]) -> list[str]:
    """Works without attribution, a line a licence."""
    ordered = sorted(lines, key=lambda line: (line.licence, line.commercial))
    told = []
    for (licence, commercial), same in groupby(
        ordered, key=lambda line: (line.licence, line.commercial)
    ):
        group = list(same)
        count = f", {len(group)} of them" if len(group) > 1 else f": `{group[0].name}`"
        rows = sum(line.rows for line in group)
        told.append(f"| {_WHAT[kind]}{count} | {licence} | {commercial} |  | {rows:,} |")
    return told


def _line(line: SummaryLine) -> str:
    what = f"{_WHAT[line.kind]}: `{line.name}`"
    attribution = str(line.attribution).replace("|", "\\|")
    licence, commercial = line.licence, line.commercial
    return f"| {what} | {licence} | {commercial} | {attribution} | {line.rows:,} |"
