"""Bounds a model's size by its weights, before it is built: configs are not trusted."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from torch.nn.modules.module import (
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)

from models.errors import CheckpointError

_LEAST = 100_000  # what a number of a config may always be: rates, sizes of windows
# Modules without weights, and weights that are only there while a model is built.
_MORE_MODULES, _MORE_TENSORS, _MORE_NUMBERS = 20, 4, 4


class WeightsSize(NamedTuple):
    """What a file of weights holds: tensors, and the numbers in all of them."""

    tensors: int
    numbers: int


def size_of(path: Path) -> WeightsSize:
    """By the header of a .safetensors file. Raises `CheckpointError` naming one that has none."""
    try:
        with safe_open(path, "pt") as file:
            shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot be read as safetensors ({error})") from None
    return WeightsSize(len(shapes), sum(map(prod, shapes)))


def check_numbers(config: Mapping[str, Any], size: WeightsSize, where: str) -> None:
    """Raise `CheckpointError` naming a whole number beyond all that the weights could hold."""
    most = max(size.numbers, _LEAST)
    for key, value in config.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        for item in values:
            if isinstance(item, Mapping):
                check_numbers(item, size, f"{where}.{key}")
            elif isinstance(item, int) and abs(item) > most:
                raise CheckpointError(
                    f"{where}.{key}: {item} is more than the {size.numbers:,} numbers that "
                    "model.safetensors holds"
                )


@contextmanager
def built_no_larger(size: WeightsSize, where: str) -> Iterator[None]:
    """Raise `CheckpointError` while this thread builds a model that outgrows its weights."""
    thread, found = threading.get_ident(), {"modules": 0, "tensors": 0, "numbers": 0}
    most = {
        "modules": 1000 + _MORE_MODULES * size.tensors,
        "tensors": 1000 + _MORE_TENSORS * size.tensors,
        "numbers": 1_000_000 + _MORE_NUMBERS * size.numbers,
    }

    def count(**more: int) -> None:
        if threading.get_ident() != thread:
            return
        for kind, number in more.items():
            found[kind] += number
            if found[kind] > most[kind]:
                raise CheckpointError(
                    f"{where}: makes a model of more {kind} than model.safetensors could fill "
                    f"({size.tensors:,} tensors, {size.numbers:,} numbers)"
                )

    hooks = (
        register_module_module_registration_hook(lambda *_: count(modules=1)),
        register_module_parameter_registration_hook(
            lambda module, name, weight: count(
                tensors=1, numbers=0 if weight is None else weight.numel()
            )
        ),
    )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
