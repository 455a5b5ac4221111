"""`voxloom checkpoints`: list, show, import and ship checkpoints."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.cli.console import console, tell
from flows.cli.many_values import ManyValues
from models.errors import CheckpointError, ConfigError

checkpoints_app = typer.Typer(no_args_is_help=True, help="List, show and import checkpoints.")


@checkpoints_app.command("list")
def list_shipped() -> None:
    """List the checkpoints that ship with Voxloom, and check their files."""
    from models.checkpoint import list_checkpoints

    folders = list_checkpoints()
    if not folders:
        raise CheckpointError("models/pretrained: no checkpoints; fetch them or `voxloom train`")
    table = Table("name", "kind", "speakers", "step", "size", "licence", "files", box=None)
    for folder in folders:
        table.add_row(folder.name, *_describe(str(folder)))
    console.print(table)


def _describe(name: str) -> tuple[str, str, str, str, str, str]:
    """Kind, number of speakers, step, size, licence, and whether the files are intact."""
    from models.checkpoint import checkpoint_digest, find_checkpoint, read_info

    try:
        info = read_info(name)
        weights = find_checkpoint(name) / "model.safetensors"
        size = f"{weights.stat().st_size / 1e6:.1f} MB" if weights.exists() else "-"
        fields = info.kind, str(len(info.speakers) or "-"), str(info.step), size, info.licence
    except CheckpointError as error:
        return "?", "-", "-", "-", "-", f"[red]{error}[/red]"
    try:
        checkpoint_digest(name)
    except CheckpointError:
        return *fields, "[red]damaged[/red]"
    return *fields, "[green]intact[/green]"


@checkpoints_app.command("show")
def show(
    checkpoint: Annotated[str, typer.Argument(help="A name from `list`, or a folder.")],
) -> None:
    """Show a checkpoint: config, speakers, training data, licence, number of parameters.

    [dim]Example:[/dim]  voxloom checkpoints show fastspeech2
    """
    import yaml

    from models.checkpoint import find_checkpoint, load_checkpoint, read_info
    from models.config import as_mapping

    info = read_info(checkpoint)
    parameters = sum(value.numel() for value in load_checkpoint(checkpoint).model.parameters())
    folder = str(find_checkpoint(checkpoint))
    shown = {"folder": folder, "parameters": parameters} | as_mapping(info)
    shown["symbols"] = " ".join(info.symbols)
    tell(yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=console.width))


Format = Annotated[
    str,
    typer.Argument(
        metavar="FORMAT",
        help="hifigan, parallelwavegan-melgan, descript-melgan, vocos, nvidia-tacotron2, "
        "ming024-fastspeech2 or melnet.",
    ),
]
Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="The public file. MelNet: one per tier; ParallelWaveGAN: optionally a stats.h5.",
    ),
]
NewFolder = Annotated[Path, typer.Option(help="The folder to write; new or empty.")]
Licence = Annotated[
    str | None, typer.Option(help="The licence of the weights. Default: ask for it.")
]
PublicConfig = Annotated[
    Path | None,
    typer.Option(help="The public project's config. Default: searched for beside FILE."),
]
TrainedOn = Annotated[
    list[str] | None, typer.Option(help="What the weights were trained on. Repeatable.")
]


@checkpoints_app.command("import", no_args_is_help=True)
def import_public(
    format_name: Format,
    files: Files,
    to: NewFolder,
    licence: Licence = None,
    config: PublicConfig = None,
    trained_on: TrainedOn = None,
) -> None:
    """Convert a public checkpoint to Voxloom's format. Pickled code in it is never executed.

    docs/CHECKPOINTS.md describes the files of each format and their licences.

    [dim]Examples:[/dim]

      voxloom checkpoints import hifigan LJ_V1/generator_v1 --licence MIT --to models/hifigan-lj

      voxloom checkpoints import vocos pytorch_model.bin --config config.yaml --licence MIT \\
          --trained-on LibriTTS --to models/vocos-24k
    """
    from models.checkpoint import save_checkpoint
    from models.importers import import_files

    check_new_folder(to)
    imported = import_files(format_name, files, config)
    licence = (licence or "").strip() or _ask_licence()
    info = imported.info(licence, trained_on or [f"imported from {format_name}"])
    save_checkpoint(to, imported.model, info)
    for note in imported.notes:
        tell(f"note: {note}")
    parameters = sum(value.numel() for value in imported.model.parameters())
    tell(f"{to}: {info.kind}, {parameters:,} parameters, {info.licence}")


@checkpoints_app.command(cls=ManyValues)
def ship(
    checkpoint: Annotated[Path, typer.Argument(help="A run's checkpoint, such as RUN/best.")],
    name: Annotated[str, typer.Argument(help="Its name in models/pretrained.")],
    speakers: Annotated[
        list[str] | None, typer.Option(help="Keep only these speakers. Default: all.")
    ] = None,
    featured: Annotated[list[str] | None, typer.Option(help="Default speakers of builds.")] = None,
) -> None:
    """Copy a checkpoint to models/pretrained, in half precision.

    [dim]Example:[/dim]  voxloom checkpoints ship runs/fastspeech2/best mine --speakers a b
    """
    from models.checkpoint import PRETRAINED
    from models.training.ship import ship as write

    if name in ("", ".", "..") or Path(name).name != name:
        raise ConfigError(f"NAME: {name!r}: a name is needed, without folders, as my-voice")
    write(checkpoint, PRETRAINED / name, speakers or [], featured or [])
    tell(f"checkpoint  {PRETRAINED / name}")


def check_new_folder(folder: Path) -> None:
    """Raise `ConfigError` for what `--to` may not write into: a file, a folder with files."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise ConfigError(f"--to {folder}: exists already; name a new folder")


def _ask_licence() -> str:
    """The licence as typed; `ConfigError` where nobody is there to type."""
    licence = ""
    if sys.stdin.isatty():
        licence = str(typer.prompt("Licence of these weights (as CC-BY-4.0, or the project's)"))
    if not licence.strip():
        raise ConfigError(
            "--licence: missing; name that of the weights, as --licence CC-BY-4.0 "
            "(docs/CHECKPOINTS.md says where to look)"
        )
    return licence
