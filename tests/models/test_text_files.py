from pathlib import Path

import pytest

from models.errors import DataError
from models.text_files import lines_of, read_lines


def test_lines_end_where_editors_end_them() -> None:
    inside = "one\u2028still\x85one\x0c"
    assert lines_of(f"{inside}\ntwo\r\nthree\r\rfive") == [inside, "two", "three", "", "five"]
    assert lines_of("one\n") == lines_of("one") == ["one"]
    assert lines_of("") == []


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("\ufeffone\ntwo".encode())
    assert read_lines(tmp_path / "a", "a list") == ["one", "two"]


@pytest.mark.parametrize("content", [b"one\nt\x00o", "one\nzw\u00f6lf".encode("latin-1")])
def test_what_is_no_text_is_named_by_its_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError, match=rf"^{tmp_path / 'a'}:2: .* a list"):
        read_lines(tmp_path / "a", "a list")
