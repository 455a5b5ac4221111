"""The rows of a stretch of a file against themselves and against `build.json`."""

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.dataset.manifest import dataset_schema
from pipeline.licences.summary import RowLicences, SummaryCount, SummaryLine
from pipeline.splits import split_of
from pipeline.verify.rows import Expected, Found, Stretch, check_stretch, hash_of
from tests.pipeline.synthetic_build import SOURCES, rows_of

SEED = 7
SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
TRAIN = [i for i in range(12) if split_of(f"home-{i:012x}", SEED, SHARES) == "train"]


def expected_of(rows: list[dict]) -> Expected:
    count = SummaryCount(SOURCES)
    for row in rows:
        count.add(row)
    log_file: dict[tuple[str, str], list[SummaryLine]] = {}
    for line in count.summary().sources:
        log_file.setdefault((line.kind, line.name), []).append(line)
    return Expected(SEED, SHARES, [RowLicences.of_sources("cc-by-4.0", SOURCES)], log_file)


def check(tmp_path: Path, change: Callable[[list[dict]], object] = lambda _: None) -> Found:
    """What is found in a file of rows that were changed after `build.json` was written."""
    rows = rows_of(TRAIN)
    expected = expected_of(rows)
    change(rows)
    path = tmp_path / "train-00000-of-00001.parquet"
    table = pa.Table.from_pylist(rows, schema=dataset_schema())
    pq.write_table(
        table,
        path,
        row_group_size=3,
        write_page_checksum=True,
        compression="none",
        use_dictionary=False,
    )
    groups = pq.ParquetFile(path).num_row_groups
    return check_stretch(Stretch(path, 0, groups, rate=16000), expected)


def test_sound_rows_have_no_problem_and_are_counted(tmp_path: Path) -> None:
    found, rows = check(tmp_path), rows_of(TRAIN)
    assert found.problems == []
    assert (found.split, found.rows) == ("train", len(TRAIN))
    assert found.duration_s == pytest.approx(sum(row["duration_s"] for row in rows))
    assert found.ids.tolist() == [hash_of(row["id"]) for row in rows]
    assert found.sources["sentences", "templates:home"] == len(TRAIN)
    assert found.licences.total() == len(TRAIN)
    assert found.values["speaker"].tolist() == sorted({hash_of(row["speaker"]) for row in rows})


def test_a_stretch_is_some_row_groups(tmp_path: Path) -> None:
    check(tmp_path)
    path = tmp_path / "train-00000-of-00001.parquet"
    found = check_stretch(Stretch(path, 1, 2), expected_of(rows_of(TRAIN)))
    assert found.ids.tolist() == [hash_of(row["id"]) for row in rows_of(TRAIN[3:6])]


CONTRADICTIONS = [
    ({"seed": 8}, "seed: expected 7 from build.json, found 8"),
    ({"transcript": "sing"}, "transcript: expected"),
    ({"license": "mit"}, "license: expected"),
    ({"source": "poems"}, "source: row home-.* poems, declares no licence"),
    ({"acoustic_model": "other@1"}, "acoustic_model: other@1 is not among the licences"),
    ({"noise.source": "gone.flac"}, "noise.source: gone.flac is not among the licences"),
    ({"noise.license": "MIT"}, "noise.license: expected"),
    ({"id": "home-0000000000zz"}, "audio.path: expected home-0000000000zz.flac"),
]


@pytest.mark.parametrize(("values", "message"), CONTRADICTIONS)
def test_a_row_that_contradicts_itself_or_its_build_is_named(
    tmp_path: Path, values: dict, message: str
) -> None:
    noisy = next(n for n, row in enumerate(rows_of(TRAIN)) if row["noise"]["source"])

    def change(rows: list[dict]) -> None:
        for name, value in values.items():
            column, _, part = name.partition(".")
            rows[noisy][column] = rows[noisy][column] | {part: value} if part else value

    problems = check(tmp_path, change).problems
    told = [problem.message for problem in problems]
    assert any(re.match(message, text) for text in told), told
    assert {problem.file for problem in problems} == {"data/train-00000-of-00001.parquet"}


def test_a_row_of_another_split_is_found(tmp_path: Path) -> None:
    check(tmp_path)
    moved = (tmp_path / "train-00000-of-00001.parquet").rename(tmp_path / "test-00000.parquet")
    found = check_stretch(Stretch(moved, 0, 1), expected_of(rows_of(TRAIN)))
    assert {problem.message for problem in found.problems} == {
        "split: expected train by its id, found test"
    }


def test_another_rate_than_the_schema_declares(tmp_path: Path) -> None:
    check(tmp_path)
    path = tmp_path / "train-00000-of-00001.parquet"
    found = check_stretch(Stretch(path, 0, 1, rate=8000), expected_of(rows_of(TRAIN)))
    assert "expected 8000 from the file's schema, found 16000" in found.problems[0].message


def test_a_damaged_page_is_told_by_rows_and_column(tmp_path: Path) -> None:
    check(tmp_path)
    path, (first, last) = tmp_path / "train-00000-of-00001.parquet", rows_of([TRAIN[3], TRAIN[5]])
    data = bytearray(path.read_bytes())
    damaged = data.index(first["audio"]["bytes"][200:240])
    data[damaged] ^= 0xFF
    path.write_bytes(data)
    found = check_stretch(Stretch(path, 0, 2), expected_of(rows_of(TRAIN)))
    (problem,) = found.problems
    assert problem.message.startswith(f"rows {first['id']} to {last['id']}: audio: cannot be read")
    assert found.rows == 3


def test_a_file_that_is_no_parquet(tmp_path: Path) -> None:
    path = tmp_path / "train-00000.parquet"
    path.write_bytes(b"nothing")
    (problem,) = check_stretch(Stretch(path, 0, 1), expected_of([])).problems
    assert "cannot be read" in problem.message
