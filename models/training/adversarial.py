"""The loop of a generator against discriminators, after a warm-up without them."""

from pathlib import Path
from typing import NamedTuple, Protocol

from torch import Tensor, nn

from models.losses import weighted_sum
from models.training.optimizers import OptimizerConfig
from models.training.session import Batch, LoopConfig, Session, Trained, alone_in
from models.vocoders.discriminators import (
    AdversaryConfig,
    Verdict,
    discriminator_loss,
    feature_loss,
    generator_loss,
)


class Generated(NamedTuple):
    """What a generator made of a batch, and its losses before the adversarial ones."""

    fake: Tensor | None  # waveforms (B, S), or windows of mels; None: not to be judged
    losses: dict[str, Tensor]
    real: Tensor | None = None  # the same of recordings; None: the batch's `wave`


class AdversarialTask(Trained, Protocol):
    """What a recipe brings to the loop. A vocoder's batch holds `mel` (B, n_mels, T) and `wave`
    (B, S).
    """

    @property
    def model(self) -> nn.Module:
        """The generator."""

    @property
    def discriminators(self) -> nn.Module:
        """Its discriminators: waveforms (B, S), or windows of mels, to a list of `Verdict`."""

    @property
    def discriminators_from_step(self) -> int:
        """The step from which the adversarial losses count."""

    @property
    def adversary(self) -> AdversaryConfig:
        """How verdicts become losses."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps after which every clip has been drawn once, on average."""

    @property
    def reverse_labels_every(self) -> int:
        """One epoch in so many takes real for generated and generated for real; 0: none."""

    @property
    def loss_weights(self) -> dict[str, float]:
        """A weight for each loss: those of `generate`, `adversarial` and `feature`."""

    def batch(self, step: int) -> Batch:
        """The batch of a step: the same for the same step, always."""

    def generate(self, generator: nn.Module, batch: Batch, with_discriminators: bool) -> Generated:
        """What discriminators are to judge of a batch, if they are, and losses by name."""


def train_adversarial(
    task: AdversarialTask,
    config: LoopConfig,
    optimizers: dict[str, OptimizerConfig],
    folder: Path,
) -> Path:
    """Run until `config.steps`; returns the folder of the best checkpoint.

    `optimizers` are those of `generator` and `discriminators`. Raises as `train_supervised` does.
    """
    modules = {"generator": task.model, "discriminators": task.discriminators}
    with alone_in(folder):
        session = Session(
            folder, config, modules, optimizers, "generator", task.steps_per_epoch, task.identity
        )
        for batch in session.batches(task.batch):
            if session.step == task.discriminators_from_step:
                session.restart_pace()
            losses = _step(task, session, batch)
            session.log(losses)
            session.finish_step(task)
        session.close()
    return folder / "best"


def _step(task: AdversarialTask, session: Session, batch: Batch) -> dict[str, Tensor]:
    generator, discriminators = session.modules["generator"], session.modules["discriminators"]
    with_discriminators = session.step >= task.discriminators_from_step
    generator.train()
    with session.autocast():
        fake, losses, real = task.generate(generator, batch, with_discriminators)
    if fake is None:
        weights = {name: task.loss_weights[name] for name in losses}
        session.update("generator", weighted_sum(losses, weights))
        return losses
    real = batch["wave"] if real is None else real
    with session.autocast():
        judged = _judged(discriminators(real), discriminators(fake.detach()), task, session.step)
    session.update("discriminators", judged)
    # The generator's pass must not move its judges, nor wake the machinery that shares
    # their gradients among GPUs: they are frozen, and taken without their wrapper.
    frozen = session.raw["discriminators"].requires_grad_(False)
    with session.autocast():
        real_verdicts, fake_verdicts = frozen(real), frozen(fake)
    losses["adversarial"] = generator_loss(fake_verdicts, task.adversary)
    losses["feature"] = feature_loss(real_verdicts, fake_verdicts, task.adversary)
    session.update("generator", weighted_sum(losses, task.loss_weights))
    frozen.requires_grad_(True)
    return losses | {"discriminators": judged}


def _judged(real: list[Verdict], fake: list[Verdict], task: AdversarialTask, step: int) -> Tensor:
    if labels_are_reversed(step, task.steps_per_epoch, task.reverse_labels_every):
        real, fake = fake, real
    return discriminator_loss(real, fake, task.adversary)


def labels_are_reversed(step: int, steps_per_epoch: int, every: int) -> bool:
    """Whether a step lies in the last epoch of every `every`: a remedy against mode collapse.

    Reversed labels make saturated discriminators less confident, so that the generator gets
    gradients again. `every` 0 never reverses.
    """
    return every > 0 and step // steps_per_epoch % every == every - 1
