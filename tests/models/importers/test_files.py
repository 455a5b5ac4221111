import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from models.errors import CheckpointError
from models.importers.files import ForeignFile, fill, only, read_weights, tensors_at
from tests.foreign_settings import HParams, pickled_as_public

PATH = Path("public.pt")


class Trap:
    """Unpickled without care, it writes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


def _save(content: Any, path: Path, archive: bool) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=archive)
    return path


@pytest.mark.parametrize("archive", [True, False])
def test_settings_of_a_foreign_class_are_read_as_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archive: bool
) -> None:
    pickled_as_public(monkeypatch)
    base = torch.arange(12.0).view(3, 4)
    tier = {
        "whole": base,
        "column": base[:, 1],  # a view into the same storage
        "half": torch.ones(2, dtype=torch.float16),
        "count": torch.tensor(7),
        "empty": torch.zeros(0, 3),
        "parameter": nn.Parameter(torch.tensor([1.5])),
    }
    content = {"tier": tier, "hp": HParams(name="x", deep=HParams(size=2)), "list": [1, (2, 3)]}
    found = read_weights(_save(content, tmp_path / "tier.pt", archive)).content
    assert found["hp"] == {"name": "x", "deep": {"size": 2}}
    for name, tensor in tier.items():
        assert found["tier"][name].dtype == tensor.dtype
        assert torch.equal(found["tier"][name], tensor)


@pytest.mark.parametrize("archive", [True, False])
def test_nothing_in_a_pickle_is_executed(tmp_path: Path, archive: bool) -> None:
    content = {"a": torch.ones(2), "trap": Trap(tmp_path / "sprung")}
    path = _save(content, tmp_path / "trap.pt", archive)
    with pytest.raises(
        CheckpointError, match=r"asks for posix\.system; nothing of it was executed"
    ):
        read_weights(path)
    assert not (tmp_path / "sprung").exists()


def _text(path: Path) -> None:
    path.write_text("epoch 3\n")


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("holiday.txt", "sun")


def _cut_short(path: Path) -> None:
    _save({"a": torch.ones(99)}, path, archive=True)
    path.write_bytes(path.read_bytes()[:700])


def _cut_short_stream(path: Path) -> None:
    _save({"a": torch.ones(99)}, path, archive=False)
    path.write_bytes(path.read_bytes()[:-100])


def _numbers(path: Path) -> None:
    _save([1, 2], path, archive=True)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".npy", ".h5", ""])
@pytest.mark.parametrize(
    "write", [_text, _nothing, _archive, _cut_short, _cut_short_stream, _numbers]
)
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, write: Any, suffix: str) -> None:
    path = tmp_path / f"file{suffix}"
    write(path)
    with pytest.raises(CheckpointError) as caught:
        read_weights(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pt", tmp_path):
        with pytest.raises(CheckpointError, match=f"{path}: no such file"):
            read_weights(path)


def test_statistics_are_two_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "stats.npy", np.array([[1.0, 2.0], [3.0, 4.0]]))
    found = read_weights(tmp_path / "stats.npy").content
    assert found["mean"].tolist() == [1.0, 2.0]
    assert found["scale"].tolist() == [3.0, 4.0]
    np.save(tmp_path / "stats.npy", np.array([[1.0, 2.0], [3.0, 0.0]]))
    with pytest.raises(CheckpointError, match="a scale above 0"):
        read_weights(tmp_path / "stats.npy")


@pytest.mark.parametrize(
    "content",
    [
        {"model": {"generator": {"a": torch.ones(1)}, "discriminator": {"b": torch.ones(1)}}},
        {"generator": {"a": torch.ones(1)}, "steps": 3},
        {"model.generator.a": torch.ones(1), "model.discriminator.b": torch.ones(1)},
        {"a": torch.ones(1), "steps": 3},
        {"generator": {"module.a": torch.ones(1)}},
    ],
)
def test_tensors_are_found_at_any_depth(content: dict[str, Any]) -> None:
    file = ForeignFile(PATH, content)
    assert list(tensors_at(file, "model.generator", "generator")) == ["a"]


def test_a_file_without_the_place_says_what_it_holds() -> None:
    file = ForeignFile(PATH, {"mpd": {"a": torch.ones(1)}, "msd": {}, "steps": 3})
    with pytest.raises(CheckpointError, match="no tensors at generator; the file holds mpd, msd"):
        tensors_at(file, "generator")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.eye(2).to_sparse(), "a is sparse or quantized"),
        (torch.tensor([1.0, float("nan")]), "a is not finite"),
    ],
)
def test_tensors_are_plain_numbers(value: torch.Tensor, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        tensors_at(ForeignFile(PATH, {"a": value}))


def test_one_file_is_asked_for() -> None:
    file = ForeignFile(PATH, {})
    assert only([file]) is file
    with pytest.raises(CheckpointError, match=r"public\.pt, public\.pt: .* has one file"):
        only([file, file])


NAMES = {"weight": "conv.weight", "bias": "conv.bias"}


@pytest.mark.parametrize(
    ("magnitude", "direction"),
    [
        ("weight_g", "weight_v"),
        ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ],
)
@pytest.mark.parametrize("kind", [nn.Conv1d, nn.ConvTranspose1d, nn.Linear])
def test_weight_norm_is_fused(kind: type[nn.Module], magnitude: str, direction: str) -> None:
    ours = kind(3, 4, *([5] if kind is not nn.Linear else []))
    shape = ours.state_dict()["weight"].shape
    g, v = torch.randn(shape[0], *[1] * (len(shape) - 1)), torch.randn(shape)
    weights = {
        f"conv.{magnitude}": g,
        f"conv.{direction}": v,
        "conv.bias": torch.ones_like(ours.state_dict()["bias"]),
    }
    fill(ours, weights, NAMES, PATH)
    torch.testing.assert_close(ours.state_dict()["weight"], torch._weight_norm(v, g, 0))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"conv.weight_g": None}, "conv.weight_g missing"),
        ({"conv.bias": None}, "conv.bias missing"),
        ({"conv.scale": torch.ones(1)}, "conv.scale not expected"),
        (
            {"conv.weight_v": torch.ones(4, 3, 7)},
            r"conv.weight_v has shape \(4, 3, 7\), expected \(4, 3, 5\)",
        ),
        ({"conv.weight_g": torch.ones(4)}, r"conv.weight_g has shape \(4,\), expected \(4, 1, 1\)"),
    ],
)
def test_what_does_not_fit_is_named(changed: dict[str, Any], message: str) -> None:
    weights = {
        "other.weight_g": torch.ones(1, 1, 1),
        "conv.weight_g": torch.ones(4, 1, 1),
        "conv.weight_v": torch.ones(4, 3, 5),
        "conv.bias": torch.ones(4),
    } | changed
    weights = {name: value for name, value in weights.items() if value is not None}
    with pytest.raises(CheckpointError, match=f"public.pt: does not fit: .*{message}"):
        fill(nn.Conv1d(3, 4, 5), weights, NAMES, PATH, ignored=("other.",))


def test_what_becomes_infinite_is_named() -> None:
    weights = {"weight_g": torch.ones(4, 1, 1), "weight_v": torch.ones(4, 3, 5)}
    weights["weight_v"][1] = 0.0
    named = {f"conv.{name}": value for name, value in weights.items()} | {
        "conv.bias": torch.ones(4)
    }
    with pytest.raises(CheckpointError, match=r"conv\.weight is not finite as torch\.float32"):
        fill(nn.Conv1d(3, 4, 5), named, NAMES, PATH)
    named["conv.weight_v"] = torch.ones(4, 3, 5)
    named["conv.bias"] = torch.full((4,), 1e300, dtype=torch.float64)
    with pytest.raises(CheckpointError, match=r"conv\.bias is not finite as torch\.float32"):
        fill(nn.Conv1d(3, 4, 5), named, NAMES, PATH)


def test_the_first_few_of_each_kind_are_named() -> None:
    ours = nn.Sequential(*(nn.Linear(2, 2) for _ in range(5)))
    names = {name: f"net.{name}" for name in ours.state_dict()}
    weights = {f"other.{index}": torch.ones(1) for index in range(4)} | {
        "net.4.bias": torch.ones(3)
    }
    with pytest.raises(CheckpointError) as caught:
        fill(ours, weights, names, PATH)
    assert str(caught.value) == (
        "public.pt: does not fit: net.0.weight missing; net.0.bias missing; net.1.weight missing; "
        "6 more like this; net.4.bias has shape (3,), expected (2,); other.0 not expected; "
        "other.1 not expected; other.2 not expected; 1 more like this"
    )


def test_half_precision_becomes_float32() -> None:
    ours = nn.Linear(2, 2)
    weights = {"conv.weight": torch.ones(2, 2).half(), "conv.bias": torch.ones(2).bfloat16()}
    fill(ours, weights, NAMES, PATH)
    assert {value.dtype for value in ours.state_dict().values()} == {torch.float32}
