"""Foreign files of weights: read without running anything in them, and fitted to our models."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from models.errors import CheckpointError

SUFFIXES = (".safetensors", ".pt", ".pth", ".pkl", ".ckpt", ".tar", ".bin")

# Classes that public checkpoints carry beside their tensors. Each is read as an `_Inert`.
_CARRIED_ALONG = (
    "src.utils.hparams.HParams",  # MelNet-SpeechGeneration
    "attrdict.dictionary.AttrDict",
    "builtins.tuple",
    "argparse.Namespace",
    "collections.defaultdict",
    "builtins.dict",
    "builtins.list",
    "pathlib.Path",
    "pathlib.PosixPath",
    "numpy.dtype",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
)

# (suffix of the magnitude, suffix of the direction) of a weight-normed `weight`.
_WEIGHT_NORM_NAMES = (
    ("weight_g", "weight_v"),
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
)


class _Inert(dict[Any, Any]):
    """Stands for an object of a foreign class: keeps what it is given and does nothing."""

    def __new__(cls, *args: Any) -> "_Inert":
        return super().__new__(cls)

    def __init__(self, *args: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, Mapping):
            self.update(state)


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """A file of weights as it is nested: names to tensors, numbers or further mappings."""

    path: Path
    content: Mapping[str, Any]


def read_weights(path: Path) -> ForeignFile:
    """Read a .safetensors file, or anything `torch.save` wrote, as data alone.

    Raises `CheckpointError`: no such file, another suffix, not a checkpoint, or a pickle that
    asks for classes or functions; it names them, and none of them has been run.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file")
    if path.suffix.lower() not in SUFFIXES:
        raise CheckpointError(f"{path}: unknown suffix; read are {', '.join(SUFFIXES)}")
    content = _read_safetensors(path) if path.suffix.lower() == SUFFIXES[0] else _read_pickle(path)
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{path}: holds a {type(content).__name__}, not named tensors")
    return ForeignFile(path, content)


def only(files: Sequence[ForeignFile]) -> ForeignFile:
    """The file of a format that has one."""
    if len(files) != 1:
        raise CheckpointError(f"{files[1].path}: this format has one file, {len(files)} were given")
    return files[0]


def tensors_at(file: ForeignFile, *places: str) -> dict[str, Tensor]:
    """The named tensors at the first of `places` (dotted, as "model.generator") that exists.

    In a flat file a place is a prefix of the names. If no place exists, the tensors at the
    top. The `module.` that DataParallel puts before every name is taken off.
    """
    for place in places:
        found = _descend(file.content, place)
        if found:
            return _without_module(found)
    found = {name: value for name, value in file.content.items() if isinstance(value, Tensor)}
    if not found:
        held = ", ".join(str(name) for name in list(file.content)[:6]) or "nothing"
        expected = f" at {' or '.join(places)}" if places else ""
        raise CheckpointError(f"{file.path}: no tensors{expected}; the file holds {held}")
    return _without_module(found)


def fill(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    names: Mapping[str, str],
    path: Path,
    ignored: Sequence[str] = (),
) -> None:
    """Load foreign `weights` into `model`; `names` gives the foreign name of each of ours.

    Ours that are not in `names` keep their value. A weight that is weight-normed there (old
    or new form) is fused: w = g v / |v|. Foreign names beginning with one of `ignored` may be
    left over. Raises `CheckpointError` naming the first missing, extra and misshapen keys.
    """
    normed = next((pair for pair in _WEIGHT_NORM_NAMES if _uses(weights, pair)), None)
    state: dict[str, Tensor] = {}
    used: set[str] = set()
    wrong: list[str] = []
    for ours, expected in model.state_dict().items():
        if ours not in names:
            continue
        parts = _parts_of(names[ours], weights, normed)
        used.update(parts)
        problems = _problems(parts, weights, expected.shape)
        wrong += problems
        if not problems:
            state[ours] = _fused([weights[name] for name in parts]).to(expected.dtype)
    extra = [
        f"{name} not expected"
        for name in weights
        if name not in used and not name.startswith(tuple(ignored))
    ]
    raise_unless_empty(path, [*wrong, *extra])
    model.load_state_dict(state, strict=False)


def raise_unless_empty(path: Path, problems: Sequence[str]) -> None:
    """`CheckpointError` with the first few `problems` ("NAME missing" ...) of a file."""
    if problems:
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise CheckpointError(f"{path}: does not fit: {'; '.join(problems[:5])}{more}")


def beside(file: ForeignFile, given: Path | None, *names: str) -> Path:
    """The config file: as `given`, else the first of `names` in the folder of `file`."""
    if given is not None:
        return given
    for name in names:
        if (file.path.parent / name).is_file():
            return file.path.parent / name
    raise CheckpointError(
        f"{file.path.parent}: no {' or '.join(names)}; name the config with --config FILE"
    )


def _descend(content: Mapping[str, Any], place: str) -> dict[str, Tensor]:
    inner: Any = content
    for key in place.split("."):
        inner = inner.get(key) if isinstance(inner, Mapping) else None
    if isinstance(inner, Mapping):
        return {name: value for name, value in inner.items() if isinstance(value, Tensor)}
    prefix = f"{place}."
    return {
        name.removeprefix(prefix): value
        for name, value in content.items()
        if isinstance(value, Tensor) and name.startswith(prefix)
    }


def _without_module(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    if all(name.startswith("module.") for name in weights):
        return {name.removeprefix("module."): value for name, value in weights.items()}
    return weights


def _uses(weights: Mapping[str, Tensor], pair: tuple[str, str]) -> bool:
    return any(name.endswith(pair) for name in weights)


def _parts_of(
    name: str, weights: Mapping[str, Tensor], normed: tuple[str, str] | None
) -> tuple[str, ...]:
    """The foreign tensors that make up `name`: itself, or magnitude and direction."""
    if normed is None or name in weights or not name.endswith("weight"):
        return (name,)
    stem = name.removesuffix("weight")
    return stem + normed[0], stem + normed[1]


def _problems(
    parts: Sequence[str], weights: Mapping[str, Tensor], shape: Sequence[int]
) -> list[str]:
    shapes = [tuple(shape)]
    if len(parts) == 2:
        shapes = [(shape[0], *[1] * (len(shape) - 1)), tuple(shape)]
    problems = []
    for name, expected in zip(parts, shapes, strict=True):
        if name not in weights:
            problems.append(f"{name} missing")
        elif tuple(weights[name].shape) != expected:
            problems.append(f"{name} has shape {tuple(weights[name].shape)}, expected {expected}")
    return problems


def _fused(parts: Sequence[Tensor]) -> Tensor:
    """A plain weight, or g v / |v| with the norm over all axes but the first."""
    if len(parts) == 1:
        return parts[0]
    magnitude, direction = (part.float() for part in parts)
    norm = direction.flatten(1).norm(dim=1).view_as(magnitude)
    return magnitude * direction / norm


def _read_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot be read as safetensors ({error})") from None


def _read_pickle(path: Path) -> Any:
    inert: list[Any] = [(type(name, (_Inert,), {}), name) for name in _CARRIED_ALONG]
    try:
        with safe_globals(inert):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged stream can fail anywhere in the unpickler
        raise CheckpointError(f"{path}: {_why_unread(path, error)}") from None


def _why_unread(path: Path, error: Exception) -> str:
    asked_for = _classes_asked_for(path, error)
    if asked_for:
        return (
            f"its pickle asks for {', '.join(asked_for[:5])}; nothing of it was executed. "
            "Save its tensors as .safetensors and import that"
        )
    return f"not a checkpoint that torch.save wrote, or damaged ({type(error).__name__})"


def _classes_asked_for(path: Path, error: Exception) -> list[str]:
    try:
        found = set(get_unsafe_globals_in_checkpoint(str(path))) - set(_CARRIED_ALONG)
    except Exception:  # no zip: one of the older files, whose error names the first class
        found = set(re.findall(r"GLOBAL (\S+)", str(error)))
    return sorted(found)
