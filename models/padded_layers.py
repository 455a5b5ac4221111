"""Layers over time as kernels like them: few lengths, and convolutions as matrix products.

oneDNN compiles a kernel for every shape that it meets, which takes longer than the kernel does, and
sentences all have lengths of their own. So x (B, T, K) of a linear layer and (B, K, T) of a
convolution are padded with zeros, as the convolution does itself, to a multiple of `_STEP`.

On a CPU products are oneDNN's in float32, too: PyTorch asks MKL, which on processors of AMD does
half of what they can.
"""

import functools
from typing import TypeGuard, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

M = TypeVar("M", bound=nn.Module)
_LEAST_CHANNELS = 32  # of a layer that is worth it
_STEP = 16  # of the lengths that a layer is given
_LONGEST_PRODUCT = 4_096  # a longer input of a convolution is not copied once a tap


@functools.cache
def has_products() -> bool:
    """Whether this PyTorch has oneDNN's products in float32."""
    has_op = hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return torch.backends.mkldnn.is_available() and has_op


def with_padded_layers(model: M, dtype: torch.dtype) -> M:
    """`model` itself, its large layers replaced; for use alone. Depthwise convolutions stay in
    their precision, the others compute in `dtype`.
    """
    for name, layer in model.named_children():
        replaced = _padded(layer, dtype) if _is_large(layer) else with_padded_layers(layer, dtype)
        setattr(model, name, replaced)
    return model


def _is_large(layer: nn.Module) -> TypeGuard[nn.Linear | nn.Conv1d]:
    if isinstance(layer, nn.Linear):
        return min(layer.in_features, layer.out_features) >= _LEAST_CHANNELS
    return (
        isinstance(layer, nn.Conv1d)
        and layer.groups in (1, layer.in_channels)
        and layer.padding_mode == "zeros"
        and min(layer.in_channels, layer.out_channels) >= _LEAST_CHANNELS
    )


def _padded(layer: nn.Linear | nn.Conv1d, dtype: torch.dtype) -> nn.Module:
    if isinstance(layer, nn.Linear):
        return _PaddedLinear(layer.to(dtype))
    if layer.groups > 1:
        return _PaddedConvolution(layer)
    return (_ConvolutionAsProduct if layer.stride[0] == 1 else _PaddedConvolution)(layer.to(dtype))


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x (B, T, K) and a weight (O, K) to (B, T, O)."""
    if x.dtype == torch.float32 and x.device.type == "cpu" and has_products():
        made: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
        return made
    return functional.linear(x, weight, bias)


def _padded_to_step(x: Tensor, dim: int, dtype: torch.dtype) -> Tensor:
    """`x` in `dtype` with zeros behind it, up to a multiple of `_STEP` along `dim`."""
    missing = -x.shape[dim] % _STEP
    if not missing and x.dtype == dtype:
        return x.contiguous()
    shape = list(x.shape)
    shape[dim] += missing
    padded = x.new_zeros(shape, dtype=dtype)
    padded.narrow(dim, 0, x.shape[dim]).copy_(x)
    return padded


class _PaddedLinear(nn.Module):
    """A linear layer of (B, T, K)."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.layer.weight, self.layer.bias
        if x.dim() < 3:
            return functional.linear(x.to(weight.dtype), weight, bias).to(x.dtype)
        made = _product(_padded_to_step(x, 1, weight.dtype), weight, bias)
        return made.narrow(1, 0, x.shape[1]).to(x.dtype)


class _PaddedConvolution(nn.Module):
    """A convolution of (B, K, T)."""

    def __init__(self, layer: nn.Conv1d) -> None:
        super().__init__()
        assert not isinstance(layer.padding, str)
        self.layer = layer
        self.kernel, self.stride = layer.kernel_size[0], layer.stride[0]
        self.dilation, self.before = layer.dilation[0], layer.padding[0]

    def _length(self, length: int) -> int:
        """Of what is made of an input of this length."""
        reach = self.dilation * (self.kernel - 1) - 2 * self.before
        return (length - 1 - reach) // self.stride + 1

    def forward(self, x: Tensor) -> Tensor:
        dtype = self.layer.weight.dtype
        if x.dim() < 3:
            unbatched: Tensor = self.layer(x.to(dtype))
            return unbatched.to(x.dtype)
        made: Tensor = self.layer(_padded_to_step(x, 2, dtype))
        return made.narrow(2, 0, self._length(x.shape[2])).to(x.dtype)


class _ConvolutionAsProduct(_PaddedConvolution):
    """A convolution of stride 1 that is one matrix product on a CPU, which is faster there: its
    weights (O, k K) are not laid out anew for every call.
    """

    weight: Tensor

    def __init__(self, layer: nn.Conv1d) -> None:
        super().__init__(layer)
        laid_out = layer.weight.detach().permute(0, 2, 1)  # (O, K, k) -> (O, k, K)
        self.register_buffer("weight", laid_out.flatten(1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() < 3 or x.device.type != "cpu" or x.shape[2] > _LONGEST_PRODUCT:
            return super().forward(x)
        batch, channels, length = x.shape
        kept = self._length(length)
        rows = kept + -kept % _STEP
        padded = x.new_zeros(
            (batch, rows + self.dilation * (self.kernel - 1), channels), dtype=self.weight.dtype
        )
        padded.narrow(1, self.before, length).copy_(x.transpose(1, 2))  # (B, K, T) -> (B, T, K)
        strides = (padded.stride(0), channels, self.dilation * channels, 1)
        seen = padded.as_strided((batch, rows, self.kernel, channels), strides)  # by every output
        made = _product(seen.flatten(2), self.weight, self.layer.bias)
        return made.narrow(1, 0, kept).transpose(1, 2).to(x.dtype)  # (B, T, O) -> (B, O, T)
