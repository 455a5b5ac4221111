import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from models.errors import ConfigError, DataError
from models.speakers.vectors import read_speaker_vectors, stack_vectors

VECTORS = {"anna": np.array([1.0, 2.0], np.float32), "vctk-p225": np.array([0.5, 0.0], np.float32)}


def _write(path: Path) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **{name: vector.astype(np.float64) for name, vector in VECTORS.items()})
    elif path.suffix == ".safetensors":
        save_file(VECTORS, path)
    else:
        path.write_text(json.dumps({name: v.tolist() for name, v in VECTORS.items()}))
    return path


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".json"])
def test_every_form_reads_the_same(tmp_path: Path, suffix: str) -> None:
    found = read_speaker_vectors(_write(tmp_path / f"v{suffix}"))
    assert {name: vector.tolist() for name, vector in found.items()} == {
        name: vector.tolist() for name, vector in VECTORS.items()
    }
    assert all(vector.dtype == np.float32 for vector in found.values())


@pytest.mark.parametrize("name", ["v.npz", "v.safetensors", "v.json", "v.pt", "v"])
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no vectors")
    with pytest.raises(DataError, match=name):
        read_speaker_vectors(tmp_path / name)


def test_nothing_pickled_is_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", anna=np.array([{}], dtype=object))
    with pytest.raises(DataError, match="cannot be read as speaker vectors"):
        read_speaker_vectors(tmp_path / "v.npz")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "holds no vectors"),
        ({"anna": [1, 2], "ben": [1]}, "two sizes: 2 numbers for anna, 1 for ben"),
        ({"anna": [[1, 2]]}, r"anna: expected a list of finite numbers .* found shape \(1, 2\)"),
        ({"anna": [0, 0]}, "anna: expected a list of finite numbers that are not all 0"),
        ({"anna": [1, float("nan")]}, "anna: expected a list of finite numbers"),
        ({"anna": ["x"]}, "anna: expected numbers"),
        ({"anna": [10**400]}, "anna: expected numbers"),
        ({"anna": [1e300]}, "anna: expected a list of finite numbers"),
    ],
)
def test_what_is_wrong_with_a_vector_is_said(
    tmp_path: Path, content: dict[str, object], message: str
) -> None:
    path = tmp_path / "v.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=rf"v\.json: .*{message}"):
        read_speaker_vectors(path)


def test_rows_are_in_the_order_of_the_speakers_and_of_length_1() -> None:
    vectors = VECTORS | {"tiny": np.array([0.0, -1e-40], np.float32)}
    rows = stack_vectors(vectors, ("vctk-p225", "tiny", "anna"), 2, Path("v.npz"))
    expected = torch.tensor([[1.0, 0.0], [0.0, -1.0], [0.2**0.5, 0.8**0.5]])
    torch.testing.assert_close(rows, expected)


def test_missing_speakers_and_other_sizes_are_named() -> None:
    with pytest.raises(ConfigError, match=r"v\.npz: has no vector for ben, carl; it has anna"):
        stack_vectors(VECTORS, ("anna", "ben", "carl"), 2, Path("v.npz"))
    with pytest.raises(ConfigError, match="vectors of 2 numbers; speaker_vector_dim is 256"):
        stack_vectors(VECTORS, ("anna",), 256, Path("v.npz"))
