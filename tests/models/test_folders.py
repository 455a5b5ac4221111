import errno
import sys
from pathlib import Path

import pytest

from models import folders
from models.errors import ConfigError, DataError
from models.folders import check_can_be_written, check_file_can_be_written, files_below
from models.object_store import RemotePath


def test_folders_that_are_links_count_like_others(tmp_path: Path) -> None:
    real, elsewhere = tmp_path / "sounds" / "rain", tmp_path / "elsewhere"
    for folder in (real, elsewhere, tmp_path / "sounds" / ".hidden"):
        folder.mkdir(parents=True)
        (folder / "a.wav").touch()
    (real.parent / "wind").symlink_to(elsewhere)
    (elsewhere / "again").symlink_to(real.parent)  # a circle
    found = [str(path.relative_to(real.parent)) for path in files_below(real.parent)]
    assert found == ["rain/a.wav", "wind/a.wav"]


def test_a_folder_is_tried_and_nothing_is_left(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "new" / "below"):
        check_can_be_written(folder)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_is_told_with_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"^run: .*/file: is a file; a folder is needed$"):
        check_can_be_written(tmp_path / "file", "run")
    with pytest.raises(DataError, match=r"^run: .*/below: .*/file is a file; a folder is needed$"):
        check_can_be_written(tmp_path / "file" / "below", "run")
    for check in (check_can_be_written, check_file_can_be_written):
        with pytest.raises(ConfigError, match=r"^run: s3://bucket/a: is not on this machine"):
            check(RemotePath("s3://bucket/a"), "run")
    with pytest.raises(DataError, match=r"^run: .*: cannot be written to \(File name too long\)$"):
        check_can_be_written(tmp_path / ("a" * 300), "run")

    def refuse(**_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(folders, "TemporaryDirectory", refuse)
    with pytest.raises(DataError, match=r"written to \(Read-only file system\)$"):
        check_can_be_written(tmp_path / "new", "run")


def test_a_file_is_no_folder_and_lies_in_one(tmp_path: Path) -> None:
    check_file_can_be_written(tmp_path / "new" / "file", "--json")
    (tmp_path / "file").touch()
    check_file_can_be_written(tmp_path / "file", "--json")
    with pytest.raises(DataError, match=r"^--json: .*: is a folder; a file is needed$"):
        check_file_can_be_written(tmp_path, "--json")
    with pytest.raises(DataError, match=r"^--json: .*/file: is a file; a folder is needed$"):
        check_file_can_be_written(tmp_path / "file" / "below", "--json")


@pytest.mark.skipif(sys.platform != "linux", reason="has no /proc")
@pytest.mark.parametrize("place", ["/proc/data", "/sys/data", "/proc/self/data/below"])
def test_what_the_kernel_shows_is_no_disk(place: str) -> None:
    with pytest.raises(DataError, match="cannot be written to"):
        check_can_be_written(Path(place))
