"""Tensors out of a pickle that carries foreign classes, without importing or running any.

Python's unpickler calls only what `find_class` returns, and here that is never more than
`OrderedDict` and what stands in this file: an `_Inert` in place of every foreign class, and a
`_Location` that says where a tensor's numbers lie. The numbers are read once the pickle is.
Both forms of `torch.save` are read: the zip archive, and the stream from before torch 1.6.
"""

import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import torch
from torch import Tensor

_MAGIC = 0x1950A86A20F9469CFC6C  # the first number in the stream form
_MODERN = {"__builtin__": "builtins"}  # as pickle's protocol 2 writes it
_DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}


class Contents(NamedTuple):
    """What a file holds, its tensors read, foreign objects as their fields; and their classes."""

    value: Any
    classes: tuple[str, ...]


class _Storage(NamedTuple):
    key: str
    dtype: torch.dtype


class _Location(NamedTuple):
    """Where a tensor lies in its storage."""

    storage: _Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]


class _Inert(dict[Any, Any]):
    """Stands for an object of any foreign class: keeps the fields it is given, does nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> "_Inert":
        return super().__new__(cls)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, Mapping):
            self.update(state)

    def append(self, item: Any) -> None:
        """Lists are filled with this, sets with `add`."""

    add = append


class _Reader(pickle.Unpickler):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)
        self.classes: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if module == "torch._utils" and name in ("_rebuild_tensor_v2", "_rebuild_tensor"):
            return _location
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _parameter
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        self.classes.add(f"{_MODERN.get(module, module)}.{name}")
        return _Inert

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, *_ = pid
        if not isinstance(dtype, torch.dtype):
            raise pickle.UnpicklingError("a storage of unknown type")
        return _Storage(str(key), dtype)


def read_inert(path: Path) -> Contents:
    """Read what `torch.save` wrote. Raises all sorts of errors for anything else."""
    if zipfile.is_zipfile(path):
        return _read_archive(path)
    with path.open("rb") as file:
        return _read_stream(file)


def _location(storage: _Storage, offset: int, size: Any, stride: Any, *rest: Any) -> _Location:
    return _Location(storage, offset, tuple(size), tuple(stride))


def _parameter(data: Any, *rest: Any) -> Any:
    return data


def _read_archive(path: Path) -> Contents:
    with zipfile.ZipFile(path) as archive:
        pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = pickled.removesuffix("data.pkl") + "data/"
        with archive.open(pickled) as file:
            reader = _Reader(file)
            value = reader.load()
        storages = {storage.key: archive.read(folder + storage.key) for storage in _storages(value)}
    return Contents(_with_tensors(value, storages), tuple(sorted(reader.classes)))


def _read_stream(file: IO[bytes]) -> Contents:
    if _Reader(file).load() != _MAGIC:
        raise pickle.UnpicklingError("torch.save did not write this")
    for _ in ("protocol", "machine"):
        _Reader(file).load()
    reader = _Reader(file)
    value = reader.load()
    dtypes = {storage.key: storage.dtype for storage in _storages(value)}
    storages = {}
    for key in map(str, _Reader(file).load()):
        (numbers,) = struct.unpack("<q", file.read(8))
        storages[key] = file.read(numbers * dtypes[key].itemsize)
    return Contents(_with_tensors(value, storages), tuple(sorted(reader.classes)))


def _storages(value: Any) -> set[_Storage]:
    """All the storages that the places in `value` lie in."""
    if isinstance(value, _Location):
        return {value.storage}
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return set().union(*map(_storages, value))
    return set()


def _with_tensors(value: Any, storages: Mapping[str, bytes]) -> Any:
    if isinstance(value, _Location):
        return _tensor(value, storages)
    if isinstance(value, Mapping):
        return {key: _with_tensors(item, storages) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_tensors(item, storages) for item in value]
    return value


def _tensor(location: _Location, storages: Mapping[str, bytes]) -> Tensor:
    numbers = storages[location.storage.key]
    if not numbers:
        return torch.empty(location.size, dtype=location.storage.dtype)
    flat = torch.frombuffer(bytearray(numbers), dtype=location.storage.dtype)
    return flat.as_strided(location.size, location.stride, location.offset).clone()
