"""`voxloom corpus`: what it lists, and errors of a line."""

from pathlib import Path

import pytest

from flows.cli import app as cli


def _run(*arguments: object) -> int:
    try:
        cli.main(["corpus", *map(str, arguments)])
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def test_corpora_are_listed_with_size_and_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "ljspeech",
        "train-clean-5",
        "vctk",
        "an4",
        "speechocean762",
        "speech-commands",
    ]
    assert "333 MB" in lines[1]
    assert lines[1].endswith("CC BY 4.0")


def test_a_corpus_that_is_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "an4").mkdir()
    (tmp_path / "an4" / "metadata.csv").touch()
    assert _run("get", "an4", "--to", tmp_path) == 0
    assert f"corpus   {tmp_path / 'an4'}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["get", "timit", "--to", "x"], 2, "corpus timit: unknown; allowed: ljspeech, "),
        (["prepare", "/nowhere"], 2, "corpus.root: /nowhere is no folder"),
        (["prepare", "/tmp", "--held-out", "1"], 2, "--held-out: held_out: a share from 0 up to 1"),
        (["prepare", "/tmp", "--recognizer", "vocos"], 2, "--recognizer vocos: is a vocos"),
    ],
)
def test_wrong_arguments_end_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, message: str
) -> None:
    assert _run(*arguments) == status
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
