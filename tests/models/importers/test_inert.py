"""Foreign pickles are read without running what they ask for."""

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from models.importers.inert import read_inert

WEIGHTS = OrderedDict(
    line=torch.arange(6.0).reshape(2, 3).T,  # not contiguous
    half=torch.ones(2, dtype=torch.float16),
    steps=torch.tensor([1, 2, 3]),
    nothing=torch.empty(0, 4),
    learned=torch.nn.Parameter(torch.ones(2)),
)


class Settings:
    """Stands for the class of a trainer that is not installed here."""

    def __init__(self) -> None:
        self.rate, self.bias = 0.1, torch.full((2,), 3.0)


class Shell:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


@pytest.fixture(params=[True, False], ids=["archive", "stream"])
def is_archive(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def _saved(value: object, path: Path, is_archive: bool) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=is_archive)
    return path


def test_tensors_are_those_that_torch_saved(tmp_path: Path, is_archive: bool) -> None:
    found = read_inert(_saved({"model": WEIGHTS, "step": 7}, tmp_path / "a.pt", is_archive))
    assert found.value["step"] == 7
    assert found.classes == ()
    for name, tensor in WEIGHTS.items():
        assert torch.equal(found.value["model"][name], tensor)
        assert found.value["model"][name].dtype == tensor.dtype


def test_foreign_objects_are_their_fields(tmp_path: Path, is_archive: bool) -> None:
    found = read_inert(_saved({"hparams": Settings()}, tmp_path / "a.pt", is_archive))
    assert found.value["hparams"]["rate"] == 0.1
    assert torch.equal(found.value["hparams"]["bias"], torch.full((2,), 3.0))
    assert found.classes == (f"{__name__}.Settings",)


def test_nothing_is_run(tmp_path: Path, is_archive: bool) -> None:
    trace = tmp_path / "was-here"
    command = f"touch {trace}"
    path = _saved({"model": WEIGHTS, "boom": Shell(command)}, tmp_path / "a.pt", is_archive)
    found = read_inert(path)
    assert found.classes == (f"{os.system.__module__}.system",)
    assert not trace.exists()
    pickle.loads(pickle.dumps(Shell(command)))  # what an unpickler that trusts would do
    assert trace.exists()


def test_another_pickle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(pickle.dumps({"model": 1}))
    with pytest.raises(pickle.UnpicklingError, match=r"torch\.save did not write this"):
        read_inert(tmp_path / "a.pt")
