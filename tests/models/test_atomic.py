"""A file is there whole or not at all, whatever happens to its writer."""

import errno
import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from models import atomic
from models.atomic import naming_full_disk, write_atomically, write_once
from models.errors import DataError


def in_child(action: Callable[[], None]) -> int:
    """Run `action` in a process of its own; its wait status."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def test_replaces_what_was_there(tmp_path: Path) -> None:
    write_atomically(tmp_path / "deep" / "file", b"old")
    write_atomically(tmp_path / "deep" / "file", b"new")
    assert (tmp_path / "deep" / "file").read_bytes() == b"new"
    assert len(list((tmp_path / "deep").iterdir())) == 1


@pytest.mark.parametrize("has_links", [True, False])
def test_what_is_written_once_stays(
    tmp_path: Path, has_links: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    if not has_links:
        monkeypatch.setattr(atomic.os, "link", refuse)
    for data in (b"first", b"second"):
        write_once(tmp_path / "deep" / "file", data)
        assert (tmp_path / "deep" / "file").read_bytes() == b"first"
    assert len(list((tmp_path / "deep").iterdir())) == 1


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def die_before_the_rename() -> None:
        atomic.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
        write_atomically(path, b"half")

    assert os.WTERMSIG(in_child(die_before_the_rename)) == signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert all(entry == path or entry.name.startswith(".") for entry in tmp_path.iterdir())


def test_a_disk_that_fills_up_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    message = tmp_path / "message"

    def write_too_much() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_atomically(tmp_path / "out" / "file", b"x" * 5000)
        except DataError as error:
            message.write_text(str(error))

    in_child(write_too_much)
    assert message.read_text().startswith(f"{tmp_path / 'out' / 'file'}: the disk is full")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_error_names_the_file_that_was_meant(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(IsADirectoryError) as told:
        write_atomically(folder, b"new")
    assert told.value.filename == str(folder)
    assert list(tmp_path.iterdir()) == [folder]


def test_other_errors_pass_through(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), naming_full_disk(tmp_path):
        raise IsADirectoryError(21, "Is a directory")


@pytest.mark.parametrize("told", ["No space left on device", "518912 requested and 1984 written"])
def test_a_full_disk_is_known_by_the_words_of_libraries(tmp_path: Path, told: str) -> None:
    with pytest.raises(DataError, match="the disk is full"), naming_full_disk(tmp_path):
        raise OSError(told)
