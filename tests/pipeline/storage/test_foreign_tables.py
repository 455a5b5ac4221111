"""Tables that would end the process that reads them end another one, and are told in a line."""

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from pipeline.sentences.own.own_files import columns_of, read_rows
from pipeline.storage import foreign_tables
from pipeline.storage.foreign_tables import check_tables

TEXTS = [f"Sentence number {number}." for number in range(10)]
TABLE = pa.table(
    {
        "text": TEXTS,
        "intent": pa.array(["on", "off"] * 5).dictionary_encode(),
        "slots": [[{"name": "n", "value": text}] for text in TEXTS],
    }
)


def arrow_file(folder: Path, table: pa.Table = TABLE, name: str = "own.arrow") -> Path:
    path = folder / name
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return path


def with_offset(path: Path, column: str, number: int) -> Path:
    """The file with the last offset of its texts replaced, in a column of the same name alone."""
    offsets = struct.pack("<11i", *[sum(map(len, TEXTS[:count])) for count in range(11)])
    data = path.read_bytes()
    at = data.index(offsets) if column == "text" else data.rindex(offsets)
    at += len(offsets) - 8
    path.write_bytes(data[:at] + struct.pack("<i", number) + data[at + 4 :])
    return path


@pytest.mark.parametrize("number", [2**31 - 1, -1, 10**6])
@pytest.mark.parametrize("column", ["text", "slots"])
def test_offsets_out_of_their_buffer_are_told(tmp_path: Path, column: str, number: int) -> None:
    """Read where they lead, such as these end the interpreter."""
    path = with_offset(arrow_file(tmp_path), column, number)
    with pytest.raises(DataError, match=r"own\.arrow: not a sound \.arrow file \(.*ffset"):
        list(read_rows(path, ["text", "slots"]))


@pytest.mark.parametrize("kept", [0, 4, 200, 700, 1200])
def test_a_file_that_was_cut_is_told(tmp_path: Path, kept: int) -> None:
    path = arrow_file(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match=r"own\.arrow: not a sound \.arrow file \("):
        check_tables([path], TABLE.schema.names)


def test_sound_files_are_read_as_before(tmp_path: Path) -> None:
    path = arrow_file(tmp_path)
    pq.write_table(TABLE, tmp_path / "own.parquet")
    for file in (path, tmp_path / "own.parquet"):
        assert list(columns_of(file)) == TABLE.schema.names
        assert [row.values["text"] for row in read_rows(file, ["text"])] == TEXTS


def test_text_that_is_no_utf8_is_a_matter_of_its_row(tmp_path: Path) -> None:
    """Yet what is damaged beside it is found."""
    bytes_ = pa.array([text.encode() for text in TEXTS[:-1]] + [b"\xff" * len(TEXTS[-1])])
    table = TABLE.set_column(0, "text", bytes_.view(pa.string()))
    path = arrow_file(tmp_path, table)
    assert [row.problem for row in read_rows(path, ["text"])] == [""] * 9 + ["not UTF-8 text"]
    with pytest.raises(DataError, match="not a sound"):
        check_tables([with_offset(path, "slots", 10**6)], ["text", "slots"])


def test_a_reader_that_dies_names_the_file_and_the_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = tmp_path / "reader.py"
    reader.write_text(
        "import os, signal\n"
        "print('started\\nfine\\nstarted', flush=True)\n"
        "os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.setattr(foreign_tables, "_READER", reader)
    paths = [arrow_file(tmp_path, name=f"{name}.arrow") for name in "abc"]
    with pytest.raises(DataError, match=r"b\.arrow: not a sound .*ends with SIGSEGV"):
        check_tables(paths, ["text"])


def test_more_rows_than_the_limit_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Parquet file of a few kilobytes can hold billions of equal rows."""
    monkeypatch.setattr(foreign_tables, "MAX_ROWS", 9)
    pq.write_table(TABLE, tmp_path / "own.parquet")
    with pytest.raises(DataError, match=r"more than 9 rows in \S+ bytes, the most that are read"):
        check_tables([tmp_path / "own.parquet"], ["text"])


def test_more_rows_than_a_file_of_its_size_can_have_are_told(tmp_path: Path) -> None:
    equal = pa.DictionaryArray.from_arrays(np.zeros(1_200_000, np.int32), ["Turn on the light."])
    pq.write_table(pa.table({"text": equal}), tmp_path / "own.parquet")
    assert (tmp_path / "own.parquet").stat().st_size < 20_000
    with pytest.raises(DataError, match=r"more than 1,\d+,\d+ rows in \S+ bytes, the most"):
        check_tables([tmp_path / "own.parquet"], ["text"])
