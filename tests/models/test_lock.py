"""One process at a time on a folder; a dead one holds nothing."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import DataError
from models.lock import make_once, only_process_on
from models.object_store import RemotePath

_HOLD = """
import sys, pathlib
from models.lock import only_process_on
with only_process_on(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def _hold(folder: Path, checkout: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _HOLD, str(folder)]
    pipe = subprocess.PIPE
    holder = subprocess.Popen(command, cwd=checkout, stdin=pipe, stdout=pipe, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def _try(folder: Path) -> None:
    with only_process_on(folder):
        pass


def test_the_holder_is_named_until_it_is_gone(tmp_path: Path, checkout: Path) -> None:
    folder = tmp_path / "new" / "dataset"
    with _hold(folder, checkout) as holder:
        with pytest.raises(
            DataError, match=rf"dataset: process {holder.pid} on .* since 2\d{{3}}-"
        ):
            _try(folder)
        _try(folder.with_name("other"))
        holder.kill()
        holder.wait()
        _try(folder)
    assert not list(folder.parent.iterdir())


def test_one_folder_by_two_names_is_one_folder(tmp_path: Path, checkout: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with _hold(tmp_path / "link" / "dataset", checkout) as holder:
        with pytest.raises(DataError, match="one at a time"):
            _try(tmp_path / "real" / "dataset")
        holder.kill()


def test_who_may_wait_is_told_for_whom_and_gets_its_turn(tmp_path: Path, checkout: Path) -> None:
    told = list[str]()
    with _hold(tmp_path / "cache", checkout) as holder:

        def let_go(message: str) -> None:
            told.append(message)
            holder.kill()

        with only_process_on(tmp_path / "cache", let_go):
            pass
    assert re.search(rf"cache: process {holder.pid} on .*; waiting for it$", told[0])


def test_an_address_in_a_store_may_be_as_long_as_stores_allow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOXLOOM_CACHE", str(tmp_path))
    long = RemotePath("s3://bucket/" + "語" * 300)
    with only_process_on(long):
        _try(long / "other")
        with pytest.raises(DataError, match="one at a time"):
            _try(long)


def test_what_is_made_is_not_made_again(tmp_path: Path) -> None:
    made = tmp_path / "made"
    calls = []

    def make() -> None:
        calls.append(made)
        made.touch()

    for _ in range(2):
        make_once(made, made.exists, make)
    assert calls == [made]


def test_who_waited_finds_it_made(tmp_path: Path) -> None:
    answers = iter([False, True])  # before the wait, and after

    def make() -> None:
        raise AssertionError("made twice")

    make_once(tmp_path / "made", lambda: next(answers), make)
    assert list(answers) == []
