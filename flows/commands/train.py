"""`voxloom train`: hand a config to the training recipes."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

console = Console(highlight=False)


def train_command(config: Path, overrides: Sequence[str]) -> None:
    """Train until the run is done and print where the checkpoint lies.

    Raises `TrainingError` naming the extra when the training libraries are not installed.
    """
    from models.errors import TrainingError

    try:
        from models.training.run import train

        checkpoint = train(str(config), list(overrides))
    except ModuleNotFoundError as error:
        if error.name not in ("accelerate", "tensorboard"):
            raise
        message = f"training needs {error.name}: pip install -e '.[train]'"
        raise TrainingError(message) from None
    console.print(f"checkpoint  {checkpoint}", soft_wrap=True)
