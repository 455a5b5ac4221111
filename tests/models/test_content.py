import os
from pathlib import Path

import pytest

from models.content import file_digest, is_as_listed, list_contents


def test_other_bytes_of_the_same_name_size_and_time_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first, times = file_digest(path), path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_mtime_ns == times.st_mtime_ns
    assert file_digest(path) != first
    path.write_bytes(b"one")
    assert file_digest(path) == first


def test_a_file_that_takes_the_place_of_another_is_noticed(tmp_path: Path) -> None:
    path, other = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"one")
    other.write_bytes(b"two")
    first = file_digest(path)
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.rename(path)
    assert file_digest(path) != first


@pytest.mark.parametrize("damage", ["flipped", "cut", "lost", "listing lost", "listing cut"])
def test_damaged_files_are_not_as_listed(tmp_path: Path, damage: str) -> None:
    files, listing = [tmp_path / "a", tmp_path / "b c"], tmp_path / "contents.txt"
    for path in files:
        path.write_bytes(b"\x00\x01\x02" * 9)
    list_contents(listing, files)
    assert is_as_listed(listing)
    if damage == "flipped":
        files[1].write_bytes(b"\x00\x01\x02" * 8 + b"\x00\x01\x03")
    elif damage == "cut":
        os.truncate(files[0], 5)
    elif damage == "lost":
        files[0].unlink()
    elif damage == "listing lost":
        listing.unlink()
    else:
        os.truncate(listing, 20)
    assert not is_as_listed(listing)
