"""The command line: what it prints, how it fails, and how soon it answers."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.dataset.files import read_build
from tests.flows.cli.commands import command_of, every_command, run
from tests.tiny_build import rows_by_id, write_tiny_build
from tests.tiny_voices import TinyVoices


@pytest.mark.parametrize("path", every_command(), ids=" ".join)
def test_help_describes_every_command_and_option(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*path, "--help") == 0
    assert f"Usage: voxloom {' '.join(path)}" in capsys.readouterr().out
    command = command_of(path)
    assert command.help
    assert [option.name for option in command.params if not getattr(option, "help", "")] == []


def test_help_comes_at_once(checkout: Path) -> None:
    before = os.times()
    subprocess.run([sys.executable, "-m", "flows.cli.app", "--help"], cwd=checkout, check=True)
    after = os.times()
    user_s = after.children_user - before.children_user
    assert user_s + after.children_system - before.children_system < 1.0


def test_an_unknown_key_ends_with_2_and_one_line(
    tmp_path: Path, tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices)
    assert run("build", str(config), "--set", "voice.pitch=1") == 2
    message = capsys.readouterr().err
    assert message.startswith(f"error: {config}: voice.pitch: unknown key")
    assert message.count("\n") == 1


def test_a_missing_checkpoint_ends_with_1(
    tmp_path: Path, tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices)
    assert run("build", str(config), "--set", "voice.vocoder=nobody") == 1
    assert "error: nobody: no such checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "..", "../elsewhere", "a/b", "/tmp/x"])
def test_a_checkpoint_ships_under_a_name_alone(
    name: str, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("models.checkpoint.PRETRAINED", tmp_path / "pretrained")
    assert run("checkpoints", "ship", tiny_voices.vocoder, name) == 2
    assert not list(tmp_path.iterdir())


def test_a_full_disk_ends_with_1_and_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(command: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # of a file that is open

    monkeypatch.setattr("flows.cli.app.read_paths", write)
    assert run("corpus", "list") == 1
    told = "error: the disk is full; free some space or choose another folder\n"
    assert capsys.readouterr().err == told


def test_verify_passes_a_good_dataset(
    tiny_dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("verify", tiny_dataset) == 0
    assert "12 rows" in capsys.readouterr().out


def test_verify_tells_a_folder_that_is_no_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("verify", str(tmp_path)) == 1
    assert "error:" in capsys.readouterr().err


def test_report_writes_a_page_with_the_clips(tiny_dataset: Path, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(tiny_dataset, tmp_path / "dataset"))
    page, rows = tmp_path / "page.html", rows_by_id(dataset)
    assert run("report", dataset, "--out", page) == 0
    written = page.read_text(encoding="utf-8")
    assert f"<title>{read_build(dataset)['name']} " in written
    assert "data:audio/" in written
    shown = [row for row in rows.values() if row["text"] in written]
    assert len(shown) == len(rows)
    assert run("report", dataset) == 0
    assert (dataset / "report.html").read_text(encoding="utf-8") == written


def test_checkpoints_show_tells_speakers_and_size(
    tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("checkpoints", "show", str(tiny_voices.acoustic_model)) == 0
    shown = capsys.readouterr().out
    assert "kind: fastspeech2" in shown
    assert "- anna" in shown
