"""`voxloom train`: run a training recipe."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import tell
from flows.cli.options import Overrides
from models.errors import TrainingError


def train(
    config: Annotated[Path, typer.Argument(help="The training config (YAML).")],
    overrides: Overrides = None,
) -> None:
    """Train a model. If interrupted, the same command resumes from the last checkpoint.

    [dim]Examples:[/dim]

      voxloom train configs/train/recognizer.yaml

      voxloom train configs/train/fastspeech2.yaml --set corpus.root=~/LJSpeech-1.1
        --set 'corpus.folders=[]'
    """
    try:
        from models.training.run import train as run

        checkpoint = run(str(config), overrides or [])
    except ModuleNotFoundError as error:
        if error.name not in ("accelerate", "tensorboard"):
            raise
        message = f"training needs {error.name}: pip install -e '.[train]'"
        raise TrainingError(message) from None
    tell(f"checkpoint  {checkpoint}")
