"""The options of `voxloom probe`."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def probe(
    dataset: Annotated[
        Path, typer.Argument(help="What `build` made, or a corpus: metadata.csv beside wavs/.")
    ],
    real: Annotated[Path, typer.Option(help="Recordings to be tested on: a corpus.")],
    train_real: Annotated[
        Path | None,
        typer.Option(help="Other recordings: the same model trained on them is the measure."),
    ] = None,
    model: Annotated[
        Literal["auto", "keyword", "ctc"],
        typer.Option(help="Name the clip, or write its letters; auto: by the number of labels."),
    ] = "auto",
    label: Annotated[
        Literal["transcript", "intent"], typer.Option(help="What a keyword model names.")
    ] = "transcript",
    augment: Annotated[
        Path | None,
        typer.Option(help="A build's config: its noise and rooms are put on a corpus DATASET."),
    ] = None,
    runs: Annotated[
        int, typer.Option(help="Probes to train, each with another seed; their mean counts.", min=1)
    ] = 1,
    at_most: Annotated[int, typer.Option(help="Training clips that are used.", min=1)] = 20_000,
    epochs: Annotated[
        int, typer.Option(help="At most; it stops when its validation split gets no better.", min=1)
    ] = 20,
    seed: Annotated[int, typer.Option(help="Of the first probe.", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A folder for results.md and clips.csv.")
    ] = None,
) -> None:
    """Train a small recognizer on a dataset alone, and test it on real recordings.

    The last word on a dataset: its own test split cannot tell whether people are understood.
    Everything is heard at the rate of the recordings. Takes minutes on one core.

    [dim]Examples:[/dim]

      voxloom probe data/digits --real recordings/digits

      voxloom probe flite-digits --augment configs/build/digits.yaml --real recordings/digits
    """
    from flows.commands.probe import probe_command
    from models.training.probe import ProbeTraining
    from pipeline.probe.run import ProbeRequest

    request = ProbeRequest(
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
    probe_command(request, out)
