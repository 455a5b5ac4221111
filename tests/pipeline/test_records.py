"""Every record is plain data with slots, and its shard has a column for each of its fields."""

import dataclasses
import inspect
import typing

import numpy as np
import pyarrow as pa
import pytest

from pipeline import records
from pipeline.records import CleanClip, JudgedClip, Judgement, MelClip, Performance
from pipeline.storage.shards import REJECT, SCHEMAS

RECORDS = [kind for _, kind in inspect.getmembers(records, dataclasses.is_dataclass)]


@pytest.mark.parametrize("record", RECORDS)
def test_records_are_frozen_and_have_slots(record: type) -> None:
    assert record.__dataclass_params__.frozen
    assert "__slots__" in vars(record)
    assert record.__doc__


@pytest.mark.parametrize("record", SCHEMAS)
def test_a_shard_has_a_column_for_each_field_and_no_other(record: type) -> None:
    columns = {field.name: field.type for field in SCHEMAS[record] if field.name != "reject"}
    check(record, columns)


def check(record: type, columns: dict[str, pa.DataType]) -> None:
    hints = typing.get_type_hints(record)
    assert set(columns) == set(hints), record.__name__
    for name, hint in hints.items():
        kind = columns[name]
        if typing.get_origin(hint) is tuple:
            assert pa.types.is_list(kind), name
            hint, kind = typing.get_args(hint)[0], kind.value_type
        if dataclasses.is_dataclass(hint):
            check(hint, {field.name: field.type for field in kind})


def test_rejects_have_their_columns() -> None:
    fields = {field.name for field in dataclasses.fields(records.Reject)}
    assert {"id", *(field.name for field in REJECT)} == fields


def test_a_judged_clip_holds_what_it_is_made_of() -> None:
    performance = Performance("anna", 1.0, 0.0, 1.0, (), "fs@0")
    mel = MelClip("a-1", performance, np.zeros((80, 3), np.float16))
    clean = CleanClip("a-1", "vocos@0", 22050, 768, b"fLaC")
    judgement = Judgement(0.1, 1, 0, 1, 0.02, 12.0, 0.1, -24.0, 30.0, 0.0, 0.0)
    judged = JudgedClip("a-1", 0, mel.performance, clean, judgement)
    assert judged.performance is performance
    assert judged.clean is clean
    shared = {field.name for field in dataclasses.fields(Performance)}
    for record in (MelClip, JudgedClip):  # no field twice
        assert not shared & {field.name for field in dataclasses.fields(record)}
