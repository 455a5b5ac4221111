"""`voxloom probe` as a person meets it: tables, files, one-line errors."""

import json
from pathlib import Path

import pytest

from flows.cli import app as cli
from tests.pipeline.probe.test_run import write_corpus


def _run(*arguments: str) -> int:
    try:
        cli.main(arguments)
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    write_corpus(folder / "spoken", 3, 6, seed=1)
    write_corpus(folder / "other", 2, 6, seed=2)
    write_corpus(folder / "real", 2, 2, seed=3)
    return folder


def test_tables_are_printed_and_written(
    corpora: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spoken, real, other = (str(corpora / name) for name in ("spoken", "real", "other"))
    out = tmp_path / "out"
    few = ("--epochs", "2", "--out", str(out))
    assert _run("probe", spoken, "--real", real, "--train-real", other, *few) == 0
    printed = capsys.readouterr().out
    for text in ("keyword model", "real-1", "other speakers like these", "as often right as"):
        assert text in printed
    results = json.loads((out / "results.json").read_text())
    assert [result["kind"] for result in results] == ["keyword", "keyword"]
    assert results[0]["scores"][0]["num_clips"] == 12
    said = results[0]["confusions"]
    assert sum(one["num_clips"] for one in said) == 12
    shares = dict(said[0]["heard_as"])
    assert said[0]["right"] + sum(shares.values()) == pytest.approx(1)
    rows = [line.split("|")[1].strip() for line in printed.splitlines() if line.startswith("| ")]
    assert rows[rows.index("said") + 2] == said[0]["label"]
    assert len((out / "clips.csv").read_text().splitlines()) == 1 + 2 * 12


def test_errors_are_one_line(corpora: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("probe", str(corpora / "spoken"), "--real", str(corpora)) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert len(told.splitlines()) == 1
