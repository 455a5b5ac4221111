"""Rows out of every kind of file that people have, and what is said of damaged ones."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from pipeline.sentences.own.own_files import (
    MAX_COLUMNS,
    OwnRow,
    columns_of,
    content_digest,
    data_files,
    read_rows,
)

TABLE = pa.table({"text": ["Hello.", "Good bye."], "intent": ["greet", "part"], "n": [1, 2]})


def write(folder: Path, name: str, content: str | bytes = "") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def written_as(folder: Path, suffix: str) -> Path:
    path = folder / f"mine{suffix}"
    if suffix == ".parquet":
        pq.write_table(TABLE, path)
    elif suffix == ".arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, TABLE.schema) as writer:
            writer.write_table(TABLE)
    elif suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in TABLE.to_pylist()))
    else:
        part = "," if suffix == ".csv" else "\t"
        rows = [["text", "intent", "n"], ["Hello.", "greet", "1"], ["Good bye.", "part", "2"]]
        path.write_text("".join(part.join(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".parquet", ".arrow"])
def test_every_format_has_the_same_columns_and_rows(tmp_path: Path, suffix: str) -> None:
    path = written_as(tmp_path, suffix)
    assert list(columns_of(path)) == ["text", "intent", "n"]
    rows = list(read_rows(path, ["text", "intent"]))
    assert [(row.values["text"], row.values["intent"]) for row in rows] == [
        ("Hello.", "greet"),
        ("Good bye.", "part"),
    ]
    assert not any(row.problem for row in rows)


def test_tables_know_their_types_and_give_the_columns_asked_for(tmp_path: Path) -> None:
    path = written_as(tmp_path, ".parquet")
    assert columns_of(path) == {"text": "string", "intent": "string", "n": "int64"}
    assert [row.values for row in read_rows(path, ["n"])] == [{"n": 1}, {"n": 2}]
    with pytest.raises(DataError, match="no column `age`; there are: text, intent, n"):
        list(read_rows(path, ["age"]))


def test_a_text_file_is_a_column_of_its_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", b"\xef\xbb\xbfOne.\r\nTwo.\n\xff\n")
    assert columns_of(path) == {"text": ""}
    assert list(read_rows(path, ["text"])) == [
        OwnRow(1, {"text": "One."}),
        OwnRow(2, {"text": "Two."}),
        OwnRow(3, problem="not UTF-8 text"),
    ]


def test_a_line_too_long_to_be_held_is_one_problem(tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", b"x" * (5 << 20) + b"\nshort\n")
    first, second = read_rows(path, ["text"])
    assert first.problem == "a line of more than 1,048,576 bytes"
    assert second == OwnRow(2, {"text": "short"})


def test_a_spoiled_row_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    lines = write(tmp_path, "a.jsonl", '{"text": "a"}\n{\n[1]\n\n{"text": "b"}\n')
    problems = [row.problem for row in read_rows(lines, ["text"])]
    assert problems == ["", "not JSON", "not a JSON object", "empty", ""]
    records = write(tmp_path, "a.csv", 'text,n\n"two\nlines",1\nlone\n,\nlast,2\n')
    rows = list(read_rows(records, ["text"]))
    assert [row.line for row in rows] == [2, 4, 5, 6]
    assert [row.problem for row in rows] == ["", "1 fields under 2 columns", "empty", ""]
    assert rows[0].values["text"] == "two\nlines"


def test_lines_of_which_none_is_an_object_have_no_columns_to_choose_from(tmp_path: Path) -> None:
    for text in ("{\n[1]\n", f'{{"text": "hi", "n": {"9" * 5000}}}\n', "[" * 5000 + "\n"):
        with pytest.raises(DataError, match=r"a\.jsonl:1: not JSON$"):
            columns_of(write(tmp_path, "a.jsonl", text))


def test_quotes_of_a_tsv_are_text_unless_they_hold_the_whole_field(tmp_path: Path) -> None:
    path = write(tmp_path, "a.tsv", 'text\n"said ""so"""\na 5" disk\n')
    assert [row.values["text"] for row in read_rows(path, ["text"])] == ['said "so"', 'a 5" disk']


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv:1: the file is empty"),
        ("a.csv", "text,text\n", "a.csv:1: two columns are called `text`"),
        ("a.parquet", "nothing", r"a.parquet: not a sound \.parquet file"),
        ("a.arrow", "nothing", r"a.arrow: not a sound \.arrow file"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        columns_of(write(tmp_path, name, content))


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_a_long_field_is_no_damage(tmp_path: Path, suffix: str) -> None:
    long, part = "x" * 200_000, "," if suffix == ".csv" else "\t"
    path = write(tmp_path, f"mine{suffix}", f"text{part}note\nHello.{part}{long}\n{long}{part}b\n")
    rows = list(read_rows(path, ["text"]))
    assert [(row.values["text"], row.problem) for row in rows] == [("Hello.", ""), (long, "")]


def test_an_open_quote_is_found_where_it_was_opened(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'text\nfine\n"open\nand on\n')
    with pytest.raises(DataError, match=r"a\.csv:3: not CSV: .*is a quote open"):
        list(read_rows(path, ["text"]))


def test_a_folder_is_read_by_its_first_kind_of_file(tmp_path: Path) -> None:
    write(tmp_path, "b.csv")
    write(tmp_path, ".cache/c.parquet")
    assert [file.name for file in data_files(tmp_path)] == ["b.csv"]
    write(tmp_path, "sub/a.jsonl")
    assert [file.name for file in data_files(tmp_path)] == ["a.jsonl"]
    state = {"_data_files": [{"filename": "data-0.arrow"}]}
    write(tmp_path, "state.json", json.dumps(state))
    assert data_files(tmp_path) == [tmp_path / "data-0.arrow"]
    nul = {"_data_files": [{"filename": "a\0/data-0.arrow"}]}
    for wrong in ("{}", json.dumps(nul)):
        write(tmp_path, "state.json", wrong)
        with pytest.raises(DataError, match="does not list the files of a saved dataset"):
            data_files(tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [("no", "no such file or folder"), ("a.doc", "`.doc` files cannot be read"), ("", "no data")],
)
def test_what_holds_no_rows_is_told_with_what_is_allowed(
    tmp_path: Path, name: str, message: str
) -> None:
    write(tmp_path, "a.doc")
    with pytest.raises(DataError, match=rf"{message}.*; allowed: \.txt, \.csv"):
        data_files(tmp_path / name)


def test_a_digest_follows_the_columns_that_are_read(tmp_path: Path) -> None:
    path = written_as(tmp_path, ".parquet")
    before = content_digest([path], ["text"])
    pq.write_table(TABLE.set_column(2, "n", pa.array([8, 9])), path)
    assert content_digest([path], ["text"]) == before
    assert content_digest([path], ["n"]) != content_digest([path], ["text"])
    pq.write_table(TABLE.set_column(0, "text", pa.array(["Hello.", "Bye."])), path)
    assert content_digest([path], ["text"]) != before


def test_names_in_json_lines_are_counted_over_all_objects(tmp_path: Path) -> None:
    rows = [json.dumps({"text": "x", f"c{number}": "x"}) for number in range(MAX_COLUMNS + 9)]
    path = write(tmp_path, "wide.jsonl", "\n".join(rows))
    with pytest.raises(DataError, match=r"wide.jsonl:2000: 2,001 columns; at most 2,000"):
        columns_of(path)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_more_columns_than_are_read_are_told(tmp_path: Path, suffix: str) -> None:
    row = {f"c{number}": "x" for number in range(MAX_COLUMNS + 1)}
    path = tmp_path / f"wide{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    else:
        path.write_text(json.dumps(row) if suffix == ".jsonl" else ",".join(row))
    with pytest.raises(DataError, match=r":1: 2,001 columns; at most 2,000 are read"):
        columns_of(path)
