"""The command line: what it prints, how it fails, and how soon it answers."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from flows.cli import app as cli
from pipeline.build.config import load_build_config
from pipeline.build.stages import plan
from tests.tiny_build import run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, tiny_voices: TinyVoices) -> Path:
    config = write_tiny_build(tmp_path_factory.mktemp("build"), tiny_voices)
    return run_stages(plan(load_build_config(config)))


def _run(*arguments: str) -> int:
    """The exit status of `voxloom ARGUMENTS`."""
    try:
        cli.main(arguments)
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["build", "--help"],
        ["verify", "--help"],
        ["report", "--help"],
        ["coverage", "--help"],
        ["say", "--help"],
        ["train", "--help"],
        ["teach", "speak", "--help"],
        ["corpus", "get", "--help"],
        ["corpus", "prepare", "--help"],
        ["mels", "--help"],
        ["evaluate", "vocoders", "--help"],
        ["evaluate", "acoustic", "--help"],
        ["checkpoints", "list", "--help"],
        ["doctor", "--help"],
    ],
    ids=" ".join,
)
def test_help_is_there_for_every_command(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(*arguments) == 0
    assert "Usage: voxloom" in capsys.readouterr().out


def test_help_comes_at_once(checkout: Path) -> None:
    started = time.process_time(), os.times().children_user
    subprocess.run([sys.executable, "-m", "flows.cli.app", "--help"], cwd=checkout, check=True)
    assert os.times().children_user - started[1] < 2.0


def test_an_unknown_key_ends_with_2_and_one_line(
    tmp_path: Path, tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices)
    assert _run("build", str(config), "--set", "voice.pitch=1") == 2
    message = capsys.readouterr().err
    assert message.startswith(f"error: {config}: voice.pitch: unknown key")
    assert message.count("\n") == 1


def test_a_missing_checkpoint_ends_with_1(
    tmp_path: Path, tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices)
    assert _run("build", str(config), "--set", "voice.vocoder=nobody") == 1
    assert "error: nobody: no such checkpoint" in capsys.readouterr().err


def test_verify_passes_a_good_dataset(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("verify", str(dataset)) == 0
    assert "12 rows" in capsys.readouterr().out


def test_verify_tells_a_folder_that_is_no_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("verify", str(tmp_path)) == 1
    assert "error:" in capsys.readouterr().err


def test_report_writes_the_page(dataset: Path, tmp_path: Path) -> None:
    assert _run("report", str(dataset), "--out", str(tmp_path / "page.html")) == 0
    assert "<html" in (tmp_path / "page.html").read_text(encoding="utf-8")


def _say(tiny_voices: TinyVoices, *arguments: str) -> int:
    models = ["--acoustic-model", str(tiny_voices.acoustic_model)]
    return _run("say", *arguments, *models, "--vocoder", str(tiny_voices.vocoder))


def test_say_writes_a_file(
    tmp_path: Path, tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "hello.wav"
    assert _say(tiny_voices, "It is 7:30 am.", "--speaker", "ben", "-o", str(out)) == 0
    assert soundfile.info(out).duration > 0.1
    assert "seven thirty" in capsys.readouterr().out


def test_say_mixes_voices(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    out = tmp_path / "mixed.wav"
    assert _say(tiny_voices, "Hello.", "-s", "mix(anna, ben, 0.4)", "-o", str(out)) == 0
    assert soundfile.info(out).duration > 0.1


def test_say_takes_its_time(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    text = "The kitchen light is on."
    fast, slow = tmp_path / "fast.wav", tmp_path / "slow.wav"
    _say(tiny_voices, text, "--pace", "1.5", "-o", str(fast))
    _say(tiny_voices, text, "--pace", "0.5", "-o", str(slow))
    assert soundfile.info(slow).duration > 1.5 * soundfile.info(fast).duration


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["Hello.", "-o", "hello.mp3"], "hello.mp3"),
        (["Hello.", "--speaker", "nobody", "-o", "x.wav"], "anna, ben"),
        (["Hello.", "--speaker", "mix(anna, zoe, 0.4)", "-o", "x.wav"], "0.40): zoe: "),
        (["Hello.", "--pace", "9", "-o", "x.wav"], "--pace: 9; 0.3 to 3 is allowed"),
        (["Hello.", "--energy", "0", "-o", "x.wav"], "--energy: 0; 0.01 to 100 is"),
        (["...", "-o", "x.wav"], "nothing to say"),
    ],
)
def test_say_tells_what_it_cannot(
    tiny_voices: TinyVoices,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    named: str,
) -> None:
    assert _say(tiny_voices, *arguments) in (1, 2)
    assert named in capsys.readouterr().err


def test_checkpoints_show_tells_speakers_and_size(
    tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("checkpoints", "show", str(tiny_voices.acoustic_model)) == 0
    shown = capsys.readouterr().out
    assert "kind: fastspeech2" in shown
    assert "- anna" in shown


def test_doctor_names_what_it_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("doctor") in (0, 1)
    shown = capsys.readouterr().out
    for name in ("torch", "device", "espeak-ng", "text grammars", "fastspeech2"):
        assert name in shown
