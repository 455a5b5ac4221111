"""`voxloom diff` and `voxloom verify` as commands: what is printed, and their status."""

import json
from pathlib import Path

import pytest

from flows.cli.app import main
from tests.pipeline.synthetic_build import seal_tones


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("datasets")
    return seal_tones(folder / "a"), seal_tones(folder / "b", 14, pages=False)


def status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


def test_the_same(datasets: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("diff", str(datasets[0]), str(datasets[0])) == 0
    assert "the same: what made them, and every row" in capsys.readouterr().out


def test_other_rows(datasets: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("diff", *map(str, datasets)) == 1
    out = capsys.readouterr().out
    assert "rows: 2 added, 0 removed, 0 changed, 12 the same" in out
    assert "added, such as: home-00000000000c, home-00000000000d" in out
    assert "12 -> 14" in out


def test_json(datasets: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("diff", "--json", *map(str, datasets)) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["same"], found["rows"]["added"]) == (False, 2)


def test_what_is_missing(datasets: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("diff", str(datasets[0]), "nowhere") == 1
    assert "nowhere: not a Voxloom dataset" in capsys.readouterr().err


def test_verify_prints_a_line_a_problem(
    datasets: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("verify", str(datasets[0])) == 0
    assert "12 rows" in capsys.readouterr().out
    readme = datasets[0] / "README.md"
    readme.write_text(readme.read_text() + "more\n")
    assert status_of("verify", str(datasets[0])) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: README.md: sha256: expected ")
