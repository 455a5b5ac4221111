"""Muon: steps for matrices whose every direction is as long as any other (Jordan et al. 2024,
https://kellerjordan.github.io/posts/muon).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import AdamW

_MOMENTUM = 0.95
_ROUNDS = 5
_LIKE_ADAM = 0.2  # root mean square of AdamW's steps (Liu et al. 2025, section 2.2)


class Muon(AdamW):
    """Muon for the groups with `orthogonal: True`, AdamW for all others.

    A matrix moves along the orthogonal matrix next to its momentum, as far as AdamW would move it
    (Liu et al. 2025, arXiv 2502.16982, equation 4), so that both share a learning rate. The kernel
    of a convolution is a matrix of its outputs or inputs, whichever are fewer, against all else.
    """

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of all groups."""
        groups = self.param_groups
        self.param_groups = [group for group in groups if not group["orthogonal"]]
        try:
            loss = super().step(closure)
        finally:
            self.param_groups = groups
        for group in groups:
            if group["orthogonal"]:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        rates = group["lr"], group["weight_decay"]
                        self._step_matrix(parameter, parameter.grad, *rates)
        return loss

    def _step_matrix(self, parameter: Tensor, gradient: Tensor, rate: float, decay: float) -> None:
        state = self.state[parameter]
        if not state:  # with a count, which AdamW looks for in whatever it resumes
            state |= {"step": torch.zeros(()), "momentum": torch.zeros_like(parameter)}
        state["step"] += 1
        momentum = state["momentum"].lerp_(gradient, 1 - _MOMENTUM)
        ahead = gradient.lerp(momentum, _MOMENTUM)  # Nesterov's
        axis = 0 if parameter.shape[0] <= parameter.shape[1] else 1
        wide = ahead.transpose(0, axis)
        step = orthogonal(wide.flatten(1)).view(wide.shape).transpose(0, axis)
        length = _LIKE_ADAM * max(wide.shape[0], wide[0].numel()) ** 0.5
        parameter.mul_(1 - rate * decay).add_(step, alpha=-rate * length)


def orthogonal(matrix: Tensor) -> Tensor:
    """A matrix (m, n), m at most n, with its singular values brought to 0.7 to 1.2: five rounds of
    Jordan's odd polynomial of Newton and Schulz's kind, X <- (a + b G + c G G) X with G = X X^T. As
    all of them are of the same G, they are worked out in (m, m).
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix.float()
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    product = identity = torch.eye(len(x), device=x.device)
    for _ in range(_ROUNDS):
        factor = a * identity + b * gram + c * gram @ gram
        gram = factor @ gram @ factor
        product = factor @ product
    return (product @ x).to(matrix.dtype)
