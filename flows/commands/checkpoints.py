"""`voxloom checkpoints`: what is in the trained models."""

from rich.console import Console
from rich.table import Table

from models.checkpoint import (
    checkpoint_digest,
    find_checkpoint,
    list_checkpoints,
    load_checkpoint,
    read_info,
)
from models.config import as_mapping
from models.errors import CheckpointError

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
