"""More rows for a dataset that is there: the build that makes them, and where they go."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.config import as_mapping
from pipeline.build_record import portable
from pipeline.config import BuildConfig
from pipeline.dataset import read_build
from pipeline.history import parts_of
from pipeline.joining import Joined, join
from pipeline.publish import remove
from pipeline.seal import check_nothing_lost


def extension_of(dataset: Path, config: BuildConfig) -> BuildConfig:
    """`config` as the build of further rows for `dataset`: published among its shards, from where
    `conclude` takes them. Its own `output.path` counts for nothing.
    """
    output = replace(config.output, path=dataset.absolute())
    work_dir = replace(config, output=output).work_dir
    return replace(
        config,
        output=replace(output, path=work_dir / "extension"),
        runtime=replace(config.runtime, work_dir=work_dir),
    )


def holds_already(dataset: Path, config: BuildConfig, digests: Mapping[str, str]) -> str:
    """In words, which part of the dataset the same config made, with the same seed and files; empty
    where none did.
    """
    asked = _comparable(as_mapping(config))
    for number, part in enumerate(parts_of(read_build(dataset)), start=1):
        if _comparable(part["config"]) == asked and part["digests"] == dict(digests):
            return (
                f"{dataset} holds what this config makes already: {part['rows']} rows, part "
                f"{number}; for others give another seed (--set seed={config.seed + 1})"
            )
    return ""


def check_extension(dataset: Path) -> None:
    """Raise `DataError` where `dataset` is none, or holds files that replacing it would lose."""
    read_build(dataset)
    check_nothing_lost(dataset)


def conclude(dataset: Path, further: Path) -> Joined:
    """Put the rows of the dataset `further` beside those of `dataset`, and remove it."""
    joined = join([dataset, further], dataset, read_build(dataset)["name"])
    remove(further)
    return joined


def _comparable(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in portable(config).items() if name != "name"}
