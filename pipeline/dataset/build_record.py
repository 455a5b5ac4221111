"""`build.json`: what made a dataset, and the digests by which anyone can tell that it is whole.

It holds nothing of the machine: no host, no time, no place in the file system. Two machines with
the same inputs and versions write the same bytes.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from models.errors import DataError, VoxloomError, shortened
from models.revision import git_revision
from pipeline.dataset.contents import Contents, contents_record, file_entry
from pipeline.dataset.files import (
    AUDIT_FILE,
    BUILD_FILE,
    CARD_FILE,
    FORMAT,
    PICTURES,
    REPORT_FILE,
    read_build,
)
from pipeline.dataset.record import Partial
from pipeline.licences.summary import LicensedSource

_CHECKOUT = Path(__file__).resolve().parents[2]
_PAGES = (CARD_FILE, AUDIT_FILE, REPORT_FILE)
_PLACES = (("output", "path"), ("text", "grammar_cache"))  # in the config
_WRITERS = ("voxloom", "pyarrow")  # beside the libraries that decide rows


@dataclass(frozen=True)
class BuildInfo:
    """What made a dataset; goes into `build.json`. Plain JSON values throughout.

    `config` is the build's config, `digests` name the checkpoints, prompts and sounds used,
    `coverage` is the domain's description: `templates` (ids), `slot_values` (lexicons by slot)
    and `open_slots`, against which the report counts rows; and `figures`, what was covered.
    `splits_in` gives the splits of a part's rows, by id, whose split is not drawn; `sources` are
    what may be in them;
    `versions` are those of the libraries that decide rows; `partial` says how much of a build is
    in it that was sealed before it was done.
    """

    name: str
    seed: int
    config: Mapping[str, Any]
    digests: Mapping[str, str]
    coverage: Mapping[str, Any]
    splits_in: Callable[[Path], Mapping[str, str]] = lambda part: {}
    sources: Sequence[LicensedSource] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    partial: Partial | None = None


def build_record(
    folder: Path, info: BuildInfo, contents: Contents, num_rejects: int
) -> dict[str, Any]:
    """The record of the data files and rejects that lie in `folder`."""
    partial = {"partial": asdict(info.partial)} if info.partial else {}
    return contents_record(folder, contents, num_rejects) | {
        **partial,
        "format": FORMAT,
        "name": info.name,
        "seed": info.seed,
        "config": portable(info.config),
        "digests": dict(info.digests),
        "revision": git_revision(),
        "versions": {name: version(name) for name in _WRITERS} | dict(info.versions),
        "coverage": dict(info.coverage),
    }


def write_build(folder: Path, record: Mapping[str, Any]) -> None:
    """Write `record` as `build.json`, with its own digest in it."""
    stamped = {name: value for name, value in record.items() if name != "digest"}
    stamped["digest"] = record_digest(stamped)
    text = json.dumps(stamped, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / BUILD_FILE).write_text(text + "\n", encoding="utf-8")


def record_digest(record: Mapping[str, Any]) -> str:
    """SHA-256 over what a record says, but for its `digest`; spaces and line ends do not count."""
    content = {name: value for name, value in record.items() if name != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@contextmanager
def told_if_edited(dataset: Path) -> Iterator[None]:
    """Raise `DataError` for whatever else goes wrong within, where `build.json` was edited."""
    try:
        yield
    except VoxloomError:
        raise
    except Exception as error:
        build = read_build(dataset)
        if build.get("digest") == record_digest(build):
            raise
        reason = f"{type(error).__name__}: {shortened(str(error))}"
        raise DataError(
            f"{dataset / BUILD_FILE}: was edited, and does not hold together any more ({reason})"
        ) from None


def stamp_pages(folder: Path, names: Sequence[str] = ()) -> None:
    """Put the digests of the pages beside the data into `build.json`: card and its pictures,
    audit, report; or of those in `names`.

    They are written after it, out of it; whoever writes one again calls this with its name. A
    record that was edited is left as it is, and so does not become a good one by it.
    """
    record = read_build(folder)
    if record.get("digest") != record_digest(record):
        return
    pictures = (f"{PICTURES}/{path.name}" for path in sorted((folder / PICTURES).glob("*.png")))
    names = names or (*_PAGES, *pictures)
    there = {name: file_entry(folder / name) for name in names if (folder / name).is_file()}
    write_build(folder, record | {"pages": record.get("pages", {}) | there})


def portable(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config without what changes no row: where it ran and where things were put."""
    kept = {name: value for name, value in config.items() if name != "runtime"}
    for section, key in _PLACES:
        if isinstance(kept.get(section), Mapping):
            kept[section] = {name: value for name, value in kept[section].items() if name != key}
    return {name: _within_checkout(value) for name, value in kept.items()}


def _within_checkout(value: Any) -> Any:
    """Paths into the checkout, wherever that lies, as configs write them: relative to it."""
    if isinstance(value, Mapping):
        return {name: _within_checkout(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_within_checkout(item) for item in value]
    if isinstance(value, str) and value.startswith(f"{_CHECKOUT}/"):
        return value.removeprefix(f"{_CHECKOUT}/")
    return value
