import copy

import pytest
import torch
from torch import Tensor, nn

from models.training.muon import Muon, orthogonal
from models.training.optimizers import OptimizerConfig, make_optimizer

RATE = 0.01


class _Small(nn.Module):
    """One parameter of each sort that Muon tells apart."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(20, 8)
        self.narrow = nn.Linear(8, 24)
        self.kernel = nn.Conv1d(24, 4, 3)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.narrow(self.table(ids)).relu()  # (B, L, 24)
        found: Tensor = self.kernel(x.transpose(1, 2))
        return found


def _optimizer(module: nn.Module, weight_decay: float = 0.0) -> Muon:
    config = OptimizerConfig(RATE, kind="muon", weight_decay=weight_decay)
    made = make_optimizer(module, config)
    assert isinstance(made, Muon)
    return made


def _learn(module: nn.Module, optimizer: torch.optim.Optimizer, steps: int) -> list[float]:
    losses = []
    for step in range(steps):
        ids = torch.randint(20, (4, 10), generator=torch.Generator().manual_seed(step))
        loss = (module(ids) - ids[:, None, 1:-1] / 10).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


@pytest.mark.parametrize("shape", [(12, 40), (12, 24), (1, 5)])
def test_all_directions_become_about_as_long(shape: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(1)
    matrix = torch.randn(shape, generator=generator) * torch.logspace(0, 1, shape[0])[:, None]
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    found = orthogonal(matrix)
    lengths = torch.linalg.svdvals(found)
    assert float(lengths.min()) > 0.6
    assert float(lengths.max()) < 1.3
    turned = left.T @ found @ right.T  # its singular vectors are those of the matrix
    assert torch.allclose(turned, torch.diag(turned.diagonal()), atol=1e-3)


def test_a_matrix_of_zeros_stays() -> None:
    assert torch.equal(orthogonal(torch.zeros(3, 4)), torch.zeros(3, 4))


def test_matrices_and_kernels_step_as_far_as_with_adamw() -> None:
    torch.manual_seed(0)
    module = _Small()
    before = copy.deepcopy(module)
    _learn(module, _optimizer(module), 1)
    for name in ("narrow", "kernel"):
        step = (getattr(module, name).weight - getattr(before, name).weight).detach()
        assert float(step.square().mean().sqrt()) == pytest.approx(0.2 * RATE, rel=0.3)
        wide = step if step.ndim == 2 else step.flatten(1)
        lengths = torch.linalg.svdvals(wide)
        assert float(lengths.max() / lengths.min()) < 2


def test_a_kernel_of_fewer_inputs_than_outputs_is_a_matrix_of_its_inputs() -> None:
    torch.manual_seed(0)
    kernel = nn.Conv1d(4, 24, 3)
    before = kernel.weight.detach().clone()
    optimizer = _optimizer(kernel)
    kernel(torch.randn(2, 4, 9)).square().mean().backward()
    optimizer.step()
    step = (kernel.weight.detach() - before).transpose(0, 1).flatten(1)
    lengths = torch.linalg.svdvals(step)
    assert float(lengths.max() / lengths.min()) < 2


def test_embeddings_and_vectors_are_left_to_adamw() -> None:
    torch.manual_seed(0)
    ours, theirs = _Small(), _Small()
    theirs.load_state_dict(ours.state_dict())
    _learn(ours, _optimizer(ours), 1)
    adamw = OptimizerConfig(RATE, kind="adamw", weight_decay=0.0)
    _learn(theirs, make_optimizer(theirs, adamw), 1)
    for name in ("table.weight", "narrow.bias", "kernel.bias"):
        assert torch.equal(ours.get_parameter(name), theirs.get_parameter(name)), name
    assert not torch.equal(ours.narrow.weight, theirs.narrow.weight)


def test_matrices_decay() -> None:
    torch.manual_seed(0)
    module = nn.Linear(4, 6, bias=False)
    before = module.weight.detach().clone()
    optimizer = _optimizer(module, weight_decay=0.5)
    module.weight.grad = torch.zeros_like(module.weight)
    optimizer.step()
    assert torch.allclose(module.weight, before * (1 - RATE * 0.5))


def test_a_resumed_run_is_as_one_that_never_stopped() -> None:
    torch.manual_seed(0)
    whole = _Small()
    parted = copy.deepcopy(whole)
    straight = _learn(whole, _optimizer(whole), 8)
    _learn(parted, first := _optimizer(parted), 4)
    second = _optimizer(parted)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for step in range(4, 8):
        ids = torch.randint(20, (4, 10), generator=torch.Generator().manual_seed(step))
        loss = (parted(ids) - ids[:, None, 1:-1] / 10).square().mean()
        second.zero_grad()
        loss.backward()
        second.step()
        assert float(loss.detach()) == pytest.approx(straight[step], rel=1e-5)


def test_it_goes_downhill() -> None:
    torch.manual_seed(0)
    module = _Small()
    losses = _learn(module, _optimizer(module), 40)
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])


def test_steps_follow_momentum_with_a_look_ahead() -> None:
    weight = nn.Parameter(torch.zeros(3, 8))
    optimizer = Muon([{"params": [weight], "orthogonal": True}], lr=RATE, weight_decay=0.0)
    generator = torch.Generator().manual_seed(2)
    first, second = torch.randn(2, 3, 8, generator=generator)
    for gradient in (first, second):
        weight.grad = gradient.clone()
        optimizer.step()
    momentum = 0.95 * 0.05 * first + 0.05 * second
    steps = orthogonal(first) + orthogonal(0.05 * second + 0.95 * momentum)
    assert torch.allclose(weight, -RATE * 0.2 * 8**0.5 * steps, atol=1e-6)
