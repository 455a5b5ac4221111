"""YAML into frozen dataclasses: one loader for every config, no key ever ignored.

A config is a frozen dataclass standing above the code that uses it. This file only fills it:
unknown keys, missing keys and values of the wrong type raise a `ConfigError` that names the
file, the dotted key and what is allowed. In paths `~` and `~NAME` are home folders. A class
variable `BARE` names the field that a bare value stands for; among dataclasses of a union, a
`Literal` field of one value each tells which is meant; `RENAMED` maps keys that had another name
to that which they have now. Range checks belong in the dataclass's `__post_init__` as plain
`ValueError("key: why")`; they come out with the place added.
"""

import dataclasses
import difflib
import math
import re
import reprlib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, Union

from models.errors import ConfigError, shortened
from models.mirror import mirror
from models.object_store import RemotePath
from models.paths import as_path
from models.yaml_files import YamlProblem, parse_yaml, read_within

T = TypeVar("T")

MAX_CONFIG_BYTES = 16_000_000
MAX_FLOAT = 1e15  # sums of weights stay finite
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_WHOLE = range(-(2**63), 2**63)


def load_config(cls: type[T], path: Path | str, overrides: Sequence[str] = ()) -> T:
    """Read the YAML file at `path` into the dataclass `cls`.

    `overrides` are `dotted.key=value` strings (the command line's `--set`); the value is
    read as YAML. Raises `ConfigError` naming the file and the key.
    """
    return build(cls, read_overridden(path, overrides), where=str(path))


def read_overridden(path: Path | str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The mapping in the YAML file with `overrides` put over it. Raises as `load_config` does."""
    mapping = read_yaml(path)
    for override in overrides:
        _set_dotted(mapping, override)
    return mapping


def read_yaml(path: Path | str) -> dict[str, Any]:
    """The mapping in a YAML file (safe loader); `ConfigError` when there is none."""
    try:
        text = read_within(Path(path), MAX_CONFIG_BYTES).decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as a config ({error})") from None
    try:
        mapping = parse_yaml(text)
    except YamlProblem as problem:
        raise ConfigError(f"{path}, line {problem.line}: not valid YAML: {problem}") from None
    if not isinstance(mapping, dict):
        raise ConfigError(f"{path}: expected `key: value` lines, found {type(mapping).__name__}")
    return mapping


def build(cls: type[T], mapping: Mapping[str, Any], where: str) -> T:
    """Fill the dataclass `cls` from `mapping`; `where` begins every error message."""
    return typing.cast(T, _convert(mapping, cls, where, key=""))


def as_mapping(config: Any) -> Any:
    """The plain YAML/JSON form of a config: dicts, lists, strings, numbers."""
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        fields = dataclasses.fields(config)
        return {field.name: as_mapping(getattr(config, field.name)) for field in fields}
    if isinstance(config, Mapping):
        return {str(key): as_mapping(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return [as_mapping(value) for value in config]
    return str(config) if isinstance(config, Path) else config


def check_least(config: Any, least: float, *names: str) -> None:
    """For a config's `__post_init__`: raise `ValueError` naming the first of its fields `names`, a
    number or a list of them, that is below `least`.
    """
    for name in names:
        value = getattr(config, name)
        lowest = min(value, default=least) if isinstance(value, tuple) else value
        if lowest < least:
            raise ValueError(f"{name}: at least {least:g}, found {lowest:g}")


def check_shares(config: Any, *names: str) -> None:
    """For a config's `__post_init__`: raise `ValueError` naming the first of its fields `names`
    that is not from 0 up to 1, 1 left out: a dropout.
    """
    for name in names:
        if not 0 <= getattr(config, name) < 1:
            raise ValueError(f"{name}: from 0 up to 1, found {getattr(config, name)}")


def check_ordered(config: Any, *names: str) -> None:
    """For a config's `__post_init__`: raise `ValueError` naming the first of its fields `names`, a
    lowest and a highest number each, that has them the other way round.
    """
    for name in names:
        lowest, highest = getattr(config, name)
        if lowest > highest:
            raise ValueError(f"{name}: lowest first, found {lowest}, {highest}")


def _set_dotted(mapping: dict[str, Any], override: str) -> None:
    key, separator, value = override.partition("=")
    if not separator or not key:
        raise ConfigError(f"--set {override}: expected dotted.key=value")
    *parents, last = key.split(".")
    for parent in parents:
        mapping = mapping.setdefault(parent, {})
        if not isinstance(mapping, dict):
            raise ConfigError(f"--set {override}: `{parent}` is a value, not a section")
    try:
        mapping[last] = parse_yaml(value)
    except YamlProblem as problem:
        raise ConfigError(
            f"--set {key}: `{shortened(value)}` is not valid YAML: {problem}"
        ) from None


def _convert(value: Any, kind: Any, where: str, key: str) -> Any:
    location = f"{where}: {key}" if key else where
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _convert_dataclass(value, kind, where, key)
    if origin in (Union, types.UnionType):
        return _convert_union(value, arguments, where, key)
    if origin is typing.Literal:
        if value is False and "no" in arguments:  # as YAML 1.1 reads a bare no
            value = "no"
        if value not in arguments:
            allowed = ", ".join(map(str, arguments))
            raise ConfigError(f"{location}: {_shown(value)} is not one of {allowed}")
        return value
    if origin is tuple:
        return _convert_tuple(value, arguments, where, key)
    if origin in (dict, Mapping):
        if not isinstance(value, Mapping):
            raise ConfigError(f"{location}: expected a mapping, found {_shown(value)}")
        return {
            _convert(name, arguments[0], where, f"{key}.{name}"): _convert(
                item, arguments[1], where, f"{key}.{name}"
            )
            for name, item in value.items()
        }
    return _convert_scalar(value, kind, location)


def _convert_dataclass(value: Any, kind: Any, where: str, key: str) -> Any:
    if isinstance(value, kind):
        return value
    location = f"{where}: {key}" if key else where
    bare = getattr(kind, "BARE", None)
    if bare and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        value = {bare: value}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{location}: expected a section with keys, found {_shown(value)}")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind) if field.init}
    prefix = f"{key}." if key else ""
    for name in value:
        if name not in fields:
            hint = _hint(str(name), fields, getattr(kind, "RENAMED", {}))
            raise ConfigError(
                f"{where}: {prefix}{shortened(str(name))}: unknown key{hint}; "
                f"allowed: {', '.join(fields)}"
            )
    for name, field in fields.items():
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        if required and name not in value:
            raise ConfigError(f"{where}: {prefix}{name}: missing, and it has no default")
    converted = {
        name: _convert(item, hints[name], where, f"{prefix}{name}") for name, item in value.items()
    }
    try:
        return kind(**converted)
    except ValueError as error:
        raise ConfigError(f"{where}: {prefix}{error}") from None


def _hint(name: str, allowed: Iterable[str], renamed: Mapping[str, str]) -> str:
    if name in renamed:
        return f" (it is called {renamed[name]} now)"
    close = difflib.get_close_matches(name, allowed, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _convert_union(value: Any, arguments: tuple[Any, ...], where: str, key: str) -> Any:
    if value is None and type(None) in arguments:
        return None
    tagged = _tagged(arguments)
    if tagged and not isinstance(value, arguments):
        return _convert_dataclass(value, _by_tag(value, tagged, where, key), where, key)
    errors = []
    for argument in arguments:
        if argument is type(None):
            continue
        try:
            return _convert(value, argument, where, key)
        except ConfigError as error:
            errors.append(error)
    raise errors[-1]


def _tagged(arguments: tuple[Any, ...]) -> dict[str, dict[str, Any]]:
    """Key -> its value -> dataclass, where every one names itself by a key of its own values."""
    kinds = [argument for argument in arguments if argument is not type(None)]
    if len(kinds) < 2 or not all(dataclasses.is_dataclass(kind) for kind in kinds):
        return {}
    tags: dict[str, dict[str, Any]] = {}
    for kind in kinds:
        for name, hint in typing.get_type_hints(kind).items():
            if typing.get_origin(hint) is typing.Literal and len(typing.get_args(hint)) == 1:
                tags.setdefault(name, {})[typing.get_args(hint)[0]] = kind
    return {name: by_value for name, by_value in tags.items() if len(by_value) == len(kinds)}


def _by_tag(value: Any, tagged: dict[str, dict[str, Any]], where: str, key: str) -> Any:
    """The dataclass that the mapping `value` names."""
    (tag, kinds) = next(iter(tagged.items()))
    named = value.get(tag) if isinstance(value, Mapping) else value
    if isinstance(value, Mapping) and isinstance(named, str) and named in kinds:
        return kinds[named]
    close = difflib.get_close_matches(str(named), kinds, n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    raise ConfigError(
        f"{where}: {key}.{tag}: {_shown(named)} is not one{hint}; allowed: {', '.join(kinds)}"
    )


def _convert_tuple(value: Any, arguments: tuple[Any, ...], where: str, key: str) -> Any:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigError(f"{where}: {key}: expected a list, found {_shown(value)}")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        kinds: tuple[Any, ...] = (arguments[0],) * len(value)
    else:
        kinds = arguments
    if len(kinds) != len(value):
        raise ConfigError(f"{where}: {key}: expected {len(kinds)} values, found {len(value)}")
    return tuple(
        _convert(item, kind, where, f"{key}[{index}]")
        for index, (item, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _convert_scalar(value: Any, kind: Any, location: str) -> Any:
    if kind is Any:
        return value
    if isinstance(value, str) and (found := _NO_TEXT.search(value)):
        raise ConfigError(f"{location}: the character {found.group()!a} is not allowed")
    if kind is Path and isinstance(value, (str, Path)):
        return as_path(value, location)
    if kind is float and not isinstance(value, bool):
        value = _finite(value, location)
    if (isinstance(value, bool) and kind is not bool) or not isinstance(value, kind):
        name = {"str": "text", "int": "a whole number", "float": "a number", "bool": "true/false"}
        expected = name.get(kind.__name__, kind.__name__)
        raise ConfigError(f"{location}: expected {expected}, found {_shown(value)}")
    if kind is int and value not in _WHOLE:
        raise ConfigError(f"{location}: {_shown(value)} is not a whole number of 64 bits")
    return value


def _finite(value: Any, location: str) -> Any:
    """A number as the float that it is; anything else as it stands."""
    if isinstance(value, (int, float, str)):  # YAML 1.1 reads 1e-4 as a string
        try:
            value = float(value)
        except ValueError:
            return value
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise ConfigError(f"{location}: {value} is not allowed; a finite number is needed")
        if abs(value) > MAX_FLOAT:
            raise ConfigError(f"{location}: {value:g} is not allowed; at most {MAX_FLOAT:g} is")
    return value


def _shown(value: Any) -> str:
    """`value` as Python writes it, shortened where it is longer than a message may be."""
    shown = reprlib.Repr()
    shown.maxstring = shown.maxother = shown.maxlong = 80
    return shown.repr(value)


def resolve_path(path: Path | str) -> Path:
    """A path from a config: as it stands if it exists, else relative to the checkout; of one in an
    object store the copy on this machine.

    Raises `ConfigError` for `~NAME` where there is no such user and for an unknown scheme, and what
    `mirror` raises.
    """
    path = as_path(path)
    if isinstance(path, RemotePath):
        return mirror(path)
    if path.is_absolute() or path.exists():
        return path
    in_checkout = Path(__file__).resolve().parent.parent / path
    return in_checkout if in_checkout.exists() else path
