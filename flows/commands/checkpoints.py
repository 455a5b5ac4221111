"""`voxloom checkpoints`: what is in the trained models, and how public ones become ours."""

import sys
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from models.checkpoint import (
    CheckpointInfo,
    checkpoint_digest,
    find_checkpoint,
    list_checkpoints,
    load_checkpoint,
    read_info,
    save_checkpoint,
)
from models.config import as_mapping
from models.errors import CheckpointError, ConfigError
from models.importers import import_files
from models.revision import git_revision

console = Console(highlight=False)


def list_command() -> None:
    """A table of the shipped checkpoints."""
    folders = list_checkpoints()
    if not folders:
        raise CheckpointError("models/pretrained: no checkpoints; fetch them or `voxloom train`")
    table = Table("name", "kind", "speakers", "step", "size", "licence", "files", box=None)
    for folder in folders:
        table.add_row(folder.name, *describe(str(folder)))
    console.print(table)


def describe(name: str) -> tuple[str, str, str, str, str, str]:
    """Kind, number of speakers, step, size, licence, and whether the files are intact."""
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


def show_command(name: str) -> None:
    """Everything `checkpoint.yaml` says, and the number of parameters."""
    import yaml

    info = read_info(name)
    parameters = sum(value.numel() for value in load_checkpoint(name).model.parameters())
    shown = {"folder": str(find_checkpoint(name)), "parameters": parameters} | as_mapping(info)
    shown["symbols"] = " ".join(info.symbols)
    text = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, width=console.width)
    console.print(text, markup=False, soft_wrap=True)


@dataclass(frozen=True)
class ImportOptions:
    """What the files do not say: their config, the weights' licence and training data."""

    config: Path | None
    licence: str | None
    trained_on: tuple[str, ...]


def import_command(
    format_name: str, files: list[Path], folder: Path, options: ImportOptions
) -> None:
    """Write a public checkpoint as one of ours to `folder`, which must be new or empty."""
    check_new_folder(folder)
    imported = import_files(format_name, files, options.config)
    info = CheckpointInfo(
        kind=imported.kind,
        config=as_mapping(imported.config),
        mel=imported.mel,
        symbols=imported.symbols,
        speakers=imported.speakers,
        alphabet=imported.alphabet,
        step=imported.step,
        licence=(options.licence or "").strip() or _ask_licence(),
        trained_on=options.trained_on or (f"imported from {format_name}",),
        revision=git_revision(),
    )
    save_checkpoint(folder, imported.model, info)
    for note in imported.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    parameters = sum(value.numel() for value in imported.model.parameters())
    console.print(
        f"{folder}: {info.kind}, {parameters:,} parameters, {info.licence}",
        markup=False,
        soft_wrap=True,
    )


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
