"""Where a command cannot write, it says so before any work."""

from pathlib import Path

import pytest

from tests.flows.cli.commands import run

COMMANDS = (
    "probe none --real none",
    "coverage configs/build/quickstart.yaml",
    "evaluate vocoders --corpus none --checkpoints none",
    "evaluate acoustic --corpus none --checkpoints none",
    "evaluate voices --systems none+none",
    "evaluate contrasts --systems none+none --whisper none",
    "evaluate intelligibility --corpus none",
    "evaluate new-voices --corpus none",
    "audit none",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_in_the_place_of_a_folder_is_told_first(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert run(*command.split(), "--out", tmp_path / "file") == 1
    told = capsys.readouterr().err
    assert told == f"error: --out: {tmp_path / 'file'}: is a file; a folder is needed\n"


@pytest.mark.parametrize(
    ("command", "option"),
    [
        ("mels none --corpus none --to x", "--cache"),
        ("mels none --corpus none", "--to"),
        ("corpus get an4", "--to"),
        ("corpus prepare none", "--cache"),
        ("evaluate vocoders --corpus none --checkpoints none", "--cache"),
    ],
)
def test_so_is_one_in_the_place_of_a_cache_or_a_corpus(
    command: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert run(*command.split(), option, tmp_path / "file") == 1
    told = capsys.readouterr().err
    assert told == f"error: {option}: {tmp_path / 'file'}: is a file; a folder is needed\n"


@pytest.mark.parametrize("option", ["--out", "--json"])
def test_an_object_store_is_told_first(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("audit", "none", option, "s3://bucket/x") == 2
    assert "s3://bucket/x: is not on this machine; a local path" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["report none --out", "audit none --json"])
def test_a_folder_in_the_place_of_a_file_is_told_first(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command.split(), tmp_path) == 1
    told = capsys.readouterr().err
    assert told == f"error: {command.split()[-1]}: {tmp_path}: is a folder; a file is needed\n"
