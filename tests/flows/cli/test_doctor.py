"""`voxloom doctor`: what it looks at, and what it says of what is missing."""

from importlib import metadata
from pathlib import Path

import pytest

from flows.cli.doctor import requirements_by_extra
from models import checkpoint
from tests.flows.cli.commands import run


def test_a_machine_that_can_build_is_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor") == 0
    shown = capsys.readouterr().out
    for name in ("torch", "duckdb", "openai", "faker", "device", "espeak-ng", "recognizer"):
        assert name in shown
    assert "missing" not in shown
    assert "All there" in shown


def test_a_missing_package_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = metadata.version

    def version(name: str) -> str:
        if name in ("duckdb", "accelerate"):
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    monkeypatch.setattr(metadata, "version", version)
    assert run("doctor") == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert "duckdb missing" in shown
    assert "extra train note without accelerate" in shown
    assert "All there" not in shown


def test_a_missing_checkpoint_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checkpoint, "PRETRAINED", tmp_path)
    assert run("doctor") == 1
    assert "recognizer missing" in " ".join(capsys.readouterr().out.split())


def test_requirements_are_told_apart_by_their_extra() -> None:
    found = requirements_by_extra(
        ["torch<2.15,>=2.11", "httpx2>=2", 'pooch>=1.8; extra == "train"', "regex; extra == 'dev'"]
    )
    assert found == {"": ["torch", "httpx2"], "train": ["pooch"], "dev": ["regex"]}
