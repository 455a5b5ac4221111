"""More rows for a dataset that is there: the build that makes them, and where they go."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.checkpoint import read_info
from models.config import as_mapping
from models.errors import DataError
from models.object_store import RemotePath
from pipeline.build.config import BuildConfig
from pipeline.dataset.build_record import portable
from pipeline.dataset.manifest import dataset_schema
from pipeline.dataset.output import check_nothing_lost
from pipeline.dataset.record import read_record, read_whole_record
from pipeline.editing.join import Joined, join, sample_rate_of, schema_of
from pipeline.storage.publish import remove
from pipeline.storage.versions import check_writable, local_copy


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
    where none did. `voice.precision: auto` is the same as what it became on some machine.
    """
    any_precision = config.voice.precision == "auto"
    asked = _comparable(as_mapping(config), any_precision)
    for number, part in enumerate(read_record(local_copy(dataset)).parts, start=1):
        made = _comparable(part.config, any_precision)
        if made == asked and part.digests == dict(digests) and not part.partial:
            return (
                f"{dataset} holds what this config makes already: {part.rows} rows, part "
                f"{number}; for others give another seed (--set seed={config.seed + 1})"
            )
    return ""


def check_extension(dataset: Path, config: BuildConfig) -> None:
    """Raise `DataError` where `dataset` is none, not whole or of an unfinished build, may not be
    replaced or holds files that replacing it would lose, or has other columns or another sample
    rate than the rows of `config` will have.
    """
    if isinstance(dataset, RemotePath):
        check_writable(dataset)
    here = local_copy(dataset)
    partial = read_whole_record(here).partial
    if partial:
        raise DataError(
            f"{dataset}: holds {partial.shards} of {partial.of} shards of its build; finish that "
            "(`voxloom build`) before it is extended"
        )
    if not isinstance(dataset, RemotePath):
        check_nothing_lost(dataset)
    found, made = schema_of(here).names, dataset_schema(kept=config.output.kept).names
    for name in dict.fromkeys([*made, *found]):
        if name not in found or name not in made:
            where = "the dataset" if name in found else "the rows of the config"
            raise DataError(
                f"{dataset}: column {name}: only {where} would have it; columns must be the same "
                "(output.keep_clean, output.keep_noise, or the version that built it)"
            )
    rate = config.output.sample_rate or read_info(config.voice.acoustic_model).mel.sample_rate
    if rate != sample_rate_of(here):
        raise DataError(
            f"{dataset}: {sample_rate_of(here)} Hz, and the config's rows would have {rate} Hz; "
            "a dataset has one sample rate (output.sample_rate)"
        )


def conclude(dataset: Path, extended: Path, further: Path) -> Joined:
    """Put the rows of the dataset `further` beside those of `dataset`, and remove it. `extended` is
    `dataset` itself, or its local copy with which the build of `further` began.

    Raises `DataError` where another one has been published meanwhile, or a file put into its folder
    that would be lost.
    """
    if local_copy(dataset).resolve() != extended.resolve():
        raise DataError(f"{dataset}: has changed since the build began; nothing was added to it")
    if not isinstance(dataset, RemotePath):
        check_nothing_lost(dataset)  # what was put there while the build ran
    name, near = read_record(extended).name, further.parent
    joined = join([extended, further], dataset, name, near)
    remove(further)
    return joined


def _comparable(config: Mapping[str, Any], any_precision: bool) -> dict[str, Any]:
    kept = {name: value for name, value in portable(config).items() if name != "name"}
    voice = kept.get("voice")
    if any_precision and isinstance(voice, Mapping):
        kept["voice"] = {name: value for name, value in voice.items() if name != "precision"}
    return kept
