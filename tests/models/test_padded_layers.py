"""What layers are given changes in length and layout, what they make does not."""

import copy

import pytest
import torch
from torch import nn

from models import padded_layers
from models.padded_layers import with_padded_layers

LAYERS = [
    nn.Linear(32, 48),
    nn.Linear(32, 48, bias=False),
    nn.Conv1d(32, 48, 1),
    nn.Conv1d(32, 48, 5, padding=2),
    nn.Conv1d(32, 48, 3, padding=4, dilation=4),
    nn.Conv1d(32, 48, 7, padding=3, stride=2),
    nn.Conv1d(32, 48, 3),
    nn.Conv1d(32, 32, 7, padding=3, groups=32),
]


def _padded(layer: nn.Module, dtype: torch.dtype) -> nn.Module:
    return with_padded_layers(nn.Sequential(copy.deepcopy(layer)), dtype)


def _input(layer: nn.Module, length: int) -> torch.Tensor:
    x = torch.randn(2, length, 32, generator=torch.Generator().manual_seed(0))
    return x if isinstance(layer, nn.Linear) else x.transpose(1, 2)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("length", [5, 16, 17, 31, 48])
@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-4), (torch.bfloat16, 0.03)])
def test_kernels_see_few_lengths(
    layer: nn.Module, length: int, dtype: torch.dtype, error: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What pads a layer's input changes nothing of what it makes."""
    seen: list[int] = []
    product = padded_layers._product

    def seeing(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        seen.append(x.shape[1])
        return product(x, weight, bias)

    monkeypatch.setattr(padded_layers, "_product", seeing)
    x, found = _input(layer, length), _padded(layer, dtype)
    if isinstance(layer, nn.Conv1d) and (layer.stride[0] > 1 or layer.groups > 1):
        found[0].layer.register_forward_pre_hook(lambda _, given: seen.append(given[0].shape[2]))
    made, wanted = found(x), layer(x)
    assert made.shape == wanted.shape
    assert seen
    assert not any(num_frames % 16 for num_frames in seen)
    torch.testing.assert_close(made, wanted, atol=error, rtol=error)


def test_a_long_input_of_a_convolution_is_not_copied_once_a_tap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = nn.Conv1d(32, 48, 11, padding=5)
    wanted = layer(x := _input(layer, 5_000))
    monkeypatch.setattr(padded_layers, "_product", None)
    torch.testing.assert_close(_padded(layer, torch.float32)(x), wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    "layer",
    [nn.Conv1d(32, 48, 3, padding=1, padding_mode="reflect"), nn.Conv1d(32, 64, 3, groups=8)],
)
def test_other_convolutions_stay(layer: nn.Module) -> None:
    model = nn.Sequential(layer)
    assert with_padded_layers(model, torch.float32)[0] is layer


def test_one_row_alone_is_the_row_in_company() -> None:
    layer = nn.Sequential(nn.Conv1d(64, 192, 5, padding=2), nn.Conv1d(192, 64, 1))
    found = with_padded_layers(layer, torch.float32)
    x = torch.randn(4, 64, 48)
    torch.testing.assert_close(found(x)[:1], found(x[:1]), atol=1e-5, rtol=1e-5)
