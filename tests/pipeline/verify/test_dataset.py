"""`verify` finds every kind of damage and names file and row."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.errors import DataError
from pipeline.dataset.build_record import write_build
from pipeline.dataset.files import file_digest
from pipeline.report.page import write_report
from pipeline.verify.dataset import verify
from tests.pipeline.synthetic_build import seal_tones

TRAIN = "data/train-00000-of-00001.parquet"
VALIDATION = "data/validation-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def sealed(sealed_tones: Callable[[int], Path]) -> Path:
    return sealed_tones(30)


@pytest.fixture
def dataset(sealed: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(sealed, tmp_path / "dataset"))


def problems(dataset: Path) -> list[str]:
    return [str(problem) for problem in verify(dataset)]


def rewrite(dataset: Path, change: Callable[[list[dict]], object], name: str = TRAIN) -> list[str]:
    """Change the rows of a file, and make the digest in build.json fit them; returns the ids
    that they had."""
    path = dataset / name
    table = pq.read_table(path)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    fit_digest(dataset, name)
    return table.column("id").to_pylist()


def fit_digest(dataset: Path, name: str = TRAIN) -> None:
    digest = file_digest(dataset / name)
    edit_build(dataset, lambda build: build["files"][name].update(sha256=digest))


def edit_build(dataset: Path, change: Callable[[dict], object]) -> None:
    """Change build.json as one who knows of its digest would."""
    build = json.loads((dataset / "build.json").read_text())
    change(build)
    write_build(dataset, build)


def test_a_whole_dataset_has_no_problem(dataset: Path) -> None:
    assert problems(dataset) == []


ALL_FILES = (TRAIN, VALIDATION, "rejects.parquet", "build.json", "README.md", "audit.json")


@pytest.mark.parametrize("share", [0.001, 0.3, 0.6, 0.999])
@pytest.mark.parametrize("name", [*ALL_FILES, "report.html"])
def test_a_flipped_byte_anywhere_in_any_file(dataset: Path, name: str, share: float) -> None:
    data = bytearray((dataset / name).read_bytes())
    data[int(len(data) * share)] ^= 0x01
    (dataset / name).write_bytes(data)
    if name == "build.json":  # which may not even be JSON any more
        assert found_or_refused(dataset)
    else:
        assert any(line.startswith(f"{name}: sha256: expected") for line in problems(dataset))


def found_or_refused(dataset: Path) -> bool:
    try:
        return any(line.startswith("build.json: ") for line in problems(dataset))
    except DataError as error:
        return "build.json" in str(error)


def test_no_edit_of_the_record_goes_unseen(dataset: Path) -> None:
    """Every value in build.json, one after the other."""
    path = dataset / "build.json"
    whole = path.read_text()
    for key in json.loads(whole):
        build = json.loads(whole)
        build[key] = build[key] + 1 if isinstance(build[key], int) else "else"
        path.write_text(json.dumps(build))
        assert found_or_refused(dataset), key


def flip_in_a_clip(dataset: Path) -> tuple[str, str]:
    """Bytes of the first clip, with the file's digest made to fit."""
    path = dataset / TRAIN
    data = bytearray(path.read_bytes())
    row = pq.read_table(path).slice(0, 1).to_pylist()[0]
    position = bytes(data).index(row["audio"]["bytes"])
    data[position + 200] ^= 0x04
    path.write_bytes(data)
    fit_digest(dataset)
    return row["id"], "audio: cannot be read"


def flip_in_a_clip_with_its_checksum(dataset: Path) -> tuple[str, str]:
    def flip(rows: list[dict]) -> None:
        data = bytearray(rows[3]["audio"]["bytes"])
        data[len(data) // 2] ^= 0x40
        rows[3]["audio"]["bytes"] = bytes(data)

    return rewrite(dataset, flip)[3], "audio: cannot be decoded"


def change(message: str = "", **values: Any) -> Callable[[Path], tuple[str, str]]:
    """Row 3 of train, with these values."""

    def plant(dataset: Path) -> tuple[str, str]:
        row_id = rewrite(dataset, lambda rows: rows[3].update(values))[3]
        return row_id, message or f"{next(iter(values))}: expected"

    return plant


def swap(column: str, message: str) -> Callable[[Path], tuple[str, str]]:
    """Rows 0 and 1 of train, whose transcripts are of unlike lengths, with each other's value."""

    def exchange(rows: list[dict]) -> None:
        rows[0][column], rows[1][column] = rows[1][column], rows[0][column]

    return lambda dataset: (rewrite(dataset, exchange)[1], message)


def duplicate(dataset: Path) -> tuple[str, str]:
    row_id = rewrite(dataset, lambda rows: rows.append(rows[0]))[0]
    return row_id, "this id occurs more than once"


def duplicate_in_another_split(dataset: Path) -> tuple[str, str]:
    row = pq.read_table(dataset / TRAIN).slice(0, 1).to_pylist()[0]
    rewrite(dataset, lambda rows: rows.append(row), VALIDATION)
    return row["id"], "this id occurs more than once"


def move_to_another_split(dataset: Path) -> tuple[str, str]:
    moved: list[dict] = []
    rewrite(dataset, lambda rows: moved.append(rows.pop(2)))
    rewrite(dataset, lambda rows: rows.extend(moved), VALIDATION)
    return moved[0]["id"], "split: expected train by its id, found validation"


def swap_between_splits(dataset: Path) -> tuple[str, str]:
    """The counts stay as they were."""
    other = pq.read_table(dataset / VALIDATION).slice(0, 1).to_pylist()[0]
    moved: list[dict] = []

    def take(rows: list[dict]) -> None:
        moved.append(rows[0])
        rows[0] = other

    rewrite(dataset, take)
    rewrite(dataset, lambda rows: rows.__setitem__(0, moved[0]), VALIDATION)
    return other["id"], "split: expected validation by its id, found train"


def leak(dataset: Path) -> tuple[str, str]:
    """A dataset that claims to keep templates apart, and does not."""
    edit_build(dataset, lambda build: build["config"]["output"].update(disjoint=["template"]))
    row = pq.read_table(dataset / VALIDATION).to_pylist()[0]
    return row["id"], f"template: {row['template']} belongs to train, found in validation"


def noise_in_two_splits(dataset: Path) -> tuple[str, str]:
    """A recording that build.json gives to validation."""
    row = next(row for row in pq.read_table(dataset / TRAIN).to_pylist() if row["noise"]["source"])
    name = row["noise"]["source"]

    def give_away(build: dict) -> None:
        for line in build["licences"]["sources"]:
            line["split"] = "validation" if line["name"] == name else ""

    edit_build(dataset, give_away)
    return row["id"], f"noise.source: {name} is kept to validation, found in train"


def noise_of_nowhere(dataset: Path) -> tuple[str, str]:
    noise = {"class": "rain", "source": "else.flac", "license": "CC0", "offset_s": 0.0}
    noise |= {"snr_db": 10.0, "measured_snr_db": 10.0}
    row_id = rewrite(dataset, lambda rows: rows[3].update(noise=noise))[3]
    return row_id, "noise.source: else.flac is not among the licences of build.json"


def noise_under_another_licence(dataset: Path) -> tuple[str, str]:
    changed: list[str] = []

    def whitewash(rows: list[dict]) -> None:
        row = next(row for row in rows if row["noise"]["class"] == "street")
        row["noise"]["license"], row["license"] = "CC0-1.0", "cc-by-4.0"
        changed.append(row["id"])

    rewrite(dataset, whitewash)
    return changed[0], "noise.license: expected 'CC BY-SA 4.0' from build.json, found 'CC0-1.0'"


@pytest.mark.parametrize(
    "plant",
    [
        pytest.param(flip_in_a_clip, id="a flipped byte in a clip, with the file's digest"),
        pytest.param(
            flip_in_a_clip_with_its_checksum, id="a flipped byte in a clip, all else fits"
        ),
        pytest.param(change(transcript="something else"), id="a changed transcript"),
        pytest.param(
            change("transcript: expected", normalized_text="Something else."),
            id="a changed spoken text",
        ),
        pytest.param(swap("transcript", "transcript: expected"), id="swapped transcripts"),
        pytest.param(swap("words", "words: expected"), id="swapped word times"),
        pytest.param(swap("audio", "audio.path: expected"), id="swapped audio"),
        pytest.param(swap("duration_s", "duration_s: expected"), id="swapped durations"),
        pytest.param(change(duration_s=99.0), id="a wrong duration"),
        pytest.param(change(sample_rate=8000), id="a wrong sample rate"),
        pytest.param(change(seed=8), id="a row of another build"),
        pytest.param(change(license="cc0-1.0"), id="a wrong licence"),
        pytest.param(change(speaker=None), id="a lost value"),
        pytest.param(duplicate, id="a duplicate id"),
        pytest.param(duplicate_in_another_split, id="a duplicate id in another split"),
        pytest.param(move_to_another_split, id="a row in another split"),
        pytest.param(swap_between_splits, id="rows of two splits exchanged"),
        pytest.param(leak, id="what is kept apart crosses splits"),
        pytest.param(noise_in_two_splits, id="a noise in a split that it is kept from"),
        pytest.param(noise_of_nowhere, id="a noise that no licence is known of"),
        pytest.param(noise_under_another_licence, id="a noise under a milder licence"),
    ],
)
def test_a_planted_corruption_is_found_in_its_row(
    dataset: Path, plant: Callable[[Path], tuple[str, str]]
) -> None:
    row_id, message = plant(dataset)
    found = [problem for problem in verify(dataset) if message in problem.message]
    assert found
    assert {problem.file for problem in found} <= {TRAIN, VALIDATION}
    assert any(row_id == problem.id or row_id in problem.message for problem in found)


def test_every_planted_row_is_named_once_a_field(dataset: Path) -> None:
    row_id, _ = change(transcript="something else")(dataset)
    lines = [line for line in problems(dataset) if "transcript: expected" in line]
    assert len(lines) == 1
    assert lines[0].startswith(f"{TRAIN}: row {row_id}: transcript: expected")


def test_lost_rows(dataset: Path) -> None:
    rewrite(dataset, lambda rows: rows.pop())
    found = problems(dataset)
    assert any(line.startswith("build.json: splits.train.rows") for line in found)
    assert any(line.startswith("build.json: splits.train.hours") for line in found)
    assert any(
        line.startswith("build.json: licences: sentences templates:home: rows") for line in found
    )


def test_a_missing_file(dataset: Path) -> None:
    for name in (TRAIN, "report.html"):
        (dataset / name).unlink()
    found = problems(dataset)
    assert f"{TRAIN}: missing; build.json lists it" in found
    assert "report.html: missing; build.json lists it" in found
    assert any(line.startswith("build.json: splits.train.rows") for line in found)


@pytest.mark.parametrize("name", ["train-00001-of-00002.parquet", "notes.txt"])
def test_a_file_too_many(dataset: Path, name: str) -> None:
    shutil.copy(dataset / TRAIN, dataset / "data" / name)
    assert f"data/{name}: not listed in build.json" in problems(dataset)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_truncated_file(dataset: Path, share: float) -> None:
    data = (dataset / TRAIN).read_bytes()
    (dataset / TRAIN).write_bytes(data[: int(len(data) * share)])
    found = problems(dataset)
    assert any(line.startswith(f"{TRAIN}: cannot be read") for line in found)
    assert any(line.startswith(f"{TRAIN}: sha256") for line in found)


def test_changed_columns(dataset: Path) -> None:
    path = dataset / TRAIN
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["speaker"]), path)
    assert any(
        line == f"{TRAIN}: columns: expected speaker, found none" for line in problems(dataset)
    )


@pytest.mark.parametrize("metadata", [None, {b"huggingface": b"no JSON"}])
def test_lost_audio_metadata(dataset: Path, metadata: dict | None) -> None:
    path = dataset / TRAIN
    pq.write_table(pq.read_table(path).replace_schema_metadata(metadata), path)
    assert any("`huggingface` does not describe" in line for line in problems(dataset))


def test_a_schema_that_declares_another_rate(dataset: Path) -> None:
    path = dataset / TRAIN
    table = pq.read_table(path)
    metadata = table.schema.metadata[b"huggingface"].replace(b"16000", b"22050")
    pq.write_table(table.replace_schema_metadata({b"huggingface": metadata}), path)
    row_id = table.column("id")[0]
    expected = f"{TRAIN}: row {row_id}: sample_rate: expected 22050 from the file's schema"
    assert any(line.startswith(expected) for line in problems(dataset))


def test_a_row_that_was_rejected(dataset: Path) -> None:
    row_id = pq.read_table(dataset / TRAIN).column("id")[0].as_py()
    path = dataset / "rejects.parquet"
    table = pq.read_table(path)
    rows = [{**row, "id": row_id} for row in table.to_pylist()]
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    expected = f"rejects.parquet: row {row_id}: was rejected, and yet it is a row of the dataset"
    assert expected in problems(dataset)


def test_several_processes_find_the_same(dataset: Path) -> None:
    change(transcript="something else")(dataset)
    assert verify(dataset, workers=2) == verify(dataset, workers=1) != []


def test_what_is_not_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none: not a Voxloom dataset .*no such folder"):
        verify(tmp_path / "none")
    with pytest.raises(DataError, match="not a Voxloom dataset"):
        verify(tmp_path)
    (tmp_path / "build.json").write_text('{"format": "else"}')
    with pytest.raises(DataError, match="expected voxloom-dataset-1, found else"):
        verify(tmp_path)


def test_a_merged_dataset_may_know_a_name_by_two_licences(dataset: Path) -> None:
    def add(build: dict) -> None:
        lines = build["licences"]["sources"]
        for kind, name in (("noise", "rain-1.flac"), ("sentences", "templates:home")):
            line = next(line for line in lines if (line["kind"], line["name"]) == (kind, name))
            lines.append(line | {"licence": "CC BY-NC 4.0", "split": "test"})

    edit_build(dataset, add)
    assert problems(dataset) == []


@pytest.mark.parametrize(
    ("position", "value"),
    [
        (("config", "output"), "x"),
        (("config", "output", "split"), {"x": 1}),
        (("config", "output", "disjoint"), 3),
        (("versions",), {}),
        (("coverage", "templates"), None),
        (("coverage", "templates"), [1]),
        (("files",), []),
        (("seed",), 10**30),
    ],
)
def test_an_edited_record_is_told_in_a_line(
    tmp_path: Path, position: tuple[str, ...], value: object
) -> None:
    dataset = seal_tones(tmp_path, 3)
    build = json.loads((dataset / "build.json").read_text())
    section = build
    for name in position[:-1]:
        section = section[name]
    section[position[-1]] = value
    (dataset / "build.json").write_text(json.dumps(build))
    for read in (
        lambda: verify(dataset, workers=1),
        lambda: write_report(dataset, tmp_path / "page.html"),
    ):
        told = "build.json"
        try:
            read()
        except DataError as error:
            told = str(error)
        assert "build.json" in told
        assert "\n" not in told
