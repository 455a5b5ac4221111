"""The loop for models that learn from targets: recognizer and acoustic models."""

from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from models.losses import weighted_sum
from models.training.session import Batch, LoopConfig, Session


class SupervisedTask(Protocol):
    """What a recipe brings to the loop."""

    @property
    def model(self) -> nn.Module:
        """What is trained."""

    @property
    def loss_weights(self) -> dict[str, float]:
        """A weight for each of the losses, by name."""

    def batch(self, step: int) -> Batch:
        """The batch of a step: the same for the same step, always."""

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        """Scalar losses by name."""

    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """Metrics on held-out clips, the decisive one first, lower is better."""

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        """Write the model as a checkpoint."""


def train_supervised(task: SupervisedTask, config: LoopConfig, folder: Path) -> Path:
    """Run until `config.steps`; returns the folder of the best checkpoint."""
    session = Session(folder, config, {"model": task.model}, main="model")
    model = session.modules["model"]
    for batch in session.batches(task.batch):
        model.train()
        with session.autocast():
            losses = task.losses(model, batch)
        session.update("model", weighted_sum(losses, task.loss_weights))
        session.log(losses)
        if session.is_main and session.is_due(config.evaluate_every):
            metrics = task.evaluate(session.shipped, session.board, session.step)
            task.export(session.shipped, folder / "last", session.step + 1, metrics)
            if session.record(metrics):
                task.export(session.shipped, folder / "best", session.step + 1, metrics)
        if session.is_due(config.save_every):
            session.save()
    session.close()
    return folder / "best"
