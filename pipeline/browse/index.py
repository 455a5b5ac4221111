"""Questions about a dataset's rows, answered by DuckDB out of the few columns that are asked for.

The columns are read once, into memory of about 500 bytes a row; audio stays in its files.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

import duckdb

from models.errors import DataError
from pipeline.dataset.files import data_files
from pipeline.dataset.light_rows import split_of_file
from pipeline.storage.shards import first_line

PAGE_ROWS = 25
_LAST_PAGE = 10**12
_MOST_OPTIONS = 500  # in a list to choose from
_COLUMNS = {
    "id": "id",
    "text": "text",
    "phonemes": "phonemes",
    "speaker": "speaker",
    "intent": "intent",
    "snr_db": "noise.measured_snr_db",
    "error_percent": "100 * quality.phone_error_rate",
    "seconds": "duration_s",
}
_WORDS = re.compile(r'"([^"]+)"|(\S+)')
ORDERS = ("index", "text", "speaker", "intent", "snr_db", "error_percent", "seconds")


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows are wanted; an empty text, or None, asks for nothing.

    Every word of `text`, and every phrase "in quotes", must occur in the text, the transcript, the
    phonemes or the id. A row without noise is above every SNR; one that no recognizer judged
    passes any limit on errors.
    """

    text: str = ""
    split: str = ""
    speaker: str = ""
    intent: str = ""
    snr_from: float | None = None
    snr_to: float | None = None
    error_to: float | None = None
    is_marked: bool | None = None
    order: str = "index"
    is_falling: bool = False
    page: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of one page, each with its `index`, out of `total` that fit."""

    total: int
    rows: list[dict[str, Any]]


class RowIndex:
    """The rows of a dataset to ask questions of; safe to ask from several threads.

    Raises `DataError` when a data file is missing or damaged.
    """

    def __init__(self, dataset: Path) -> None:
        self._database = duckdb.connect(":memory:")
        self._database.execute("SET enable_progress_bar = false")
        files = data_files(dataset)
        try:
            for number, path in enumerate(files):
                self._load(path, is_first=not number)
        except duckdb.Error as error:
            raise DataError(f"{dataset}: cannot be read ({first_line(error)})") from error
        if not files:
            raise DataError(f"{dataset}: has no data files to browse")
        self._database.execute("SET enable_external_access = false")  # no query reaches a file

    def _load(self, path: Path, is_first: bool) -> None:
        start = 0 if is_first else self._one("SELECT count(*) FROM clips")
        columns = ", ".join(f"{source} AS {name}" for name, source in _COLUMNS.items())
        searched = "lower(concat_ws(' ', text, transcript, phonemes, id))"
        self._database.execute(
            f"{'CREATE TABLE clips AS' if is_first else 'INSERT INTO clips'} "
            f"SELECT file_row_number + ? AS index, ? AS split, {columns}, {searched} AS searched "
            "FROM read_parquet(?, file_row_number = true, hive_partitioning = false) "
            "ORDER BY index",
            [start, split_of_file(path), escape(str(path))],
        )

    def _one(self, query: str) -> Any:
        (row,) = self._database.cursor().execute(query).fetchall()
        return row[0]

    def options(self) -> dict[str, list[str]]:
        """What there is to choose from: splits, and the most frequent speakers and intents."""
        return {name: self._most_frequent(name) for name in ("split", "speaker", "intent")}

    def _most_frequent(self, column: str) -> list[str]:
        rows = self._database.cursor().execute(
            f"SELECT {column} FROM clips WHERE {column} <> '' GROUP BY {column} "
            f"ORDER BY count(*) DESC, {column} LIMIT {_MOST_OPTIONS}"
        )
        return sorted(value for (value,) in rows.fetchall())

    def id_of(self, index: int) -> str | None:
        """The id of the row at an index; None where there is none."""
        rows = self._database.cursor().execute("SELECT id FROM clips WHERE index = ?", [index])
        return next((value for (value,) in rows.fetchall()), None)

    def ask(self, question: Question, marked: Collection[str]) -> Answer:
        """One page of the rows that are wanted; `marked` are the ids with a mark."""
        condition, values = _condition(question, marked)
        order = question.order if question.order in ORDERS else "index"
        falling = "DESC" if question.is_falling else "ASC"
        query = (
            f"SELECT index, split, {', '.join(_COLUMNS)}, count(*) OVER () AS total FROM clips "
            f"WHERE {condition} ORDER BY {order} {falling} NULLS LAST, index "
            f"LIMIT {PAGE_ROWS} OFFSET {PAGE_ROWS * min(max(0, question.page), _LAST_PAGE)}"
        )
        result = self._database.cursor().execute(query, values)
        names = [column[0] for column in result.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        if not rows:
            return Answer(self._count(condition, values), [])
        total = int(rows[0]["total"])
        return Answer(total, [_without(row, "total") for row in rows])

    def _count(self, condition: str, values: Sequence[Any]) -> int:
        query = f"SELECT count(*) FROM clips WHERE {condition}"
        (row,) = self._database.cursor().execute(query, list(values)).fetchall()
        return int(row[0])


def _condition(question: Question, marked: Collection[str]) -> tuple[str, list[Any]]:
    """SQL in which every value from outside is a parameter, and those parameters."""
    conditions: list[tuple[str, Any]] = [
        ("contains(searched, ?)", phrase or word)
        for phrase, word in _WORDS.findall(question.text.lower())
    ]
    for column in ("split", "speaker", "intent"):
        if wanted := getattr(question, column):
            conditions.append((f"{column} = ?", wanted))
    for name, value in (
        ("coalesce(snr_db, 'inf'::DOUBLE) >= ?", question.snr_from),
        ("coalesce(snr_db, 'inf'::DOUBLE) <= ?", question.snr_to),
        ("coalesce(error_percent, 0) <= ?", question.error_to),
    ):
        if value is not None:
            conditions.append((name, value))
    if question.is_marked is not None:
        negation = "" if question.is_marked else "NOT "
        conditions.append((f"id {negation}IN (SELECT unnest(?::VARCHAR[]))", sorted(marked)))
    if not conditions:
        return "true", []
    return " AND ".join(sql for sql, _ in conditions), [value for _, value in conditions]


def _without(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
