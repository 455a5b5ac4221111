"""`diff` says what changed between two datasets, and nothing else."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats

from models.errors import DataError
from pipeline.diff.datasets import Diff, diff
from pipeline.diff.distributions import SpreadCount, _kolmogorov_smirnov, _median, spreads_of
from tests.pipeline.synthetic_build import seal_tones

TRAIN = "data/train-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def before(sealed_tones: Callable[[int], Path]) -> Path:
    return sealed_tones(24)


@pytest.fixture
def after(before: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(before, tmp_path / "after"))


def rewrite(dataset: Path, change: Callable[[list[dict]], object], name: str = TRAIN) -> None:
    table = pq.read_table(dataset / name)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), dataset / name)


def spread(found: Diff, name: str) -> str:
    return next(spread.words for spread in found.spreads if spread.name == name)


def test_a_dataset_is_the_same_as_its_copy(before: Path, after: Path) -> None:
    found = diff(before, after)
    assert found.is_same
    assert (found.rows.same, found.rows.changed) == (24, 0)
    assert {spread.words for spread in found.spreads} == {"the same"}
    assert found.as_json()["same"] is True


@pytest.mark.parametrize("folder", ["speaker=dag/mine", "pace=fast/mine", "v[1]"])
def test_the_name_of_a_folder_does_not_count(before: Path, tmp_path: Path, folder: str) -> None:
    assert diff(before, Path(shutil.copytree(before, tmp_path / folder))).is_same


def test_the_order_of_rows_does_not_count(before: Path, after: Path) -> None:
    rewrite(after, lambda rows: rows.reverse())
    assert diff(before, after).is_same


def test_rows_that_were_added_and_removed(before: Path, tmp_path: Path) -> None:
    larger = seal_tones(tmp_path, num_rows=30, pages=False)
    found = diff(before, larger)
    assert not found.is_same
    assert (found.rows.added, found.rows.removed, found.rows.same) == (6, 0, 24)
    assert found.rows.examples["added"] == [f"home-{index:012x}" for index in range(24, 29)]
    assert any((change.key, change.after) == ("rows", 30) for change in found.counts)
    assert diff(larger, before).rows.removed == 6


def test_changed_columns_are_named(before: Path, after: Path) -> None:
    def change(rows: list[dict]) -> None:
        rows[0]["pace"] += 0.5
        rows[1]["pace"] += 0.5
        rows[1]["audio"]["bytes"] += b"x"

    rewrite(after, change)
    found = diff(before, after)
    assert found.rows.columns == {"pace": 2, "audio": 1}
    assert (found.rows.changed, found.rows.same) == (2, 22)
    assert len(found.rows.examples["changed"]) == 2
    assert spread(found, "pace").startswith("median")
    assert spread(found, "speaker") == "the same"


def test_a_row_in_another_split_has_changed(before: Path, after: Path) -> None:
    moved: list[dict] = []
    rewrite(after, lambda rows: moved.append(rows.pop()))
    rewrite(after, lambda rows: rows.extend(moved), "data/test-00000-of-00001.parquet")
    found = diff(before, after)
    assert found.rows.columns == {"split": 1}
    assert found.rows.examples["changed"] == [moved[0]["id"]]
    assert "train" in spread(found, "split")


def test_what_made_them(before: Path, after: Path) -> None:
    path = after / "build.json"
    text = (
        path.read_text().replace('"train": 0.8', '"train": 0.7').replace('"seed": 7', '"seed": 8')
    )
    path.write_text(text)
    made = {change.key: (change.before, change.after) for change in diff(before, after).made}
    assert made == {"seed": (7, 8), "config.output.split.train": (0.8, 0.7)}


def test_a_column_that_only_one_has(before: Path, after: Path) -> None:
    for path in (after / "data").iterdir():
        pq.write_table(pq.read_table(path).drop_columns(["attempt"]), path)
    found = diff(before, after)
    (change,) = found.columns
    assert (change.key, change.before, change.after) == ("attempt", "int64", None)
    assert found.rows.same == 24


def test_what_is_no_dataset(before: Path, after: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a Voxloom dataset"):
        diff(before, tmp_path / "none")
    (after / TRAIN).write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be read"):
        diff(before, after)
    shutil.rmtree(after / "data")
    with pytest.raises(DataError, match="has no data files"):
        diff(before, after)


def count(noise: list[str], durations: list[float]) -> SpreadCount:
    return SpreadCount({"noise class": Counter(noise)}, {"duration": Counter(durations)})


def test_words_tell_chance_from_change() -> None:
    rng = np.random.default_rng(0)
    usual = [count(["rain", "sea"] * 200, rng.normal(2, 0.3, 400).round(3)) for _ in range(2)]
    other = count(["rain"] * 300 + ["sea"] * 100, rng.normal(2.3, 0.3, 400).round(3))
    by_name = {spread.name: spread for spread in spreads_of(usual[0], other)}
    assert by_name["noise class"].words.startswith(
        "rain 50.0 % -> 75.0 %, sea 50.0 % -> 25.0 %; more than chance (p "
    )
    assert "; more than chance (p " in by_name["duration"].words
    same = {spread.name: spread for spread in spreads_of(*usual)}
    assert same["noise class"].words == "the same"
    assert "no more than chance" in same["duration"].words


def test_figures_are_those_of_scipy() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(0, 1, 301).round(2), rng.normal(0.2, 1, 250).round(2)
    distance, p = _kolmogorov_smirnov(Counter(first.tolist()), Counter(second.tolist()))
    expected = stats.ks_2samp(first, second, method="asymp")
    assert distance == pytest.approx(expected.statistic)
    assert p == pytest.approx(expected.pvalue, rel=0.3)
    assert _median(Counter(first.tolist())) == np.median(first)


def test_empty_ones_are_told_without_a_p() -> None:
    (found,) = [
        spread
        for spread in spreads_of(count([], []), count([], [1.0]))
        if spread.name == "duration"
    ]
    assert (found.words, found.p) == ("0 rows have one -> 1", None)


def test_twice_as_many_of_the_same_are_told_as_such() -> None:
    found = spreads_of(
        count(["rain", "sea"], [1.0, 2.0]), count(["rain", "sea"] * 2, [1.0, 2.0] * 2)
    )
    words = {spread.name: spread.words for spread in found}
    assert words["noise class"] == words["duration"] == "the same shares of another number of rows"
