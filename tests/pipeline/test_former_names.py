"""A dataset whose column `attempt` has its former name, `take`, and whose `quality` lacks what is
measured since, is read like any other.
"""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.audit.columns import read_light_columns
from pipeline.browse.index import Question, RowIndex
from pipeline.dataset.build_record import write_build
from pipeline.dataset.columns import HUGGINGFACE
from pipeline.dataset.files import DATA, data_files, file_digest, read_build, read_rows
from pipeline.dataset.light_rows import LightRows, RowsByIndex
from pipeline.dataset.marks import write_marks
from pipeline.diff.datasets import diff
from pipeline.editing.drop import drop_marked
from pipeline.editing.join import join
from pipeline.export.run import ExportRequest, export_dataset
from pipeline.report.page import render_report
from pipeline.verify.dataset import verify
from tests.pipeline.synthetic_build import seal_tones

LATER = ("naturalness", "word_error_rate")


def with_former_name(path: Path) -> None:
    """Write the data file as an older version did."""
    table = pq.read_table(path)
    names = ["take" if name == "attempt" else name for name in table.column_names]
    metadata = json.loads(table.schema.metadata[HUGGINGFACE])
    features = metadata["info"]["features"]
    kept = [field for field in table.schema.field("quality").type if field.name not in LATER]
    features["quality"] = {field.name: features["quality"][field.name] for field in kept}
    metadata["info"]["features"] = dict(zip(names, features.values(), strict=True))
    told = {HUGGINGFACE: json.dumps(metadata)}
    index = names.index("quality")
    table = table.set_column(index, "quality", table["quality"].cast(pa.struct(kept)))
    pq.write_table(table.rename_columns(names).replace_schema_metadata(told), path)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal_tones(tmp_path_factory.mktemp("new"), num_rows=30)


@pytest.fixture(scope="module")
def old(new: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(new, tmp_path_factory.mktemp("old") / "dataset"))
    build = read_build(folder)
    for path in data_files(folder):
        with_former_name(path)
        build["files"][f"{DATA}/{path.name}"]["sha256"] = file_digest(path)
    write_build(folder, build)
    return folder


def columns_of(dataset: Path) -> set[str]:
    return {name for path in data_files(dataset) for name in pq.read_schema(path).names}


def rows_by_id(dataset: Path) -> dict[str, dict]:
    return {row["id"]: row for path in data_files(dataset) for row in read_rows(path)}


def test_it_is_one_of_an_older_version(old: Path) -> None:
    assert "take" in columns_of(old)
    assert "attempt" not in columns_of(old)
    assert not any(
        field.name in LATER for field in pq.read_schema(data_files(old)[0]).field("quality").type
    )


def test_rows_come_under_the_present_name(new: Path, old: Path) -> None:
    assert rows_by_id(old) == rows_by_id(new)
    assert list(LightRows.of(old, ("id", "attempt"))) == list(LightRows.of(new, ("id", "attempt")))
    assert LightRows.of(old, ()).numbers("attempt").tolist() == [0.0] * 30
    indices = RowsByIndex(data_files(old))
    assert "attempt" in indices.columns
    assert indices.read(3, ["id", "attempt"]) == RowsByIndex(data_files(new)).read(
        3, ["id", "attempt"]
    )
    assert read_light_columns(old).equals(read_light_columns(new))


def test_it_is_verified_shown_and_compared(new: Path, old: Path) -> None:
    assert verify(old, workers=1) == []
    assert RowIndex(old).ask(Question(), ()).total == 30
    assert "<dt>attempt</dt>" in render_report(old)
    assert diff(old, new).is_same


def test_it_is_exported_alike(new: Path, old: Path, tmp_path: Path) -> None:
    for dataset, name in ((new, "new"), (old, "old")):
        export_dataset(ExportRequest(dataset, "hf-audiofolder", tmp_path / name))
    lines = [(tmp_path / name / "train/metadata.jsonl").read_text() for name in ("new", "old")]
    assert lines[0] == lines[1]


def test_joined_with_a_new_one_it_has_the_present_name(
    new: Path, old: Path, tmp_path: Path
) -> None:
    joined = join([old, new], tmp_path / "both", "both")
    assert (joined.rows, joined.repeated) == (30, 30)
    assert "take" not in columns_of(joined.dataset)
    assert rows_by_id(joined.dataset) == rows_by_id(new)
    assert verify(joined.dataset, workers=1) == []
    features = pq.read_schema(data_files(joined.dataset)[0]).metadata[HUGGINGFACE]
    assert features == pq.read_schema(data_files(new)[0]).metadata[HUGGINGFACE]


def test_without_some_rows_it_has_the_present_name(old: Path, tmp_path: Path) -> None:
    marked = next(iter(rows_by_id(old)))
    write_marks(tmp_path / "marks.csv", {marked: "cut off"})
    drop_marked(old, tmp_path / "marks.csv", tmp_path / "fewer")
    assert "take" not in columns_of(tmp_path / "fewer")
    assert rows_by_id(tmp_path / "fewer").keys() == rows_by_id(old).keys() - {marked}


def test_a_file_that_describes_no_columns_is_named(old: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(old, tmp_path / "dataset"))
    path = data_files(folder)[0]
    pq.write_table(pq.read_table(path).replace_schema_metadata({HUGGINGFACE: "{"}), path)
    assert any("does not describe the columns" in str(one) for one in verify(folder, workers=1))
