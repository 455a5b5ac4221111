"""Which precision a network computes in: bfloat16 where this processor has it and is faster so."""

import contextlib
import copy
import functools
import time
from typing import Any, Literal, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn import functional

from models.padded_layers import has_products, with_padded_layers

Precision = Literal["bf16", "no"]
Asked = Literal["fp32", "bf16", "auto"]  # of a model that is used, not trained
M = TypeVar("M", bound=nn.Module)
_ROUNDS = 3


@functools.cache
def fastest_precision(device: str) -> tuple[Precision, str]:
    """The precision for a device type, `cpu` or `cuda`, and the reason in a phrase.

    Measured once a process, in a few tenths of a second.
    """
    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return "bf16", "this GPU computes in it"
        return "no", "this GPU has no bf16"
    if not supports_bf16():
        return "no", "this processor has no bf16 kernels for an LSTM and attention"
    share = _convolution_s(bf16=True) / _convolution_s(bf16=False)
    # Emulated, bf16 takes two to three times as long; in hardware about half as long.
    reason = f"a convolution in bf16 takes {share:.2f} of its float32 time on this processor"
    return ("bf16" if share < 1 else "no"), reason


@functools.cache
def supports_bf16() -> bool:
    """Whether an LSTM and attention run under bf16 autocast on the CPU: where PyTorch's kernels are
    of less than AVX-512, the first raises, or the second beside AMX.
    """
    query = torch.zeros(1, 1, 64, 64, dtype=torch.bfloat16)
    try:
        with torch.random.fork_rng([]), torch.autocast("cpu", torch.bfloat16):
            nn.LSTM(4, 4)(torch.zeros(2, 1, 4))
            functional.scaled_dot_product_attention(query, query, query)
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
    """A copy of `model` for use alone, its matrix products and dense convolutions laid out for
    the fastest kernels, and for bf16 take and make bfloat16; everything between them stays float32.
    The same copy again, as long as there is the model, which is not to be changed. In fp32 both
    have the same tensors.

    For fp32 on a GPU it is the model itself.
    """
    dtype = torch.bfloat16 if precision == "bf16" else torch.float32
    if dtype == torch.float32 and (not has_products() or _is_on_gpu(model)):
        return model
    copies = _copies_of.setdefault(model, {})
    if dtype not in copies:
        tensors = (*model.parameters(), *model.buffers())
        kept = {id(tensor): tensor for tensor in tensors} if dtype == torch.float32 else {}
        copies[dtype] = with_padded_layers(copy.deepcopy(model, kept), dtype)
    found: M = copies[dtype]
    return found


_copies_of: WeakKeyDictionary[nn.Module, dict[torch.dtype, Any]] = WeakKeyDictionary()


def _is_on_gpu(model: nn.Module) -> bool:
    return any(tensor.device.type != "cpu" for tensor in model.parameters())


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
