"""Foreign files of weights: read without running anything in them, and fitted to our models."""

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


@dataclass(frozen=True, slots=True)
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
