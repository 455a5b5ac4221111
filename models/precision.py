"""Which precision a network computes in: bfloat16 where this processor has it and is faster so."""

import contextlib
import copy
import functools
import time
from typing import Any, Literal, TypeGuard, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn import functional

Precision = Literal["bf16", "no"]
Asked = Literal["fp32", "bf16", "auto"]  # of a model that is used, not trained
M = TypeVar("M", bound=nn.Module)
_ROUNDS = 3
_LEAST_CHANNELS = 32  # of a layer that is worth it
_STEP = 16  # of the lengths that a layer is given


@functools.cache
def fastest_precision(device: str) -> tuple[Precision, str]:
    """The precision for a device type, `cpu` or `cuda`, and the reason in a phrase.

    Measured once a process, in a few tenths of a second.
    """
    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16", "this GPU computes in it"
        return "no", "this GPU has no bf16"
    if not supports_bf16_lstm():
        return "no", "this processor has no bf16 kernels for an LSTM"
    share = _convolution_s(bf16=True) / _convolution_s(bf16=False)
    # Emulated, bf16 takes two to three times as long; in hardware about half as long.
    reason = f"a convolution in bf16 takes {share:.2f} of its float32 time on this processor"
    return ("bf16" if share < 1 else "no"), reason


@functools.cache
def supports_bf16_lstm() -> bool:
    """Whether an LSTM runs under bf16 autocast on the CPU: below AVX-512 it raises."""
    try:
        with torch.random.fork_rng([]), torch.autocast("cpu", torch.bfloat16):
            nn.LSTM(4, 4)(torch.zeros(2, 1, 4))
    except RuntimeError:
        return False
    return True


def fastest_autocast(device: str) -> contextlib.AbstractContextManager[None]:
    """Autocast to `fastest_precision` of a device type."""
    wanted = fastest_precision(device)[0] == "bf16"
    context: contextlib.AbstractContextManager[None] = torch.autocast(
        device, torch.bfloat16, enabled=wanted
    )
    return context


def resolve_precision(asked: Asked, device: str) -> Literal["fp32", "bf16"]:
    """What is asked for; of `auto`, bf16 where it is faster on a device type (`cpu`, `cuda`)."""
    if asked == "auto":
        return "bf16" if fastest_precision(device)[0] == "bf16" else "fp32"
    return asked


def in_precision(model: M, precision: Asked) -> M:
    """`model` itself, or for bf16 a copy whose matrix products and dense convolutions take and make
    bfloat16; everything between them stays float32. The same copy again, as long as there is the
    model, which is not to be changed.
    """
    if precision != "bf16":
        return model
    copied = _in_bf16_of.get(model)
    if copied is None:
        copied = _in_bf16_of.setdefault(model, _in_bf16(copy.deepcopy(model)))
    found: M = copied
    return found


_in_bf16_of: WeakKeyDictionary[nn.Module, Any] = WeakKeyDictionary()


class _InBf16(nn.Module):
    """A layer over time that computes in bfloat16, for a network in float32.

    oneDNN compiles a kernel for every shape that it meets, which takes longer than the kernel does,
    and sentences all have lengths of their own. So x (B, T, K) of a linear layer and (B, K, T) of a
    convolution are padded with zeros, as the convolution does itself, to a multiple of `_STEP`.
    """

    def __init__(self, layer: nn.Linear | nn.Conv1d) -> None:
        super().__init__()
        self.layer = layer.to(torch.bfloat16)
        self.stride = layer.stride[0] if isinstance(layer, nn.Conv1d) else 1
        self.reach = 0  # how much shorter a convolution makes what it is given
        if isinstance(layer, nn.Conv1d):
            assert not isinstance(layer.padding, str)
            self.reach = layer.dilation[0] * (layer.kernel_size[0] - 1) - 2 * layer.padding[0]
        self.time = 2 if isinstance(layer, nn.Conv1d) else 1

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() < 3:
            made: torch.Tensor = self.layer(x.to(torch.bfloat16))
            return made.to(x.dtype)
        length = x.shape[self.time]
        shape = list(x.shape)
        shape[self.time] += -length % _STEP
        padded = x.new_zeros(shape, dtype=torch.bfloat16)
        padded.narrow(self.time, 0, length).copy_(x)
        made = self.layer(padded)
        kept = (length - 1 - self.reach) // self.stride + 1
        return made.narrow(self.time, 0, kept).to(x.dtype)


class _ProductInBf16(_InBf16):
    """A convolution of stride 1 that is one matrix product on a CPU, which is faster there: its
    weights (O, k K) are not laid out anew for every call.
    """

    weight: torch.Tensor

    def __init__(self, layer: nn.Conv1d) -> None:
        super().__init__(layer)
        assert not isinstance(layer.padding, str)
        self.kernel, self.dilation = layer.kernel_size[0], layer.dilation[0]
        self.before = layer.padding[0]
        laid_out = self.layer.weight.detach().permute(0, 2, 1)  # (O, K, k) -> (O, k, K)
        self.register_buffer("weight", laid_out.flatten(1), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() < 3 or x.device.type != "cpu":
            return super().forward(x)
        batch, channels, length = x.shape
        kept = length - self.reach
        rows = kept + -kept % _STEP
        padded = x.new_zeros(
            (batch, rows + self.dilation * (self.kernel - 1), channels), dtype=torch.bfloat16
        )
        padded.narrow(1, self.before, length).copy_(x.transpose(1, 2))  # (B, K, T) -> (B, T, K)
        strides = (padded.stride(0), channels, self.dilation * channels, 1)
        seen = padded.as_strided((batch, rows, self.kernel, channels), strides)  # by every output
        made = functional.linear(seen.flatten(2).contiguous(), self.weight, self.layer.bias)
        return made.narrow(1, 0, kept).transpose(1, 2).to(x.dtype)  # (B, T, O) -> (B, O, T)


def _layer_in_bf16(layer: nn.Linear | nn.Conv1d) -> _InBf16:
    if isinstance(layer, nn.Conv1d) and layer.stride[0] == 1:
        return _ProductInBf16(layer)
    return _InBf16(layer)


def _in_bf16(model: M) -> M:
    for name, layer in model.named_children():
        setattr(model, name, _layer_in_bf16(layer) if _is_large(layer) else _in_bf16(layer))
    return model


def _is_large(layer: nn.Module) -> TypeGuard[nn.Linear | nn.Conv1d]:
    if isinstance(layer, nn.Linear):
        return min(layer.in_features, layer.out_features) >= _LEAST_CHANNELS
    return isinstance(layer, nn.Conv1d) and (
        layer.groups == 1 and min(layer.in_channels, layer.out_channels) >= _LEAST_CHANNELS
    )


def _convolution_s(bf16: bool) -> float:
    """Least CPU seconds of a convolution's step forward and back, after one that warms up."""
    seconds = []
    with torch.inference_mode(False), torch.enable_grad():
        x, weight = torch.ones(2, 128, 256), torch.ones(128, 128, 7, requires_grad=True)
        for _ in range(1 + _ROUNDS):
            started = time.process_time()
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                y = functional.conv1d(x, weight)
            y.float().sum().backward()
            seconds.append(time.process_time() - started)
    return min(seconds[1:])
