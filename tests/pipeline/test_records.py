"""Every record is plain data with slots, and its shard has a column for each of its fields."""

import dataclasses
import inspect
import typing

import numpy as np
import pyarrow as pa
import pytest

from pipeline import records
from pipeline.records import CleanClip, JudgedClip, Judgement, MelClip, Performance, Reject
from pipeline.storage.shards import REJECT, SCHEMAS

RECORDS = [kind for _, kind in inspect.getmembers(records, dataclasses.is_dataclass)]


@pytest.mark.parametrize("record", RECORDS)
def test_records_are_frozen_and_have_slots(record: type) -> None:
    assert record.__dataclass_params__.frozen
    assert "__slots__" in vars(record)
    assert record.__doc__


def test_every_stages_records_have_a_shard() -> None:
    made = [*SCHEMAS, Reject]
    assert [kind for kind in RECORDS if "id" in typing.get_type_hints(kind)] == sorted(
        made, key=RECORDS.index
    )


def test_columns_have_the_types_of_the_fields() -> None:
    schema = SCHEMAS[JudgedClip]
    assert schema.names == ["id", "attempt", "performance", "clean", "judgement", "reject"]
    assert not schema.field("id").nullable
    assert schema.field("attempt").type == pa.int64()
    words = schema.field("performance").type.field("words").type
    assert words.value_type.field("start_s").type == pa.float64()
    judged = schema.field("judgement").type
    assert judged.field("divergent_phones").type == pa.int64()  # or None, in the record
    assert schema.field("clean").type.field("pcm").type == pa.binary()
    assert SCHEMAS[MelClip].field("mel").type.field("values").type == pa.binary()


def test_rejects_have_their_columns() -> None:
    fields = [field.name for field in dataclasses.fields(Reject)]
    assert ["id", *(field.name for field in REJECT)] == fields


def test_a_judged_clip_holds_what_it_is_made_of() -> None:
    performance = Performance("anna", 1.0, 0.0, 1.0, (), "fs@0")
    mel = MelClip("a-1", performance, np.zeros((80, 3), np.float16))
    clean = CleanClip("a-1", "vocos@0", 22050, 768, bytes(1536))
    judgement = Judgement(0.1, 1, 0, 1, 0.02, 12.0, 0.1, -24.0, 30.0, 0.0, 0.0)
    judged = JudgedClip("a-1", 0, mel.performance, clean, judgement)
    assert judged.performance is performance
    assert judged.clean is clean
    shared = {field.name for field in dataclasses.fields(Performance)}
    for record in (MelClip, JudgedClip):  # no field twice
        assert not shared & {field.name for field in dataclasses.fields(record)}
