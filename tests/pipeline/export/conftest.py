"""A dataset for exports: several data files, hard negatives, speakers with awkward names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.build.seal import seal
from pipeline.dataset.files import data_files
from pipeline.dataset.manifest import write_part
from pipeline.dataset.output import OutputConfig
from tests.pipeline.synthetic_build import build_info, rows_of, without_speech

NUM_ROWS = 56
SPEAKERS = {"bruno": "mix(alba, dag, 0.4)", "chiara": "generated-001", "dag": "generated_001"}


@pytest.fixture(scope="package", autouse=True)
def _without_reports() -> Iterator[None]:
    """No export reads the page, and drawing it takes longer than all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.build.pages.render_report", lambda *_: "")
        yield


@pytest.fixture(scope="package")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train has two data files or more; every third row is a hard negative, and in every eighth
    nobody speaks.
    """
    folder = tmp_path_factory.mktemp("exported")
    rows = rows_of(range(NUM_ROWS))
    for index, row in enumerate(rows):
        row["speaker"] = SPEAKERS.get(row["speaker"], row["speaker"])
        if index % 3 == 0:
            row["negative"] = {"kind": "near_word", "near_to": "lights", "distance": 0.25}
        if index % 8 == 4:
            rows[index] = without_speech(row)
    rows[0]["text"] = "Pay $5 | now, “please”"
    part = write_part(folder / "part.parquet", rows)
    split = {"train": 0.76, "validation": 0.12, "test": 0.12}
    output = OutputConfig(folder / "dataset", split=split, max_file_bytes=1_000_000)
    sealed = seal([part], [], build_info(), output)
    assert len(data_files(sealed)) >= 4
    return sealed
