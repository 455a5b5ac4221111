"""A dataset that appears all at once, whether it was built, joined or had rows dropped.

Everything is written into a hidden folder beside the target and published by a rename, so a
reader sees the old dataset, or the new one, or none, and never half of one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.atomic import naming_full_disk
from models.errors import DataError
from models.object_store import RemotePath
from pipeline.dataset.build_record import write_build
from pipeline.dataset.contents import Contents, contents_of
from pipeline.dataset.files import DATA, REJECTS_FILE
from pipeline.dataset.leaks import check_leaks
from pipeline.dataset.pieces import Each, one_by_one
from pipeline.dataset.writer import write_rejects
from pipeline.licences.summary import LicensedSource
from pipeline.records import Reject
from pipeline.storage.publish import publish, staging_folder
from pipeline.storage.versions import check_writable


def check_new(target: Path) -> None:
    """Raise `DataError` for a folder, here or in an object store, that holds anything but what was
    sent there and never published; and for a store that may not be written to.
    """
    if isinstance(target, RemotePath):
        is_taken = check_writable(target) is not None
    else:
        is_taken = target.exists() and (not target.is_dir() or any(target.iterdir()))
    if is_taken:
        raise DataError(f"{target}: is not empty; choose a new folder")


def publish_dataset(
    target: Path,
    write_data: Callable[[Path], Iterable[Reject]],
    record_of: Callable[[Path, Contents, int], Mapping[str, Any]],
    kept_apart: Iterable[str],
    sources: Sequence[LicensedSource],
    license_name: str,
    near: Path = Path(),
    each: Each = one_by_one,
) -> None:
    """Publish at `target` what `write_data` puts into the data folder of the folder it is given;
    it returns the rejects, in the order of `reject_order`.

    `record_of` makes `build.json` of the folder, its contents and the number of rejects.
    What goes into an object store is written into a hidden folder in `near` before it is sent;
    `each` runs the work on single files.
    Raises `DataError` where a value crosses splits that is `kept_apart`, and on a full disk;
    then, as on any error, nothing is left of the new dataset and an old one stays as it was.
    """
    from pipeline.build.pages import write_pages  # with what an audit computes: 0.7 s

    target = target.resolve()
    local = near / target.name if isinstance(target, RemotePath) else target
    with naming_full_disk(local), staging_folder(local) as staging:
        (staging / DATA).mkdir()
        rejects = write_data(staging)
        contents = contents_of(staging, kept_apart, sources, each)
        check_leaks(contents.leaks)
        num_rejects = write_rejects(staging / REJECTS_FILE, rejects)
        write_build(staging, record_of(staging, contents, num_rejects))
        write_pages(staging, license_name)
        publish(staging, target)
