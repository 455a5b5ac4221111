"""The command line: what can be asked, and how it is explained. The work is in `flows/commands`.

Nothing heavy is imported here, so that `voxloom --help` answers at once.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.audit import audit
from flows.cli.browse import browse, drop
from flows.cli.corpus import corpus_app
from flows.cli.coverage import coverage
from flows.cli.diff import diff
from flows.cli.diversity import diversity
from flows.cli.evaluate import evaluate_app
from flows.cli.export import export
from flows.cli.extend import extend, merge
from flows.cli.many_values import ManyValues
from flows.cli.melnet import melnet_app
from flows.cli.probe import probe
from flows.cli.replay import replay
from flows.cli.teach import teach_app
from flows.cli.verify import verify
from models.errors import ConfigError, VoxloomError

app = typer.Typer(
    name="voxloom",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Sentence templates in, a speech dataset out: spoken by voices trained here.\n\n"
    "Start with [bold]voxloom doctor[/bold], then "
    "[bold]voxloom build configs/build/quickstart.yaml[/bold].",
)
checkpoints_app = typer.Typer(
    no_args_is_help=True, help="The trained models: which are there, and what is in them."
)
app.add_typer(checkpoints_app, name="checkpoints")
speakers_app = typer.Typer(no_args_is_help=True, help="The voices of a trained model.")
app.add_typer(speakers_app, name="speakers")
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(melnet_app, name="melnet")
app.add_typer(teach_app, name="teach")
app.add_typer(corpus_app, name="corpus")
app.command()(diversity)
app.command()(export)
app.command()(coverage)
app.command()(probe)
app.command()(audit)
app.command()(replay)
app.command()(browse)
app.command()(drop)
app.command()(verify)
app.command()(diff)
app.command()(extend)
app.command()(merge)

SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Put a value over the file's. May be given many times."
    ),
]


@app.command()
def build(
    config: Annotated[Path, typer.Argument(help="The YAML file of the build.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where the dataset goes.")
    ] = None,
    overrides: SetOption = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show Prefect's log.")] = False,
) -> None:
    """Build a dataset.

    Stop it at any moment and give the same command again: it goes on where it was. Change
    the noise and only the noise is done again.

    [dim]Examples:[/dim]

      voxloom build configs/build/quickstart.yaml

      voxloom build configs/build/quickstart.yaml -o data/loud --set augment.noise.snr_db.low=0

      voxloom build my.yaml --set sentences.count=50000 --set runtime.workers=16
    """
    from flows.commands.build import build_command

    build_command(config, output, overrides or [], verbose)


@app.command()
def report(
    dataset: Annotated[Path, typer.Argument(help="The folder that `build` made.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The page; DATASET/report.html if not given.")
    ] = None,
) -> None:
    """Write the page to look at: counts, histograms, coverage, clips to play.

    [dim]Example:[/dim]  voxloom report data/quickstart --out report.html
    """
    from flows.commands.verify import report_command

    report_command(dataset, out or dataset / "report.html")


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="What to say, as one writes it.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write: .wav or .flac.")],
    speaker: Annotated[
        str | None,
        typer.Option(
            "--speaker",
            "-s",
            help="The voice; the first if not given. Also `mix(A, B, 0.4)`, 0.4 of B, and "
            "generated-000 to generated-999.",
        ),
    ] = None,
    acoustic_model: Annotated[str, typer.Option(help="A checkpoint's name or folder.")] = (
        "fastspeech2"
    ),
    vocoder: Annotated[str, typer.Option(help="A checkpoint, or griffin-lim.")] = "vocos",
    pace: Annotated[float, typer.Option(help="1.2 is a fifth faster.")] = 1.0,
    pitch: Annotated[float, typer.Option(help="Semitones up or down.")] = 0.0,
    energy: Annotated[float, typer.Option(help="1.5 is half as loud again.")] = 1.0,
    seed: Annotated[int, typer.Option(help="Which generated voices: the seed of a build.")] = 0,
    spread: Annotated[
        float, typer.Option(help="How far generated voices go from the average.")
    ] = 1.0,
) -> None:
    """Say one sentence, to hear a voice.

    [dim]Examples:[/dim]

      voxloom say "Wake me at 7:30 am." --speaker kathleen -o wake.wav

      voxloom say "Slowly, please." --pace 0.8 --vocoder griffin-lim -o slow.wav

      voxloom say "Who am I?" --speaker "mix(kathleen, an4-msrb, 0.4)" -o between.wav
    """
    from flows.commands.say import SayOptions, say_command

    options = SayOptions(speaker, acoustic_model, vocoder, pace, pitch, energy, seed, spread)
    say_command(text, out, options)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="The YAML file of the training run.")],
    overrides: SetOption = None,
) -> None:
    """Train a model, or go on with a run that was stopped.

    [dim]Examples:[/dim]

      voxloom train configs/train/recognizer.yaml

      voxloom train configs/train/fastspeech2.yaml --set corpus.root=~/LJSpeech-1.1
    """
    from flows.commands.train import train_command

    train_command(config, overrides or [])


@app.command(cls=ManyValues)
def mels(
    checkpoint: Annotated[str, typer.Argument(help="An acoustic model's name or folder.")],
    corpus: Annotated[
        Path, typer.Option(help="A corpus, or the training config (.yaml) that names it.")
    ],
    to: Annotated[Path, typer.Option(help="The folder to write.")],
    folders: Annotated[
        list[str] | None,
        typer.Option(help="Of the corpus; all that the config names if not given."),
    ] = None,
    recognizer: Annotated[str, typer.Option(help="What finds the phones.")] = "recognizer",
    cache: Annotated[Path, typer.Option(help="Where features are kept.")] = Path("runs/cache"),
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Write an acoustic model's mels of recordings, to fine-tune a vocoder on.

    They last as long as the recordings do, phone by phone or frame by frame.

    [dim]Examples:[/dim]

      voxloom mels fastspeech2 --corpus configs/train/hifigan.yaml --to runs/mels

      voxloom mels runs/fastspeech2/best --corpus ../corpora --folders lj vctk --to runs/mels
    """
    from flows.commands.mels import MelsOptions, mels_command

    options = MelsOptions(recognizer, cache, device)
    mels_command(checkpoint, corpus, folders or [], to, options)


@checkpoints_app.command("list")
def list_checkpoints() -> None:
    """The checkpoints that ship with Voxloom, and whether their files are intact."""
    from flows.commands.checkpoints import list_command

    list_command()


@checkpoints_app.command("show")
def show_checkpoint(
    checkpoint: Annotated[str, typer.Argument(help="A name from `list`, or a folder.")],
) -> None:
    """What a checkpoint was made of: sizes, speakers, data, licence, figures.

    [dim]Example:[/dim]  voxloom checkpoints show fastspeech2
    """
    from flows.commands.checkpoints import show_command

    show_command(checkpoint)


@checkpoints_app.command("import", no_args_is_help=True)
def import_checkpoint(
    format_name: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="hifigan, parallelwavegan-melgan, descript-melgan, vocos, nvidia-tacotron2, "
            "ming024-fastspeech2 or melnet.",
        ),
    ],
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="The public file; MelNet has one a tier, ParallelWaveGAN may have a stats.h5.",
        ),
    ],
    to: Annotated[Path, typer.Option(help="The folder to write; new or empty.")],
    licence: Annotated[
        str | None, typer.Option(help="That of the weights; asked for if not given.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="The public project's config; sought beside FILE if not given."),
    ] = None,
    trained_on: Annotated[
        list[str] | None,
        typer.Option(help="What the weights learned from. May be given many times."),
    ] = None,
) -> None:
    """Turn a public checkpoint into one of ours. Nothing pickled in it is executed.

    What each format needs, and where its licence stands: docs/CHECKPOINTS.md.

    [dim]Examples:[/dim]

      voxloom checkpoints import hifigan LJ_V1/generator_v1 --licence MIT --to models/hifigan-lj

      voxloom checkpoints import vocos pytorch_model.bin --config config.yaml --licence MIT \\
          --trained-on LibriTTS --to models/vocos-24k
    """
    from flows.commands.checkpoints import ImportOptions, import_command

    options = ImportOptions(config, licence, tuple(trained_on or ()))
    import_command(format_name, files, to, options)


@speakers_app.command("add")
def add_speakers(
    checkpoint: Annotated[str, typer.Argument(help="An acoustic model's name or folder.")],
    file: Annotated[Path, typer.Argument(help="A vector a name: .npz, .safetensors or .json.")],
    to: Annotated[Path, typer.Option(help="The folder to write, new or empty.")],
) -> None:
    """Add speakers to a model that was trained with speaker vectors.

    [dim]Example:[/dim]  voxloom speakers add runs/mine/best dvectors.npz --to runs/mine-more
    """
    from flows.commands.speakers import add_command

    add_command(checkpoint, file, to)


@app.command()
def doctor() -> None:
    """Look at this machine: what is installed, which device, which checkpoints.

    For everything that is missing it says what to do. Ends with status 1 if a build
    could not run.
    """
    from flows.commands.doctor import doctor_command

    doctor_command()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits with 0, 1 (an error), 2 (wrong usage or config) or 130."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="voxloom")
    except VoxloomError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:  # a disk, a permission, a name that is taken
        if error.filename is None:
            raise
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
