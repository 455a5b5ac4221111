"""Speaker vectors from outside: one a speaker, by name, in a file.

Any speaker encoder's will do (d-vectors, x-vectors, ECAPA); the model looks at their direction.
V numbers a vector.
"""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.config import resolve_path
from models.errors import ConfigError, DataError
from models.json_files import parse_json

SUFFIXES = (".npz", ".safetensors", ".json")


def read_speaker_vectors(path: Path) -> dict[str, np.ndarray]:
    """Vectors (V,) float32 by speaker, all of one size.

    `.npz` and `.safetensors` hold an array a name, `.json` a list of numbers a name. Raises
    `DataError` naming the file and the speaker.
    """
    path = resolve_path(path)
    found = {name: _vector(value, name, path) for name, value in _read(path).items()}
    if not found:
        raise DataError(f"{path}: holds no vectors")
    first, *others = found
    for name in others:
        if found[name].shape != found[first].shape:
            sizes = f"{len(found[first])} numbers for {first}, {len(found[name])} for {name}"
            raise DataError(f"{path}: vectors of two sizes: {sizes}")
    return found


def stack_vectors(
    vectors: Mapping[str, np.ndarray], names: Sequence[str], size: int, path: Path
) -> Tensor:
    """The vectors of `names` as rows (len(names), size) of length 1, so that all weigh the same in
    mixes and averages.

    Raises `ConfigError` for a speaker without a vector, and for vectors of another size.
    """
    missing = [name for name in names if name not in vectors]
    if missing:
        raise ConfigError(
            f"{path}: has no vector for {', '.join(missing[:10])}; it has "
            f"{', '.join(list(vectors)[:10])}"
        )
    found = len(next(iter(vectors.values())))
    if found != size:
        raise ConfigError(f"{path}: vectors of {found} numbers; speaker_vector_dim is {size}")
    rows = np.stack([vectors[name] for name in names]).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return torch.from_numpy(rows.astype(np.float32))


def _read(path: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        if path.suffix == ".json":
            return dict(parse_json(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, zipfile.BadZipFile, SafetensorError) as error:
        raise DataError(f"{path}: cannot be read as speaker vectors ({error})") from None
    raise DataError(f"{path}: {path.suffix or 'no suffix'}; allowed are {', '.join(SUFFIXES)}")


def _vector(value: Any, name: str, path: Path) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):  # what float32 does not hold is told as not finite
            vector = np.asarray(value, dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise DataError(f"{path}: {name}: expected numbers") from None
    if vector.ndim != 1 or not np.isfinite(vector).all() or not vector.any():
        raise DataError(
            f"{path}: {name}: expected a list of finite numbers that are not all 0, "
            f"found shape {vector.shape}"
        )
    return vector
