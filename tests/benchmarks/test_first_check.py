from pathlib import Path
from typing import get_args

from benchmarks.first_check import builds, seconds_of
from pipeline.sentences.drawing.sampling import Strategy


def test_every_strategy_and_a_file_are_checked(tmp_path: Path) -> None:
    found = builds(50, tmp_path)
    assert [*found][:-1] == [*get_args(Strategy)]
    assert {config.sentences.num_rows for config in found.values()} == {50}
    (file,) = found["0 MiB of text"].sentences.files
    assert len(file.path.read_text().splitlines()) == 50
    assert 0 <= seconds_of(found["0 MiB of text"]) < 60
