"""Columns as the audit compares them."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from pipeline.audit.columns import (
    OTHERS,
    POSITION,
    as_numbers,
    column_of,
    label_columns,
    pooled,
    read_light_columns,
    read_log,
)
from pipeline.splits import SPLITS
from tests.planted_bias import clean_rows, table_of, write_dataset


def test_many_numbers_stay_numbers_and_few_are_labels() -> None:
    many = column_of("snr", range(40), [float(n) for n in range(40)])
    assert many.levels is None
    few = column_of("bits", range(4), [16, 8.0, 8, 16])
    assert few.levels == ("16", "8")
    assert as_numbers(few).tolist() == [16, 8, 8, 16]
    assert column_of("on", range(2), [True, False]).levels == ("False", "True")


def test_rare_labels_are_pooled_and_frequent_ones_keep_their_names() -> None:
    column = column_of("word", range(9), list("aaabbbcde"))
    assert pooled(column, 5) is column
    few = pooled(column, 3)
    assert few.levels == ("a", "b", OTHERS)
    assert few.values.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_part_of_a_column_keeps_the_values_of_its_rows() -> None:
    column = column_of("word", [1, 4, 6], ["x", "y", "z"])
    part = column.within(np.array([4, 6]))
    assert [part.levels[code] for code in part.values] == ["y", "z"]  # type: ignore[index]


def _log(*rows: dict[str, dict[str, object]]) -> pa.Table:
    entries = [
        [{"link": link, "parameters": json.dumps(drawn)} for link, drawn in row.items()]
        for row in rows
    ]
    return pa.table({"augmentations": entries})


def test_the_log_falls_into_links_and_plain_parameters() -> None:
    log = read_log(
        _log(
            {"gain": {"gain_db": -3.0}},
            {},
            {"gain": {"gain_db": -1.5}, "loss": {"at_s": [0.1, 0.2], "codec": "opus", "x": None}},
        )
    )
    assert log.applied["gain"].tolist() == [True, False, True]
    assert log.applied["loss"].tolist() == [False, False, True]
    assert set(log.drawn) == {
        "gain.gain_db",
        "loss.codec",
        "loss.at_s[0]",
        "loss.at_s[1]",
        "loss.how many",
    }
    assert log.drawn["gain.gain_db"].rows.tolist() == [0, 2]


def test_a_second_link_of_a_kind_has_columns_of_its_own() -> None:
    twice = pa.table(
        {
            "augmentations": [
                [{"link": "gain", "parameters": f'{{"gain_db": {db}}}'} for db in (1, 2)]
            ]
        }
    )
    log = read_log(twice)
    assert set(log.applied) == {"gain", "gain 2"}
    assert log.drawn["gain 2.gain_db"].levels == ("2",)


def test_labels_are_what_a_model_learns_and_where_a_row_lies() -> None:
    labels = {column.name: column for column in label_columns(table_of(clean_rows(0, 50)))}
    assert set(labels) == {
        "intent",
        "template",
        "split",
        "source",
        "negative.kind",
        "slot room",
        POSITION,
    }
    indices = labels[POSITION].values
    train = labels["split"].values == labels["split"].levels.index("train")  # type: ignore[union-attr]
    assert (np.diff(indices[train]) >= 0).all()
    assert set(indices[train]) == set(range(10))


def test_all_splits_are_read_in_order_with_their_names(tmp_path: Path) -> None:
    rows = clean_rows(0, 60)
    table = read_light_columns(write_dataset(tmp_path / "d", rows))
    assert table["id"].to_pylist() == [
        row["id"] for split in SPLITS for row in rows if row["split"] == split
    ]


def test_a_dataset_of_an_older_version_is_named(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "d", clean_rows(0, 30))
    path = next((dataset / "data").glob("train*"))
    pq.write_table(pq.read_table(path).drop_columns(["augmentations"]), path)
    with pytest.raises(DataError, match=r"train-00000.*no column `augmentations`"):
        read_light_columns(dataset)
    path.write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"train-00000.*cannot be read"):
        read_light_columns(dataset)
    with pytest.raises(DataError, match="no rows"):
        read_light_columns(tmp_path)


def test_a_log_of_nothing_is_empty() -> None:
    table = pa.table({"augmentations": pa.array([[], []], _log({"a": {}})["augmentations"].type)})
    assert read_log(table).drawn == {}


@pytest.mark.parametrize("value", [3, 3.0])
def test_equal_numbers_are_one_label(value: float) -> None:
    assert column_of("n", range(1), [value]).levels == ("3",)


def test_of_many_rows_some_are_drawn_in_their_order(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "d", clean_rows(0, 90))
    whole, some = (read_light_columns(dataset, most, seed=1) for most in (90, 40))
    assert whole.equals(read_light_columns(dataset))
    assert len(some) == 40
    assert some.equals(read_light_columns(dataset, 40, seed=1))
    assert not some.equals(read_light_columns(dataset, 40, seed=2))
    rows = [str(row) for row in whole.to_pylist()]
    places = [rows.index(str(row)) for row in some.to_pylist()]
    assert places == sorted(places)
