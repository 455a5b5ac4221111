"""A column is declared once, and is then everywhere that columns are."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.audit.columns import label_columns, read_light_columns, voice_columns
from pipeline.build.seal import seal
from pipeline.build.stages import STAGE_NAMES
from pipeline.dataset.columns import AUDIO, COLUMNS, GROUPS, Column
from pipeline.dataset.files import CARD_FILE, REPORT_FILE, data_files, read_rows
from pipeline.dataset.manifest import dataset_schema, row_problems, write_part
from pipeline.dataset.output import OutputConfig
from pipeline.verify.dataset import verify
from tests.pipeline.synthetic_build import build_info, rows_of

MOOD = Column("mood", pa.string(), "synthesize", "how the speaker feels", "Voice", "label")


def test_every_column_has_a_stage_and_a_meaning_and_is_shown() -> None:
    for name, column in COLUMNS.items():
        assert column.name == name
        assert column.stage in STAGE_NAMES
        assert column.meaning
        assert column.group in ("", *GROUPS)


def test_the_schema_is_the_table() -> None:
    always = {name: column.type for name, column in COLUMNS.items() if not column.kept}
    assert {field.name: field.type for field in dataset_schema()} == always
    kept = dataset_schema(kept=["noise_audio"])
    assert kept.names == [*always, "noise_audio"]
    assert kept.field("noise_audio").type == AUDIO


def test_fields_that_may_be_null_are_fields() -> None:
    for column in COLUMNS.values():
        if column.nullable:
            assert set(column.nullable) <= {field.name for field in column.type}


def test_a_new_column_is_in_files_checks_pages_and_audit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(COLUMNS, MOOD.name, MOOD)
    rows = [row | {"mood": "calm" if index % 2 else "glad"} for index, row in _numbered(24)]
    assert row_problems(rows[0] | {"mood": None}) == ["mood: expected a value, found null"]
    assert row_problems(rows[0] | {"mood": ""}) == ["mood: expected text, found none"]

    part = write_part(tmp_path / "part.parquet", rows)
    dataset = seal([part], [], build_info(), OutputConfig(path=tmp_path / "dataset"))
    assert verify(dataset, workers=1) == []
    file = data_files(dataset)[0]
    assert {row["mood"] for row in read_rows(file, ["mood"])} == {"calm", "glad"}
    features = json.loads(pq.read_schema(file).metadata[b"huggingface"])["info"]["features"]
    assert features["mood"] == {"dtype": "string", "_type": "Value"}
    card = (dataset / CARD_FILE).read_text()
    assert "| mood | how the speaker feels | synthesize |" in card
    assert "name: mood" in card
    assert "<dt>mood</dt>" in (dataset / REPORT_FILE).read_text()
    labels = {column.name: column for column in label_columns(read_light_columns(dataset))}
    assert labels["mood"].levels == ("calm", "glad")


def test_the_audit_takes_each_control_of_the_voice(tmp_path: Path) -> None:
    part = write_part(tmp_path / "part.parquet", rows_of(range(3)))
    names = [column.name for column in voice_columns(pq.read_table(part))]
    assert names[:3] == ["speaker", "accent", "pace"]


def _numbered(count: int) -> list[tuple[int, dict]]:
    return list(enumerate(rows_of(range(count))))
