"""The loop for models that learn from targets: recognizer and acoustic models."""

from pathlib import Path
from typing import Protocol

from torch import Tensor, nn

from models.losses import weighted_sum
from models.training.optimizers import OptimizerConfig
from models.training.session import Batch, LoopConfig, Session, Trained, alone_in


class SupervisedTask(Trained, Protocol):
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


def train_supervised(
    task: SupervisedTask, config: LoopConfig, optimizer: OptimizerConfig, folder: Path
) -> Path:
    """Run until `config.steps`; returns the folder of the best checkpoint.

    Raises `DataError` where another process trains in `folder`, and `TrainingError` as `Session`.
    """
    modules, optimizers = {"model": task.model}, {"model": optimizer}
    with alone_in(folder):
        session = Session(folder, config, modules, optimizers, "model", identity=task.identity)
        model = session.modules["model"]
        for batch in session.batches(task.batch):
            model.train()
            with session.autocast():
                losses = task.losses(model, batch)
            session.update("model", weighted_sum(losses, task.loss_weights))
            session.log(losses)
            session.finish_step(task)
        session.close()
    return folder / "best"
