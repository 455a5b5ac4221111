"""`voxloom probe`: print how a recognizer that knows a dataset alone hears real recordings."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from models.evaluation.tables import markdown_table, percent, write_csv
from pipeline.probe.run import ProbeRequest, ProbeResult, probe
from pipeline.probe.scores import Score

console = Console(highlight=False)
_MOST_SPEAKERS = 12


def probe_command(request: ProbeRequest, out: Path | None) -> None:
    """Print the tables; with `out`, write them and what was heard in every recording too."""
    with console.status(f"reading {request.dataset}") as status:
        results = probe(request, status.update)
    text = "\n\n".join(_described(result) for result in results)
    if len(results) == 2:
        text += "\n\n" + _ratio(*results)
    console.print(text, markup=False, soft_wrap=True)
    if out is not None:
        _write(results, text, out)
        console.print(f"\nwritten to {out}: results.md, results.json, clips.csv")


def _described(result: ProbeResult) -> str:
    what = "right" if result.kind == "keyword" else "word errors"
    header = ["recordings", "clips", what, "95 %"]
    table = markdown_table(header, [_row(score, result) for score in _shown(result.scores)])
    clips = f"{result.num_train} clips, stopped by {result.num_validation} of its own"
    lines = [f"{result.kind} model trained on {result.source}: {clips}", "", table]
    notes = []
    if result.by_speaker is not None:
        notes.append(f"with other speakers like these: {_between(*result.by_speaker, result)}")
    if result.own_error_rate is not None:
        notes.append(f"on the dataset's own test split: {_figure(result.own_error_rate, result)}")
    return "\n".join([*lines, "", *notes] if notes else lines)


def _shown(scores: Sequence[Score]) -> list[Score]:
    """All, or of many speakers those who are understood least."""
    speakers = [score for score in scores if score.kind == "speaker"]
    worst = sorted(speakers, key=lambda score: -score.error_rate)[:_MOST_SPEAKERS]
    shown = speakers if len(speakers) <= _MOST_SPEAKERS else worst
    return [score for score in scores if score.kind != "speaker" or score in shown]


def _row(score: Score, result: ProbeResult) -> list[str]:
    figure = _figure(score.error_rate, result)
    return [score.name, str(score.num_clips), figure, _between(score.low, score.high, result)]


def _figure(error_rate: float, result: ProbeResult) -> str:
    return percent(1 - error_rate if result.kind == "keyword" else error_rate)


def _between(low: float, high: float, result: ProbeResult) -> str:
    """Of error rates, as what is shown."""
    ends = (1 - high, 1 - low) if result.kind == "keyword" else (low, high)
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}"


def _ratio(ours: ProbeResult, theirs: ProbeResult) -> str:
    if ours.kind == "keyword":
        ratio, what = (1 - ours.error_rate) / max(1e-9, 1 - theirs.error_rate), "as often right"
    else:
        ratio, what = ours.error_rate / max(1e-9, theirs.error_rate), "the word error rate"
    return f"{ratio:.2f} x {what} as the same model trained on {theirs.source}"


def _write(results: Sequence[ProbeResult], text: str, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "results.md").write_text(text + "\n", encoding="utf-8")
    plain = [{k: v for k, v in asdict(result).items() if k != "clips"} for result in results]
    (out / "results.json").write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    rows = [
        [
            result.source,
            clip.id,
            clip.speaker,
            f"{clip.snr_db:.1f}",
            clip.said,
            "|".join(clip.heard),
        ]
        for result in results
        for clip in result.clips
    ]
    write_csv(out / "clips.csv", ["trained_on", "id", "speaker", "snr_db", "said", "heard"], rows)
