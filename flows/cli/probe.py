"""`voxloom probe`: a recognizer trained on a dataset alone, tested on real recordings."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from flows.cli.console import console, tell
from flows.cli.options import MOST_SEED, dataset_folder
from models.evaluation.tables import markdown_table, percent, write_csv
from models.folders import check_can_be_written

if TYPE_CHECKING:
    from pipeline.probe.run import ProbeResult
    from pipeline.probe.scores import Confusion, Score
    from pipeline.probe.slots import SlotScore

_MOST_SPEAKERS = 12
_MOST_LABELS, _MOST_HEARD_AS = 12, 3  # in the table of what was misheard


Trained = Annotated[
    Path,
    typer.Argument(
        parser=dataset_folder,
        metavar="DATASET",
        help="A dataset, or a corpus (metadata.csv beside wavs/).",
    ),
]
Real = Annotated[Path, typer.Option(help="The recordings to test on: a corpus.")]
TrainReal = Annotated[
    Path | None, typer.Option(help="Other recordings: a reference probe is trained on them.")
]
Model = Annotated[
    Literal["auto", "keyword", "ctc"],
    typer.Option(help="Classify clips, or transcribe letters. auto: by the number of labels."),
]
Label = Annotated[
    Literal["transcript", "intent", "slots"],
    typer.Option(help="The label to predict; slots: transcripts, with slot accuracy."),
]
Augment = Annotated[
    Path | None,
    typer.Option(help="A build config: augments a corpus DATASET with its noise and rooms."),
]
Runs = Annotated[
    int, typer.Option(help="Number of probes, with consecutive seeds; reports the mean.", min=1)
]
AtMost = Annotated[int, typer.Option(help="Training clips, at most.", min=1)]
Epochs = Annotated[
    int, typer.Option(help="Epochs, at most; early stopping on the validation split.", min=1)
]
Seed = Annotated[int, typer.Option(help="Seed of the first probe.", min=0, max=MOST_SEED)]
Results = Annotated[
    Path | None, typer.Option("--out", "-o", help="A folder for results.md and clips.csv.")
]


def probe(
    dataset: Trained,
    real: Real,
    train_real: TrainReal = None,
    model: Model = "auto",
    label: Label = "transcript",
    augment: Augment = None,
    runs: Runs = 1,
    at_most: AtMost = 20_000,
    epochs: Epochs = 20,
    seed: Seed = 0,
    out: Results = None,
) -> None:
    """Train a small recognizer on a dataset alone, and test it on real recordings.

    The error on recordings tells whether a dataset is useful; its own test split cannot. All
    audio is resampled to the rate of the recordings. Takes minutes on one core.

    [dim]Examples:[/dim]

      voxloom probe data/digits --real recordings/digits

      voxloom probe flite-digits --augment configs/build/digits.yaml --real recordings/digits
    """
    from models.training.probe import ProbeTraining
    from pipeline.probe import run

    if out:
        check_can_be_written(out, "--out")
    request = run.ProbeRequest(
        dataset=dataset,
        real=real,
        train_real=train_real,
        kind=None if model == "auto" else model,
        label=label,
        augment=augment,
        at_most=at_most,
        runs=runs,
        training=ProbeTraining(epochs=epochs, seed=seed),
    )
    with console.status(f"reading {dataset}") as status:
        results = run.probe(request, status.update)
    _tell(results, out)


def _tell(results: "Sequence[ProbeResult]", out: Path | None) -> None:
    text = "\n\n".join(_described(result) for result in results)
    if len(results) == 2:
        text += "\n\n" + _ratio(*results)
    tell(text)
    if out is not None:
        _write(results, text, out)
        console.print(f"\nwritten to {out}: results.md, results.json, clips.csv")


def _described(result: "ProbeResult") -> str:
    what = "right" if result.kind == "keyword" else "word errors"
    header = ["recordings", "clips", what, "95 %"]
    table = markdown_table(header, [_row(score, result) for score in _shown(result.scores)])
    clips = f"{result.num_train} clips, stopped by {result.num_validation} of its own"
    lines = [f"{result.kind} model trained on {result.source}: {clips}", "", table]
    if result.confusions:
        lines += ["", _misheard(result.confusions)]
    if result.slots:
        lines += ["", _understood(result.slots)]
    notes = []
    if len(result.error_rates) > 1:
        each = ", ".join(_figure(rate, result) for rate in result.error_rates)
        notes.append(f"the mean of {len(result.error_rates)} probes: {each}")
    if result.by_speaker is not None:
        notes.append(f"with other speakers like these: {_between(*result.by_speaker, result)}")
    if result.own_error_rate is not None:
        notes.append(f"on the dataset's own test split: {_figure(result.own_error_rate, result)}")
    return "\n".join([*lines, "", *notes] if notes else lines)


def _misheard(confusions: "Sequence[Confusion]") -> str:
    """The labels that are least often right, and what they are taken for."""
    rows = [
        [
            one.label,
            str(one.num_clips),
            percent(one.right),
            ", ".join(f"{name} {percent(share)}" for name, share in one.heard_as[:_MOST_HEARD_AS]),
        ]
        for one in confusions[:_MOST_LABELS]
    ]
    return markdown_table(["said", "clips", "right", "heard as"], rows)


def _understood(slots: "Sequence[SlotScore]") -> str:
    rows = [
        [
            score.name,
            str(score.num_clips),
            percent(score.accuracy),
            f"{100 * score.low:.1f} to {100 * score.high:.1f}",
        ]
        for score in slots
    ]
    return markdown_table(["slots", "clips", "right", "95 %"], rows)


def _shown(scores: "Sequence[Score]") -> "list[Score]":
    """All, or of many speakers those who are understood least."""
    speakers = [score for score in scores if score.kind == "speaker"]
    worst = sorted(speakers, key=lambda score: -score.error_rate)[:_MOST_SPEAKERS]
    shown = speakers if len(speakers) <= _MOST_SPEAKERS else worst
    return [score for score in scores if score.kind != "speaker" or score in shown]


def _row(score: "Score", result: "ProbeResult") -> list[str]:
    figure = _figure(score.error_rate, result)
    return [score.name, str(score.num_clips), figure, _between(score.low, score.high, result)]


def _figure(error_rate: float, result: "ProbeResult") -> str:
    return percent(1 - error_rate if result.kind == "keyword" else error_rate)


def _between(low: float, high: float, result: "ProbeResult") -> str:
    """Of error rates, as what is shown."""
    ends = (1 - high, 1 - low) if result.kind == "keyword" else (low, high)
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}"


def _ratio(ours: "ProbeResult", theirs: "ProbeResult") -> str:
    if ours.kind == "keyword":
        ratio, what = (1 - ours.error_rate) / max(1e-9, 1 - theirs.error_rate), "as often right"
    else:
        ratio, what = ours.error_rate / max(1e-9, theirs.error_rate), "the word error rate"
    return f"{ratio:.2f} x {what} as the same model trained on {theirs.source}"


def _write(results: "Sequence[ProbeResult]", text: str, out: Path) -> None:
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
            clip.reference,
            "|".join(clip.hypotheses),
        ]
        for result in results
        for clip in result.clips
    ]
    write_csv(
        out / "clips.csv",
        ["trained_on", "id", "speaker", "snr_db", "reference", "hypothesis"],
        rows,
    )
