"""Foreign files of weights: read without running anything in them, and fitted to our models."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from models.errors import CheckpointError
from models.importers.inert import read_inert
from models.importers.statistics import SUFFIXES, read_statistics

# Classes that public checkpoints carry beside their tensors; a file with others is refused.
_CARRIED_ALONG = frozenset(
    {
        "src.utils.hparams.HParams",  # MelNet-SpeechGeneration
        "attrdict.dictionary.AttrDict",
        "argparse.Namespace",
        "pathlib.Path",
        "pathlib.PosixPath",
        "collections.defaultdict",
        "builtins.dict",
        "builtins.list",
        "builtins.tuple",
        "torch.device",
        "numpy.dtype",
        "numpy.core.multiarray.scalar",
        "numpy._core.multiarray.scalar",
        "_codecs.encode",
    }
)

# (suffix of the magnitude, suffix of the direction) of a weight-normed `weight`.
_WEIGHT_NORM_NAMES = (
    ("weight_g", "weight_v"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
)


@dataclass(frozen=True, slots=True, eq=False)
class ForeignFile:
    """A file of weights as it is nested: names to tensors, numbers or further mappings."""

    path: Path
    content: Mapping[str, Any]


def read_weights(path: Path) -> ForeignFile:
    """Read a .safetensors file, or anything `torch.save` wrote, as data alone; or statistics.

    Raises `CheckpointError`: no such file, not a checkpoint, or a pickle that asks for unknown
    classes or functions; it names them, and none of them has been run.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file")
    content = _read(path)
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path}: holds a {type(content).__name__}, not named tensors")
    return ForeignFile(path, content)


def only(files: Sequence[ForeignFile]) -> ForeignFile:
    """The file of a format that has one."""
    if len(files) != 1:
        given = ", ".join(str(file.path) for file in files) or "none"
        raise CheckpointError(f"{given}: this format has one file of weights")
    return files[0]


def tensors_at(file: ForeignFile, *locations: str) -> dict[str, Tensor]:
    """The named tensors at the first of `locations` (dotted, as "model.generator") that exists.

    In a flat file a place is a prefix of the names. If no place exists, the tensors at the
    top. The `module.` that DataParallel puts before every name is taken off.
    """
    for location in locations:
        found = _descend(file.content, location)
        if found:
            return _checked(found, file.path)
    found = _tensors(file.content)
    if not found:
        held = ", ".join(str(name) for name in list(file.content)[:6]) or "nothing"
        expected = f" at {' or '.join(locations)}" if locations else ""
        raise CheckpointError(f"{file.path}: no tensors{expected}; the file holds {held}")
    return _checked(found, file.path)


def tensor_with_axes(
    weights: Mapping[str, Tensor], name: str, num_axes: int, where: Path | str
) -> Tensor:
    """The weight `name`, whose sizes tell what the config does not."""
    if name not in weights:
        raise_unless_empty(where, [f"{name} missing"])
    shape = tuple(weights[name].shape)
    if len(shape) != num_axes or 0 in shape:
        raise_unless_empty(where, [f"{name} has shape {shape}, expected {num_axes} axes"])
    return weights[name]


def fill(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    names: Mapping[str, str],
    where: Path | str,
    ignored: Sequence[str] = (),
) -> None:
    """Load foreign `weights` into `model`; `names` gives the foreign name of each of ours.

    Ours that are not in `names` keep their value. A weight that is weight-normed there (old
    or new form) is fused: w = g v / |v|. Foreign names beginning with one of `ignored` may be
    left over. Raises `CheckpointError` naming the first missing, extra and misshapen keys.
    """
    normed = next((pair for pair in _WEIGHT_NORM_NAMES if _uses(weights, names, pair)), None)
    state: dict[str, Tensor] = {}
    used: set[str] = set()
    missing: list[str] = []
    misshapen: list[str] = []
    infinite: list[str] = []
    for ours, expected in model.state_dict().items():
        if ours not in names:
            continue
        parts = _parts_of(names[ours], weights, normed)
        used.update(parts)
        absent = [f"{name} missing" for name in parts if name not in weights]
        other = [] if absent else _misshapen(parts, weights, expected.shape)
        missing += absent
        misshapen += other
        if not absent and not other:
            state[ours] = _fused([weights[name] for name in parts]).to(expected.dtype)
            if not state[ours].isfinite().all():  # |v| of 0, or more than float32 holds
                infinite.append(f"{names[ours]} is not finite as {expected.dtype}")
    extra = [
        f"{name} not expected"
        for name in weights
        if name not in used and not name.startswith(tuple(ignored))
    ]
    raise_unless_empty(where, missing, misshapen, extra, infinite)
    model.load_state_dict(state, strict=False)


def raise_unless_empty(where: Path | str, *kinds: Sequence[str]) -> None:
    """`CheckpointError` with the first few of each kind of problem ("NAME missing") of a file."""
    named = [problem for problems in kinds for problem in _first(problems)]
    if named:
        raise CheckpointError(f"{where}: does not fit: {'; '.join(named)}")


def _first(problems: Sequence[str], count: int = 3) -> list[str]:
    more = [f"{len(problems) - count} more like this"] if len(problems) > count else []
    return [*problems[:count], *more]


def _descend(content: Mapping[str, Any], location: str) -> dict[str, Tensor]:
    inner: Any = content
    for key in location.split("."):
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    if isinstance(inner, Mapping):
        return _tensors(inner)
    prefix = f"{location}."
    return {
        name.removeprefix(prefix): value
        for name, value in _tensors(content).items()
        if name.startswith(prefix)
    }


def _tensors(content: Mapping[str, Any]) -> dict[str, Tensor]:
    return {
        name: value
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }


def _checked(weights: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Plain numbers only, and without the `module.` before every name."""
    problems = []
    for name, value in weights.items():
        if value.layout != torch.strided or value.is_quantized or value.is_meta:
            problems.append(f"{name} is sparse or quantized")
        elif not value.isfinite().all():
            problems.append(f"{name} is not finite")
    raise_unless_empty(path, problems)
    if all(name.startswith("module.") for name in weights):
        return {name.removeprefix("module."): value for name, value in weights.items()}
    return weights


def _uses(weights: Mapping[str, Tensor], names: Mapping[str, str], pair: tuple[str, str]) -> bool:
    return any(
        name.removesuffix("weight") + part in weights for name in names.values() for part in pair
    )


def _parts_of(
    name: str, weights: Mapping[str, Tensor], normed: tuple[str, str] | None
) -> tuple[str, ...]:
    """The foreign tensors that make up `name`: itself, or magnitude and direction."""
    if normed is None or name in weights or not name.endswith("weight"):
        return (name,)
    stem = name.removesuffix("weight")
    return stem + normed[0], stem + normed[1]


def _misshapen(
    parts: Sequence[str], weights: Mapping[str, Tensor], shape: Sequence[int]
) -> list[str]:
    shapes = [tuple(shape)]
    if len(parts) == 2:
        shapes = [(shape[0], *[1] * (len(shape) - 1)), tuple(shape)]
    return [
        f"{name} has shape {tuple(weights[name].shape)}, expected {expected}"
        for name, expected in zip(parts, shapes, strict=True)
        if tuple(weights[name].shape) != expected
    ]


def _fused(parts: Sequence[Tensor]) -> Tensor:
    """A plain weight, or g v / |v| with the norm over all axes but the first."""
    if len(parts) == 1:
        return parts[0]
    magnitude, direction = (part.float() for part in parts)
    norm = direction.flatten(1).norm(dim=1).view_as(magnitude)
    return magnitude * direction / norm


def _read(path: Path) -> Any:
    if path.suffix in SUFFIXES:
        return read_statistics(path)
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)


def _read_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot be read as safetensors ({error})") from None


def _read_pickle(path: Path) -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):  # of pickle protocols
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged stream can fail anywhere in the unpickler
        reason = type(error).__name__
    try:
        contents = read_inert(path)
    except Exception:
        raise CheckpointError(
            f"{path}: not a checkpoint that torch.save wrote, or damaged ({reason})"
        ) from None
    unknown = [name for name in contents.classes if name not in _CARRIED_ALONG]
    if unknown:
        raise CheckpointError(
            f"{path}: its pickle asks for {', '.join(unknown[:5])}; nothing of it was executed. "
            "Save its tensors as .safetensors and import that"
        )
    return contents.value
