"""The Parquet files as other libraries take them: all columns there, and audio left alone."""

import io
import json
from pathlib import Path

import duckdb
import fsspec
import pandas
import polars
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
import yaml

from pipeline.audio.files import decode_audio
from pipeline.dataset.files import data_files, read_build, read_rows
from pipeline.dataset.output import OutputConfig
from tests.pipeline.synthetic_build import seal_tones

NUM_ROWS = 150
LIGHT = ["id", "transcript", "duration_s", "speaker"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train in more than one file, and in row groups."""
    folder = tmp_path_factory.mktemp("tones")
    output = OutputConfig(folder / "dataset", max_file_bytes=3_000_000)
    return seal_tones(folder, NUM_ROWS, part_size=NUM_ROWS, output=output)


@pytest.fixture(scope="module")
def rows(dataset: Path) -> dict[str, dict]:
    return {row["id"]: row for path in data_files(dataset) for row in read_rows(path)}


class Counted(io.FileIO):
    """A file that counts the bytes that are read of it."""

    num_read = 0

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def, override]
        count = super().readinto(buffer)
        self.num_read += count or 0
        return count or 0

    def read(self, size: int = -1) -> bytes:
        data = super().read(size)
        self.num_read += len(data)
        return data


def test_files_and_row_groups_are_small_and_say_what_they_are(dataset: Path) -> None:
    """The defaults are 500 MB a file and 32 MB a row group."""
    assert OutputConfig(Path("out")).max_file_bytes <= 500_000_000
    files = data_files(dataset)
    assert len(files) > 3
    for path in files:
        metadata = pq.read_metadata(path)
        groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
        assert path.stat().st_size < 3_300_000
        assert all(group.total_byte_size <= 100_000_000 for group in groups)
        features = json.loads(metadata.metadata[b"huggingface"])["info"]["features"]
        assert list(features) == pq.read_schema(path).names
        assert features["audio"]["_type"] == "Audio"


def test_the_card_describes_the_columns_as_the_files_do(dataset: Path) -> None:
    header = yaml.safe_load((dataset / "README.md").read_text().split("---\n")[1])
    names = [feature["name"] for feature in header["dataset_info"]["features"]]
    assert names == pq.read_schema(data_files(dataset)[0]).names
    (config,) = header["configs"]
    splits = {each["split"]: each["path"] for each in config["data_files"]}
    assert splits == {name: f"data/{name}-*" for name in read_build(dataset)["splits"]}


def test_load_dataset_needs_no_argument_but_the_folder(
    dataset: Path, rows: dict, tmp_path: Path
) -> None:
    import datasets

    loaded = datasets.load_dataset(str(dataset), cache_dir=str(tmp_path))
    found = {}
    for split in loaded.values():
        plain = split.cast_column("audio", datasets.Audio(decode=False))
        found |= {row["id"]: row for row in plain}
    assert found == rows


def test_datasets_streams_it(dataset: Path, rows: dict) -> None:
    import datasets

    stream = datasets.load_dataset(str(dataset), split="test", streaming=True)
    plain = stream.cast_column("audio", datasets.Audio(decode=False))
    found = list(plain)
    assert found
    assert all(row == rows[row["id"]] for row in found)
    wave, sample_rate = decode_audio(found[0]["audio"]["bytes"])
    assert len(wave) / sample_rate == found[0]["duration_s"]


def test_every_reader_finds_the_same_light_columns(dataset: Path, rows: dict) -> None:
    pattern = str(dataset / "data" / "*.parquet")
    expected = sorted(tuple(row[name] for name in LIGHT) for row in rows.values())
    tables = {
        "pandas": pandas.read_parquet(dataset / "data", columns=LIGHT).itertuples(index=False),
        "polars": polars.scan_parquet(pattern).select(LIGHT).collect().iter_rows(),
        "duckdb": duckdb.sql(f"select {', '.join(LIGHT)} from '{pattern}'").fetchall(),
        "pyarrow": zip(
            *pyarrow.dataset.dataset(dataset / "data").to_table(LIGHT).to_pydict().values(),
            strict=True,
        ),
    }
    for reader, found in tables.items():
        assert sorted(tuple(row) for row in found) == expected, reader


def test_nested_columns_are_asked_by_name(dataset: Path, rows: dict) -> None:
    pattern = str(dataset / "data" / "*.parquet")
    noisy = sum(row["noise"]["class"] == "rain" for row in rows.values())
    query = f"select count(*) from '{pattern}' where noise.class = 'rain'"
    assert duckdb.sql(query).fetchall() == [(noisy,)]
    scanned = polars.scan_parquet(pattern)
    rain = polars.col("noise").struct.field("class") == "rain"
    assert scanned.filter(rain).select(polars.len()).collect().item() == noisy
    audio = scanned.select(polars.col("audio").struct.field("bytes")).collect()
    assert decode_audio(audio["bytes"][0])[1] == 16000


def test_light_columns_are_read_without_the_audio(dataset: Path) -> None:
    """What is read of a file for a few columns is a small part of it: footer and these columns."""
    path = data_files(dataset)[0]
    for read in (
        lambda file: pq.read_table(file, columns=LIGHT),
        lambda file: pandas.read_parquet(file, columns=LIGHT),
        lambda file: (
            pyarrow.dataset.ParquetFileFormat().make_fragment(file).to_table(columns=LIGHT)
        ),
    ):
        with Counted(path) as file:
            assert len(read(file)) > 10
            assert file.num_read < 0.1 * path.stat().st_size


def test_statistics_let_readers_skip_row_groups(dataset: Path) -> None:
    metadata = pq.read_metadata(data_files(dataset)[0])
    names = [metadata.schema.column(index).path for index in range(len(metadata.schema.names))]
    for group in range(metadata.num_row_groups):
        for name in ("id", "duration_s", "speaker", "noise.snr_db", "seed"):
            assert metadata.row_group(group).column(names.index(name)).statistics.has_min_max
        audio = metadata.row_group(group).column(names.index("audio.bytes"))
        assert audio.compression == "UNCOMPRESSED"
        assert not audio.has_dictionary_page


def test_it_is_read_from_a_store_that_is_no_disk(dataset: Path, rows: dict) -> None:
    store = fsspec.filesystem("memory")
    store.put(str(dataset), "/tones", recursive=True)
    try:
        table = pq.read_table("/tones/data", filesystem=store, columns=LIGHT)
        assert sorted(table["id"].to_pylist()) == sorted(rows)
        frame = pandas.read_parquet("memory://tones/data", columns=["id", "audio"])
        audio = frame.set_index("id")["audio"]
        assert all(audio[row_id]["bytes"] == row["audio"]["bytes"] for row_id, row in rows.items())
    finally:
        store.rm("/tones", recursive=True)
