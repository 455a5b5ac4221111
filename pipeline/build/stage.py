"""What the shards of a stage depend on, and the keys that follow from it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from models.config import as_mapping
from pipeline.build.config import BuildConfig
from pipeline.storage.shards import shard_key


@dataclass(frozen=True)
class Stage:
    """Everything that decides the content of a stage's shards, beside the shards it reads.

    Raise `version` when its code makes other rows of the same inputs. `reads` gives the parts of
    the config that it uses, by key; `files` are uses in `inputs.py`, and `loads` further ones,
    which it opens and an earlier stage has in its key; `libraries` are the distributions whose
    release may change a row.
    """

    name: str
    version: int
    reads: Callable[[BuildConfig], Mapping[str, object]]
    files: tuple[str, ...] = ()
    loads: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


def keys_of(
    stages: Sequence[Stage],
    config: BuildConfig,
    digests: Mapping[str, str],
    versions: Mapping[str, str],
) -> dict[str, str]:
    """The key of each of `stages`, of which each reads the shards of the one before. The second
    reads sentences, which count by what they are and not by how they came (`job.py`).

    `digests` are those of the files by name, `versions` those of the libraries.
    """
    keys: dict[str, str] = {}
    for stage in stages:
        settings = {
            "config": stage.reads(config),
            "libraries": {name: versions.get(name, "") for name in stage.libraries},
        }
        files = {name: digests[name] for name in stage.files if name in digests}
        upstream = list(keys.values())[1:][-1:]
        keys[stage.name] = shard_key(stage.name, stage.version, settings, upstream, files)
    return keys


def installed_versions(distributions: Iterable[str]) -> dict[str, str]:
    """The versions of those that are installed, by name."""
    found = {}
    for name in sorted(set(distributions)):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def set_values(section: Any) -> dict[str, object]:
    """A section of the config without what stands at its default, so that a new option leaves old
    shards their names; of parts that have settings beside those of rows, only `row_settings`.
    """

    def default(field: Field[Any]) -> object:
        made = field.default_factory
        return made() if made is not MISSING else field.default

    return {
        field.name: as_mapping(getattr(value, "row_settings", value))
        for field in fields(section)
        if (value := getattr(section, field.name)) != default(field)
    }
