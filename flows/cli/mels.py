"""`voxloom mels`: an acoustic model's mels of recordings, to fine-tune a vocoder on."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import tell
from flows.cli.options import Device, writable_folder
from models.errors import ConfigError

if TYPE_CHECKING:
    from models.training.corpus import CorpusConfig

Corpus = Annotated[
    Path, typer.Option(help="A corpus folder, or the training config (YAML) that names it.")
]
Folders = Annotated[
    list[str] | None,
    typer.Option(help="Folders of the corpus. Default: all that the config names."),
]


def mels(
    checkpoint: Annotated[str, typer.Argument(help="An acoustic model's name or folder.")],
    corpus: Corpus,
    to: Annotated[Path, typer.Option(help="The folder to write.", callback=writable_folder)],
    folders: Folders = None,
    recognizer: Annotated[
        str, typer.Option(help="The recognizer checkpoint for forced alignment.")
    ] = "recognizer",
    cache: Annotated[
        Path, typer.Option(help="Where features are kept.", callback=writable_folder)
    ] = Path("runs/cache"),
    device: Device = "cpu",
) -> None:
    """Write an acoustic model's mels of recordings, to fine-tune a vocoder on.

    The mels have the recordings' durations: by phone, or by frame (teacher forcing).

    [dim]Examples:[/dim]

      voxloom mels fastspeech2 --corpus configs/train/hifigan.yaml --to runs/mels

      voxloom mels runs/fastspeech2/best --corpus ../corpora --folders lj vctk --to runs/mels
    """
    from models.checkpoint import check_role, load_checkpoint
    from models.training.features import prepare_features
    from models.training.mels import Aligner, check_target, write_teacher_mels

    check_role(checkpoint, "acoustic", "CHECKPOINT")
    check_target(to)
    config = corpus_config(corpus, folders or [])
    acoustic = load_checkpoint(checkpoint, device)
    features = prepare_features(config, acoustic.mel, cache, tell)
    write_teacher_mels(acoustic, features, to, Aligner(recognizer, cache), tell)
    tell(f"mels  {to}\nfine-tune a vocoder on them with --set teacher_mels={to}")
    tell(f"the harmonic one, which takes several folders: --set 'teacher_mels=[{to}]'")


def corpus_config(
    corpus: Path, folders: Sequence[str] = (), overrides: Sequence[str] = ()
) -> "CorpusConfig":
    """A corpus by its folder, or by the training config that names it, with `overrides` over it."""
    from models.config import build, read_overridden, resolve_path
    from models.training.corpus import CorpusConfig

    corpus = resolve_path(corpus)
    if not corpus.is_file():
        return CorpusConfig(root=corpus, folders=tuple(folders))
    section = read_overridden(corpus, overrides).get("corpus")
    if not isinstance(section, dict):
        raise ConfigError(f"{corpus}: corpus: missing; --corpus takes a folder or such a config")
    if folders:
        section = section | {"folders": list(folders)}
    return build(CorpusConfig, section, where=f"{corpus}: corpus")
