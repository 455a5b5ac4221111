"""What the public code computes from given weights and inputs, and how ours is compared with it.

Each folder holds `inputs.safetensors`, `outputs.safetensors` and often `weights.safetensors`
with the public names, beside the public config. No size is known here: all come from there.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from flows.cli.app import main
from models.checkpoint import Checkpoint, load_checkpoint

TOLERANCE = 1e-4
_CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Vectors:
    folder: Path  # with the public config files
    weights: dict[str, Tensor]  # empty where there are none
    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]


def vectors(name: str) -> Vectors:
    """The vectors in folder `name`; the test is skipped, with the reason, without them."""
    root = Path(os.environ.get("VOXLOOM_PARITY_DIR", "../shared/parity"))
    folder = (root if root.is_absolute() else _CHECKOUT / root) / name
    if not (folder / "outputs.safetensors").is_file():
        pytest.skip(f"no vectors in {folder}; VOXLOOM_PARITY_DIR names the folder above it")
    weights = folder / "weights.safetensors"
    return Vectors(
        folder,
        load_file(weights) if weights.is_file() else {},
        load_file(folder / "inputs.safetensors"),
        load_file(folder / "outputs.safetensors"),
    )


def imported(
    tmp_path: Path,
    format_name: str,
    content: Mapping[str, Any],
    *options: str,
    suffix: str = ".pt",
) -> Checkpoint:
    """Write `content` as the public project's file, import it as the user does, and load that.

    `options` are more arguments of `voxloom checkpoints import`, as "--config", FILE.
    """
    file, folder = tmp_path / f"public{suffix}", tmp_path / f"ours{suffix.replace('.', '-')}"
    write(file, content)
    asked = ["checkpoints", "import", format_name, str(file), *options]
    with pytest.raises(SystemExit) as ended:
        main([*asked, "--licence", "CC0-1.0", "--to", str(folder)])
    assert ended.value.code in (0, None)
    return load_checkpoint(folder)


def write(file: Path, content: Mapping[str, Any]) -> None:
    """`content` as `torch.save` writes it, or flat with dotted names as safetensors."""
    if file.suffix == ".safetensors":
        save_file(flat(content), file)
    else:
        torch.save(dict(content), file)


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Tensor]:
    """The tensors of nested mappings under dotted names."""
    found: dict[str, Tensor] = {}
    for name, value in content.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        elif isinstance(value, Tensor):
            found[prefix + name] = value.contiguous()
    return found


def assert_agrees(name: str, ours: Tensor, theirs: Tensor) -> None:
    """Floats within the tolerance, everything else equal; shapes always equal."""
    assert ours.shape == theirs.shape, f"{name}: {tuple(ours.shape)}, not {tuple(theirs.shape)}"
    if theirs.is_floating_point():
        torch.testing.assert_close(
            ours.to(theirs.dtype),
            theirs,
            atol=TOLERANCE,
            rtol=TOLERANCE,
            msg=lambda m: f"{name}: {m}",
        )
    else:
        assert torch.equal(ours.to(theirs.dtype), theirs), name
