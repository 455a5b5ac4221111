"""The mean and scale of a corpus's mels, as ParallelWaveGAN keeps them beside its checkpoints."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.errors import CheckpointError

SUFFIXES = (".h5", ".npy")


def read_statistics(path: Path) -> dict[str, Tensor]:
    """`mean` and `scale` (n_mels,) of `stats.h5`, or of the two rows of `stats.npy`.

    Raises `CheckpointError` naming the file.
    """
    read = _read_h5 if path.suffix == ".h5" else _read_npy
    try:
        mean, scale = (np.asarray(row, dtype=np.float32).reshape(-1) for row in read(path))
    except ModuleNotFoundError:
        raise CheckpointError(
            f"{path}: reading it needs h5py (pip install h5py), or save its mean and scale as the "
            "two rows of stats.npy"
        ) from None
    except Exception as error:  # a damaged file can fail anywhere in its reader
        raise CheckpointError(
            f"{path}: no mean and scale in it, or damaged ({type(error).__name__})"
        ) from None
    if mean.shape != scale.shape or not (scale > 0).all():
        raise CheckpointError(f"{path}: needs a mean and a scale above 0 for every mel band")
    return {"mean": torch.from_numpy(mean), "scale": torch.from_numpy(scale)}


def _read_npy(path: Path) -> tuple[np.ndarray, np.ndarray]:
    rows = np.load(path, allow_pickle=False)
    return rows[0], rows[1]


def _read_h5(path: Path) -> tuple[np.ndarray, np.ndarray]:
    import h5py

    with h5py.File(path) as file:
        return file["mean"][()], file["scale"][()]
