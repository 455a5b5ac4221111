"""The command line of `voxloom evaluate`; the work is in flows/commands/evaluate.py."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.many_values import ManyValues

evaluate_app = typer.Typer(
    no_args_is_help=True, help="Models side by side on held-out clips: a table, a CSV, a plot."
)


@evaluate_app.command("vocoders", cls=ManyValues)
def evaluate_vocoders(
    corpus: Annotated[
        Path, typer.Option(help="A corpus, or the training config (.yaml) that names it.")
    ],
    checkpoints: Annotated[list[str], typer.Option(help="Vocoders, by name or folder.")],
    folders: Annotated[list[str] | None, typer.Option(help="Of the corpus.")] = None,
    acoustic: Annotated[
        str | None, typer.Option(help="An acoustic model, whose mels are a second table.")
    ] = None,
    recognizer: Annotated[str, typer.Option(help="What hears the phones.")] = "recognizer",
    count: Annotated[int, typer.Option(help="How many clips.", min=1)] = 30,
    device: Annotated[str, typer.Option(help="Of the vocoders: cpu or cuda.")] = "cpu",
    mos: Annotated[
        str | None,
        typer.Option(metavar="nisqa:FILE", help="Predict how natural each clip sounds."),
    ] = None,
    cache: Annotated[Path, typer.Option(help="Where alignments are kept.")] = Path("runs/cache"),
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path(
        "runs/evaluation/vocoders"
    ),
) -> None:
    """Compare vocoders with each other, with Griffin-Lim and with the recordings.

    Each gets the mels of recordings and, with --acoustic, that model's mels of them.

    [dim]Example:[/dim]

      voxloom evaluate vocoders --corpus LJSpeech-1.1 --checkpoints vocos runs/hifigan/best
        --acoustic fastspeech2
    """
    from flows.commands.evaluate import evaluate_vocoders_command
    from flows.commands.mels import corpus_config
    from models.evaluation.vocoders import VocoderRequest

    request = VocoderRequest(
        corpus=corpus_config(corpus, folders or []),
        checkpoints=tuple(checkpoints),
        acoustic=acoustic,
        recognizer=recognizer,
        count=count,
        device=device,
        cache=cache,
    )
    evaluate_vocoders_command(request, mos, out)


@evaluate_app.command("acoustic", cls=ManyValues)
def evaluate_acoustic(
    corpus: Annotated[
        Path, typer.Option(help="A corpus, or the training config (.yaml) that names it.")
    ],
    checkpoints: Annotated[list[str], typer.Option(help="Acoustic models, by name or folder.")],
    folders: Annotated[list[str] | None, typer.Option(help="Of the corpus.")] = None,
    vocoder: Annotated[str, typer.Option(help="What they all speak through.")] = "vocos",
    recognizer: Annotated[str, typer.Option(help="What hears the phones.")] = "recognizer",
    count: Annotated[int, typer.Option(help="How many sentences.", min=1)] = 30,
    device: Annotated[str, typer.Option(help="Of the models: cpu or cuda.")] = "cpu",
    mos: Annotated[
        str | None,
        typer.Option(metavar="nisqa:FILE", help="Predict how natural each clip sounds."),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write.")] = Path(
        "runs/evaluation/acoustic"
    ),
) -> None:
    """Compare acoustic models with each other and with the recordings.

    They say held-out sentences from text, as the recordings' own speakers.

    [dim]Example:[/dim]

      voxloom evaluate acoustic --corpus LJSpeech-1.1 --checkpoints fastspeech2 runs/tacotron2/best
    """
    from flows.commands.evaluate import evaluate_acoustic_command
    from flows.commands.mels import corpus_config
    from models.evaluation.acoustic import AcousticRequest

    request = AcousticRequest(
        corpus=corpus_config(corpus, folders or []),
        checkpoints=tuple(checkpoints),
        vocoder=vocoder,
        recognizer=recognizer,
        count=count,
        device=device,
    )
    evaluate_acoustic_command(request, mos, out)
