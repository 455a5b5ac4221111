"""Copies of what lies in an object store, made through a server that fails."""

import errno
from pathlib import Path
from typing import Any

import fsspec
import pytest

from models import object_store
from models.config import resolve_path
from models.errors import DataError
from models.mirror import mirror
from models.object_store import RemotePath
from models.paths import as_path
from tests.s3_server import FaultyS3, every


def _remote(text: str) -> RemotePath:
    path = as_path(text)
    assert isinstance(path, RemotePath)
    return path


def _put(**contents: bytes) -> None:
    for name, content in contents.items():
        object_store.write(_remote(f"s3://bucket/{name.replace('__', '/')}"), content)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_folder_is_copied_once_as_long_as_its_content_stays(s3: FaultyS3) -> None:
    _put(sounds__noise__a=b"one", sounds__noise__deep__b=b"two", sounds__noisy=b"other")
    folder = resolve_path("s3://bucket/sounds/noise")
    assert folder.name == "noise"
    assert _contents(folder) == {"a": b"one", "deep/b": b"two"}

    mirror.cache_clear()  # as another process
    s3.requests.clear()
    assert resolve_path("s3://bucket/sounds/noise") == folder
    assert not [path for method, path in s3.requests if path.endswith(("/a", "/b"))]


def test_another_content_is_another_copy(s3: FaultyS3) -> None:
    _put(noise__a=b"one")
    before = mirror(_remote("s3://bucket/noise"))
    _put(noise__a=b"two")
    assert mirror(_remote("s3://bucket/noise")) == before, "what a process has begun to read stays"
    mirror.cache_clear()
    assert _contents(mirror(_remote("s3://bucket/noise"))) == {"a": b"two"}
    assert _contents(before) == {"a": b"one"}


def test_an_object_is_a_file(s3: FaultyS3) -> None:
    _put(lists__mine=b"text,intent\n")
    assert resolve_path("s3://bucket/lists/mine").read_bytes() == b"text,intent\n"


def test_an_object_of_which_only_the_name_is_found_is_a_file(
    s3: FaultyS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of Azure's store through adlfs, whatever details it is asked for."""
    store = object_store._file_system(_remote("s3://bucket"))
    find = store.find

    def find_by_name(key: str, detail: bool) -> Any:
        found = find(key, detail=detail)
        return [key] if list(found) == [key] else found

    _put(list=b"one", noise__a=b"x")
    monkeypatch.setattr(store, "find", find_by_name)
    place = _remote("s3://bucket/list")
    assert place.exists()
    assert mirror(place).read_bytes() == b"one"
    assert _contents(mirror(_remote("s3://bucket/noise"))) == {"a": b"x"}


def test_the_list_beside_a_folder_of_sounds_comes_along(s3: FaultyS3) -> None:
    object_store.write(_remote("s3://bucket/sounds/sources.csv"), b"path,license\n")
    _put(sounds__noise__a=b"one")
    folder = mirror(_remote("s3://bucket/sounds/noise"))
    assert (folder.parent / "sources.csv").read_bytes() == b"path,license\n"


@pytest.mark.parametrize("faults", [("500",), ("cut",), ("slow",), ("500", "cut", "slow")])
def test_what_fails_for_the_moment_is_tried_again(s3: FaultyS3, faults: tuple) -> None:
    contents = {f"noise__{number}": bytes([number]) * 100_000 for number in range(6)}
    _put(**contents)
    with s3.failing(every(4, *faults)):
        copied = _contents(mirror(_remote("s3://bucket/noise")))
    assert set(s3.failed) == set(faults)
    assert copied == {name.removeprefix("noise__"): content for name, content in contents.items()}


def test_half_a_copy_is_gone_on_with(s3: FaultyS3, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(noise__a=b"one", noise__b=b"two")
    monkeypatch.setattr(object_store, "_AT_ONCE", 1)
    with (
        s3.failing(lambda method, path: "denied" if path.endswith("/b") else None),
        pytest.raises(DataError, match=r"s3://bucket/noise/b: access is denied"),
    ):
        mirror(_remote("s3://bucket/noise"))
    s3.requests.clear()
    assert _contents(mirror(_remote("s3://bucket/noise"))) == {"a": b"one", "b": b"two"}
    assert not [path for method, path in s3.requests if path.endswith("/a")]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("denied", r"^s3://bucket/noise/?: access is denied; are the credentials set\?"),
        ("500", r"^s3://bucket/noise/?: cannot be reached"),
    ],
)
def test_what_fails_for_good_is_one_line_without_secrets(
    s3: FaultyS3, fault: str, message: str
) -> None:
    _put(noise__a=b"one")
    with s3.failing(lambda method, path: fault), pytest.raises(DataError, match=message) as told:
        mirror(_remote("s3://bucket/noise"))
    assert "\n" not in str(told.value)
    assert "never-to-be-shown" not in str(told.value)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "s3://bucket/a: access is denied"),
        (403, "s3://bucket/a: access is denied"),
        (404, "s3://bucket/a: no such object or bucket"),
        (409, "s3://bucket/a: cannot be reached"),
    ],
)
def test_a_refusal_is_told_by_its_status(
    s3: FaultyS3, monkeypatch: pytest.MonkeyPatch, status: int, message: str
) -> None:
    """Azure's client raises such an error, with the words of the store."""

    class Refusal(Exception):
        status_code = status

    asked = []

    def refuse(*_: object) -> None:
        asked.append(status)
        raise Refusal("The server failed to take the request.")

    monkeypatch.setattr(object_store._file_system(_remote("s3://bucket/a")), "pipe_file", refuse)
    with pytest.raises(DataError, match=message):
        _put(a=b"")
    assert len(asked) == (1 if status < 409 else 9)


def test_a_name_is_no_refusal(s3: FaultyS3, monkeypatch: pytest.MonkeyPatch) -> None:
    place = _remote("s3://bucket/denied")

    def time_out(key: str) -> None:
        raise ConnectionError(f'{key}: no answer of "https://bucket.host/denied?a=forbidden"')

    monkeypatch.setattr(object_store._file_system(place), "cat_file", time_out)
    with pytest.raises(DataError, match="s3://bucket/denied: cannot be reached"):
        object_store.read(place)


def test_credentials_do_not_stand_in_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    line = "GET https://host/bucket/a?X-Amz-Signature=5ca1ab1e failed with wJalrXUtnFEMI\nand more"
    told = object_store.without_secrets(line)
    assert told == "GET https://host/bucket/a?… failed with *** and more"


def test_what_is_not_there_is_told(s3: FaultyS3) -> None:
    with pytest.raises(DataError, match=r"s3://bucket/nowhere: there is nothing of this name"):
        resolve_path("s3://bucket/nowhere")
    with pytest.raises(DataError, match=r"s3://elsewhere/a: "):
        resolve_path("s3://elsewhere/a")


def test_names_do_not_lead_out_of_the_copy(s3: FaultyS3) -> None:
    fsspec.filesystem("s3").pipe_file("bucket/noise/../../escape", b"")
    with pytest.raises(DataError, match="which no folder of this machine can hold"):
        mirror(_remote("s3://bucket/noise"))


def test_a_disk_that_fills_up_is_told(s3: FaultyS3, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_up(key: str, local: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")  # as of a write: without a name

    _put(noise__a=b"x")
    place = _remote("s3://bucket/noise")
    store = object_store._file_system(place)
    with monkeypatch.context() as full:
        full.setattr(store, "get_file", fill_up)
        with pytest.raises(DataError, match=r"set VOXLOOM_CACHE \(No space left on device\)"):
            mirror(place)
    assert (mirror(place) / "a").read_bytes() == b"x"


def test_an_object_in_the_place_of_a_folder_is_told(s3: FaultyS3) -> None:
    _put(noise__hiss=b"", noise__hiss__low=b"x", noise__hiss2=b"x")
    told = r"s3://bucket/noise: 'noise/hiss' is an object and a folder of others"
    with pytest.raises(DataError, match=told):
        mirror(_remote("s3://bucket/noise"))


def test_a_missing_package_is_told_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(scheme: str, **options: object) -> None:
        raise ImportError("Install gcsfs to access GCS")

    monkeypatch.setattr(fsspec, "filesystem", unknown)
    with pytest.raises(DataError, match=r"gs://bucket/a: .* pip install -e '\.\[gcs\]'"):
        mirror(_remote("gs://bucket/a"))
