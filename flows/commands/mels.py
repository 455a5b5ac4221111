"""`voxloom mels`: what an acoustic model makes of recordings, to fine-tune a vocoder on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from models.checkpoint import check_role, load_checkpoint
from models.config import build, read_yaml
from models.errors import ConfigError
from models.training.corpus import CorpusConfig

console = Console(highlight=False)


@dataclass(frozen=True)
class MelsOptions:
    """What aligns the corpus, where features are kept, and the device of the acoustic model."""

    recognizer: str
    cache: Path
    device: str


def mels_command(
    checkpoint: str, corpus: Path, folders: Sequence[str], to: Path, options: MelsOptions
) -> None:
    """Write the mels and print where they lie, and how they are used."""
    from models.training.features import prepare_features
    from models.training.mels import Aligner, check_target, write_teacher_mels

    check_role(checkpoint, "acoustic", "CHECKPOINT")
    check_target(to)
    config = corpus_config(corpus, folders)
    acoustic = load_checkpoint(checkpoint, options.device)
    features = prepare_features(config, acoustic.mel, options.cache, _print)
    aligner = Aligner(options.recognizer, options.cache)
    write_teacher_mels(acoustic, features, to, aligner, _print)
    _print(f"mels  {to}")
    _print(f"fine-tune a vocoder on them with --set teacher_mels={to}")


def corpus_config(corpus: Path, folders: Sequence[str]) -> CorpusConfig:
    """A corpus by its folder, or by the training config that names it."""
    if not corpus.is_file():
        return CorpusConfig(root=corpus, folders=tuple(folders))
    section = read_yaml(corpus).get("corpus")
    if not isinstance(section, dict):
        raise ConfigError(f"{corpus}: corpus: missing; --corpus takes a folder or such a config")
    if folders:
        section = section | {"folders": list(folders)}
    return build(CorpusConfig, section, where=f"{corpus}: corpus")


def _print(message: str) -> None:
    console.print(message, markup=False, soft_wrap=True)
