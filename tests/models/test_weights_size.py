"""A config that asks for more than its weights can fill ends before a model is built."""

from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from models.errors import CheckpointError
from models.weights_size import WeightsSize, built_no_larger, check_numbers, size_of

SMALL = WeightsSize(tensors=2, numbers=200_000)


def test_a_file_is_measured_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(2, 3), "b": torch.zeros(5)}, path)
    assert size_of(path) == WeightsSize(tensors=2, numbers=11)
    path.write_bytes(b"no header")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: cannot be read"):
        size_of(path)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"dim": 200_001}, "config.dim"),
        ({"block": {"layers": -(10**9)}}, "config.block.layers"),
        ({"kernels": [3, 10**9]}, "config.kernels"),
        ({"blocks": [{"dim": 10**9}]}, "config.blocks.dim"),
    ],
)
def test_a_number_beyond_the_weights_is_named(config: dict, key: str) -> None:
    with pytest.raises(CheckpointError, match=rf"^{key}: -?\d+ is more than the 200,000 numbers"):
        check_numbers(config, SMALL, "config")
    check_numbers({"dim": 200_000, "rate": 1e9, "name": "a"}, SMALL, "config")


def _bounded() -> AbstractContextManager[None]:
    return built_no_larger(SMALL, "mine")


def test_building_ends_where_the_model_outgrows_its_weights() -> None:
    with _bounded():
        nn.Linear(100, 100)
    too_large = "mine: makes a model of more {} than"
    with pytest.raises(CheckpointError, match=too_large.format("numbers")), _bounded():
        nn.Linear(2000, 1000)
    with pytest.raises(CheckpointError, match=too_large.format("modules")), _bounded():
        nn.ModuleList(nn.Identity() for _ in range(1100))
    nn.Linear(2000, 1000)  # the bound is gone with the block
