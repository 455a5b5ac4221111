"""`voxloom evaluate` and `voxloom mels` from the command line to their files."""

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.cli import app as cli
from flows.cli.evaluate import evaluate_acoustic
from flows.cli.evaluate_speech import evaluate_intelligibility, evaluate_new_voices
from models.evaluation import contrasts
from models.evaluation.acoustic import AcousticRequest
from models.evaluation.intelligibility import IntelligibilityRequest
from models.evaluation.voices import VoicesRequest
from pipeline.speech.synthesize import VoiceConfig
from tests.listeners import HearsOneText
from tests.models.evaluation.conftest import write_corpus
from tests.tiny_voices import TinyVoices


def test_vocoders_are_compared_and_written_down(
    tiny_voices: TinyVoices, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_corpus(tmp_path / "corpora")
    command = f"evaluate vocoders --corpus {corpus} --folders tones --count 2 --checkpoints "
    command += f"griffin-lim {tiny_voices.vocoder} --acoustic {tiny_voices.acoustic_model} "
    command += f"--recognizer {tiny_voices.recognizer} --cache {tmp_path} --out {tmp_path}/out"
    with pytest.raises(SystemExit) as ending:
        cli.main(command.split())
    assert not ending.value.code
    printed = capsys.readouterr().out
    assert "### Mels of 2 recordings" in printed
    assert "### Teacher-forced mels of 2 recordings by acoustic" in printed
    assert "STFT, clips on which each is better than the row above: griffin-lim on 0" in printed
    assert (tmp_path / "out/results.md").read_text() in printed
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"results.md", "comparison.png", "summary.csv", "clips.csv"}
    assert len((tmp_path / "out/clips.csv").read_text().splitlines()) == 1 + 2 * 4 * 2


def test_acoustic_models_are_compared(
    tiny_voices: TinyVoices, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = write_corpus(tmp_path / "corpora")
    command = f"evaluate acoustic --corpus {corpus} --folders tones --count 2 --checkpoints "
    command += f"{tiny_voices.acoustic_model} --vocoder griffin-lim "
    command += f"--recognizer {tiny_voices.recognizer} --out {tmp_path}/out"
    with pytest.raises(SystemExit) as ending:
        cli.main(command.split())
    assert not ending.value.code
    assert "### 2 sentences from text, through griffin-lim" in capsys.readouterr().out
    assert len((tmp_path / "out/clips.csv").read_text().splitlines()) == 1 + 3 * 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("--mos nisqa:no/such.tar", "no/such.tar"),
        ("--mos ears", "--mos ears"),
        ("--count 60", "60 were asked for"),
        ("--folders nowhere", "corpus.folders: nowhere: no such folder"),
    ],
)
def test_what_is_missing_is_one_line(
    more: str,
    message: str,
    tiny_voices: TinyVoices,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    corpus = write_corpus(tmp_path / "corpora")
    command = f"evaluate vocoders --corpus {corpus} --folders tones --checkpoints griffin-lim "
    command += f"--recognizer {tiny_voices.recognizer} --out {tmp_path}/out {more}"
    with pytest.raises(SystemExit):
        cli.main(command.split())
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error


def test_voices_say_the_lines_of_a_file(
    tiny_voices: TinyVoices, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("sentence|Good morning.\nsong|La la la.\n", encoding="utf-8")
    command = f"evaluate voices --systems {tiny_voices.acoustic_model}+griffin-lim --lines {lines}"
    with pytest.raises(SystemExit) as ending:
        cli.main(command.split())
    assert ending.value.code
    assert f"{lines}:2: kind 'song' is none of" in capsys.readouterr().err


def test_contrasts_are_told_and_kept(
    tiny_voices: TinyVoices,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "pairs.txt").write_text("vowels|bet bat\n", encoding="utf-8")
    command = f"evaluate contrasts --systems {tiny_voices.acoustic_model}+griffin-lim "
    command += f"--speakers anna --whisper {tmp_path} --out {tmp_path}/out "
    with pytest.raises(SystemExit) as ending:
        cli.main(command.split())
    assert ending.value.code
    assert f"error: {tmp_path}: no Whisper for CTranslate2 there" in capsys.readouterr().err
    monkeypatch.setattr(contrasts, "Whisper", lambda folder: HearsOneText(""))
    with pytest.raises(SystemExit) as ending:
        cli.main([*command.split(), "--pairs", f"{tmp_path}/pairs.txt"])
    assert not ending.value.code
    assert "| vowels " in capsys.readouterr().out
    assert "| vowels " in (tmp_path / "out/results.md").read_text(encoding="utf-8")
    assert len((tmp_path / "out/words.csv").read_text(encoding="utf-8").splitlines()) == 3


@pytest.mark.parametrize(
    "evaluation",
    [
        evaluate_acoustic,
        evaluate_intelligibility,
        evaluate_new_voices,
        AcousticRequest,
        IntelligibilityRequest,
        VoicesRequest,
    ],
)
def test_voices_are_evaluated_by_the_vocoder_that_builds_use(
    evaluation: Callable[..., object],
) -> None:
    default = inspect.signature(evaluation).parameters["vocoder"].default
    assert default == VoiceConfig().vocoder
