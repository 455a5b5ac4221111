import hashlib
from pathlib import Path

import numpy as np
import pytest

from models.errors import DataError
from models.training.public_corpora.download import download
from tests.models.training.public_corpora.archives import Server, serving

CONTENT = np.random.default_rng(1).bytes(3_000_000)
HASH = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


def test_what_was_cut_off_goes_on_where_it_was(tmp_path: Path) -> None:
    with serving(Server({"a.bin": CONTENT}, breaks=1)) as server:
        url = f"{server.url}/a.bin"
        with pytest.raises(DataError, match=f"{url}: cut off .*the same command goes on"):
            download(url, tmp_path / "a.bin", HASH)
        assert (tmp_path / "a.bin.part").stat().st_size == 1_500_000
        seen: list[tuple[int, int]] = []
        download(url, tmp_path / "a.bin", HASH, lambda have, total: seen.append((have, total)))
        assert server.ranges == [None, "bytes=1500000-"]
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert seen[0][0] > 1_500_000
    assert seen[-1] == (3_000_000, 3_000_000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_a_server_without_ranges_sends_all_again(tmp_path: Path) -> None:
    with serving(Server({"a.bin": CONTENT}, breaks=1, knows_ranges=False)) as server:
        with pytest.raises(DataError):
            download(f"{server.url}/a.bin", tmp_path / "a.bin", HASH)
        download(f"{server.url}/a.bin", tmp_path / "a.bin", HASH)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_part_that_is_whole_already_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(CONTENT)
    with serving(Server({"a.bin": CONTENT})) as server:
        download(f"{server.url}/a.bin", tmp_path / "a.bin", HASH)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_what_is_there_is_not_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(CONTENT)
    with serving(Server({"a.bin": CONTENT})) as server:
        download(f"{server.url}/a.bin", tmp_path / "a.bin", HASH)
        assert server.ranges == []
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


def test_another_file_is_refused_and_not_kept(tmp_path: Path) -> None:
    with (
        serving(Server({"a.bin": b"other"})) as server,
        pytest.raises(DataError, match=r"damaged or replaced: .*expected") as caught,
    ):
        download(f"{server.url}/a.bin", tmp_path / "a.bin", HASH)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with serving(Server()) as server, pytest.raises(DataError, match="the server says 404"):
        download(f"{server.url}/a.bin", tmp_path / "a.bin", HASH)


def test_no_connection_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"http://127.0.0.1:9/a.bin: cut off \(.*refused"):
        download("http://127.0.0.1:9/a.bin", tmp_path / "a.bin", HASH)
