"""The config files of public projects: JSON or YAML, of which only the keys we need are read."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from models.config import MAX_CONFIG_BYTES, build
from models.errors import CheckpointError, ConfigError
from models.json_files import parse_json
from models.yaml_files import parse_yaml, read_within

T = TypeVar("T")


def find_settings(weights: Path, given: Path | None, *names: str) -> Path:
    """The config file: as `given`, else the first of `names` that stands beside `weights`."""
    if given is not None:
        return given
    for name in names:
        if (weights.parent / name).is_file():
            return weights.parent / name
    raise CheckpointError(
        f"{weights}: no {' or '.join(names)} beside it; name it with --config FILE"
    )


def read_settings(path: Path) -> dict[str, Any]:
    """The mapping in a JSON or YAML file; an object of a Python class is read as its fields.

    Raises `ConfigError` naming the file.
    """
    try:
        text = read_within(path, MAX_CONFIG_BYTES).decode("utf-8-sig")
        mapping = parse_json(text) if path.suffix == ".json" else parse_yaml(text, True)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"{path}: cannot be read as a config ({reason})") from None
    if not isinstance(mapping, dict):
        raise ConfigError(f"{path}: expected keys with values, found {type(mapping).__name__}")
    return mapping


def known(cls: type[T], mapping: Any, where: str) -> T:
    """The fields of the dataclass `cls` out of a `mapping` that holds more.

    Raises `ConfigError` beginning with `where`: a field missing, or of the wrong type.
    """
    if not isinstance(mapping, Mapping):
        raise ConfigError(f"{where}: expected a section with keys, found {mapping!r}")
    names = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return build(cls, {name: mapping[name] for name in mapping if name in names}, where)
