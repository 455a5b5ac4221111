"""The large dataset that is measured has as many rows as asked, each under an id of its own."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.large_dataset import repeat_dataset
from pipeline.browse.index import Question, RowIndex
from pipeline.dataset.files import data_files
from pipeline.dataset.light_rows import LightRows


def test_rows_are_repeated(tmp_path: Path, sealed_tones: Callable[[int], Path]) -> None:
    source = sealed_tones(12)
    large = repeat_dataset(source, tmp_path / "large", 250)
    ids = list(LightRows.of(large, ("id",)).texts("id"))
    assert len(ids) == len(set(ids)) == 250
    assert len(data_files(large)) == 1
    assert RowIndex(large).ask(Question(text="light"), ()).total > 50
