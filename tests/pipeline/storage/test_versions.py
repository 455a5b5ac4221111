"""Datasets in an object store appear whole or not at all, whatever fails."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from models import object_store
from models.errors import DataError
from models.mirror import mirror
from models.object_store import RemotePath, listing, write
from pipeline.storage.versions import (
    check_writable,
    current,
    local_copy,
    publish_version,
    published,
)
from tests.s3_server import FaultyS3, every

PLACE = RemotePath("s3://bucket/mine")


def _staged(folder: Path, word: str) -> Path:
    (folder / "data").mkdir(parents=True, exist_ok=True)
    (folder / "data" / "train.parquet").write_bytes(word.encode() * 50_000)
    (folder / "build.json").write_text(word)
    return folder


def _read() -> str:
    """What a reader finds now; every file must be of one dataset."""
    mirror.cache_clear()
    folder = local_copy(PLACE)
    word = (folder / "build.json").read_text()
    assert (folder / "data" / "train.parquet").read_bytes() == word.encode() * 50_000
    return word


def test_readers_find_the_newest_version(s3: FaultyS3, tmp_path: Path) -> None:
    assert current(PLACE) is None
    publish_version(_staged(tmp_path / "one", "old"), PLACE)
    first = current(PLACE)
    assert _read() == "old"
    publish_version(_staged(tmp_path / "two", "new"), PLACE)
    assert _read() == "new"
    assert (published(PLACE) / "build.json").read_text() == "new"
    assert first is not None
    assert listing(first), "the version before stays for those who read it"


def test_a_reader_never_finds_half_a_dataset(
    s3: FaultyS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_AT_ONCE", 1)
    publish_version(_staged(tmp_path / "one", "old"), PLACE)
    found = []

    def look(method: str, path: str) -> None:
        if method == "PUT":
            s3.fault_of = lambda method, path: None
            found.append(_read())
            s3.fault_of = look  # type: ignore[assignment]

    with s3.failing(look):  # type: ignore[arg-type]
        publish_version(_staged(tmp_path / "two", "new"), PLACE)
    assert found == ["old"] * 3
    assert _read() == "new"


def test_publishing_gets_through_faults(s3: FaultyS3, tmp_path: Path) -> None:
    with s3.failing(every(3, "500", "cut", "slow")):
        publish_version(_staged(tmp_path / "one", "new"), PLACE)
    assert set(s3.failed) >= {"500", "cut"}
    assert _read() == "new"


def test_what_was_sent_before_a_failure_is_not_sent_again(s3: FaultyS3, tmp_path: Path) -> None:
    staging = _staged(tmp_path / "one", "new")
    with (
        s3.failing(lambda m, path: "denied" if m == "PUT" and "build" in path else None),
        pytest.raises(DataError, match=r"build\.json: access is denied"),
    ):
        publish_version(staging, PLACE)
    assert current(PLACE) is None
    s3.requests.clear()
    publish_version(staging, PLACE)
    assert not [path for method, path in s3.requests if method == "PUT" and "train" in path]
    assert _read() == "new"


def test_old_versions_go(s3: FaultyS3, tmp_path: Path) -> None:
    publish_version(_staged(tmp_path / "one", "old"), PLACE)
    stamps = {days: datetime.now(UTC) - timedelta(days=days) for days in (0, 3)}
    for days, stamp in stamps.items():
        write(PLACE / "versions" / f"{stamp:%Y%m%d}-{days:016x}" / "data/half.parquet", b"half")
    publish_version(_staged(tmp_path / "two", "new"), PLACE)
    ends = {name.partition("/")[0][-2:] for name in listing(PLACE / "versions")}
    assert "03" not in ends, "what a killed build sent days ago"
    assert "00" in ends, "what another build may be sending now"
    assert len(ends) == 3


def test_only_a_place_of_datasets_is_published_to(s3: FaultyS3, tmp_path: Path) -> None:
    assert check_writable(PLACE) is None
    assert not listing(PLACE)
    write(PLACE / "thesis.tex", b"")
    with pytest.raises(DataError, match=r"s3://bucket/mine: holds what no build published \(thes"):
        check_writable(PLACE)
    with (
        s3.failing(lambda method, path: "denied" if method == "PUT" else None),
        pytest.raises(DataError, match=r"access is denied"),
    ):
        check_writable(RemotePath("s3://bucket/other"))
    write(PLACE / "CURRENT", b"../../elsewhere\n")
    with pytest.raises(DataError, match=r"CURRENT: is not the pointer of a dataset"):
        current(PLACE)


def test_an_object_that_is_gone_is_deleted(
    s3: FaultyS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google's and Azure's stores refuse to delete twice, as when the first answer was lost."""
    write(PLACE / "versions/20200101-0123456789abcdef/old", b"old")
    store = object_store._file_system(PLACE)
    delete_once = store.rm_file

    def rm_file(key: str) -> None:
        if not store.exists(key):
            raise FileNotFoundError(key)
        delete_once(key)
        raise ConnectionError("the answer is lost")

    monkeypatch.setattr(store, "rm_file", rm_file)
    check_writable(PLACE)
    publish_version(_staged(tmp_path / "one", "new"), PLACE)
    assert _read() == "new"
    assert all("20200101" not in name for name in listing(PLACE))


def test_what_is_not_listed_yet_is_looked_for_by_its_name(
    s3: FaultyS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = object_store._file_system(PLACE)
    find = store.find

    def find_late(key: str, detail: bool) -> Any:
        found = find(key, detail=detail)
        return {name: found[name] for name in found if name == key or "train" not in name}

    monkeypatch.setattr(store, "find", find_late)
    publish_version(_staged(tmp_path / "one", "new"), PLACE)
    monkeypatch.setattr(store, "find", find)
    assert current(PLACE) is not None
    monkeypatch.setattr(store, "put_file", lambda *_: None)
    with pytest.raises(DataError, match="is not there whole, though it was sent"):
        publish_version(_staged(tmp_path / "two", "lost"), PLACE)
