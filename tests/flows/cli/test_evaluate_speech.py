"""`voxloom evaluate intelligibility`, `new-voices` and `melnet` from the command line to files."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from models.checkpoint import load_checkpoint, save_checkpoint
from models.evaluation import babble, transcriber
from models.speakers.mixing import with_average_speakers
from tests.flows.cli.commands import run
from tests.models.evaluation.conftest import write_corpus
from tests.tiny_voices import TinyVoices


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpora"))


def _evaluate(command: str, voices: TinyVoices, corpus: Path, out: Path, *more: object) -> int:
    models = ["--vocoder", voices.vocoder, "--recognizer", voices.recognizer]
    where = ["--corpus", corpus, "--folders", "tones", "--out", out]
    return run("evaluate", command, *models, *where, *more)


def test_all_sources_side_by_side_without_flite_and_pocketsphinx(
    tiny_voices: TinyVoices,
    corpus: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(transcriber, "find_spec", lambda name: None)
    more = ("--acoustic", tiny_voices.acoustic_model, "--count", "2", "--cache", tmp_path)
    assert _evaluate("intelligibility", tiny_voices, corpus, tmp_path, *more) == 0
    printed = capsys.readouterr().out
    for name in ("real recordings", "anna", "ben"):
        assert f"| {name} " in printed
    assert "flite left out: flite is not installed" in printed
    assert "WER left out: pocketsphinx is not installed" in printed
    assert len((tmp_path / "clips.csv").read_text().splitlines()) == 1 + 3 * 2


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        ("--speakers zoe", 2, "zoe: acoustic does not know this speaker; it has anna, ben"),
        ("--speakers mix(anna,zoe,0.5)", 2, "mix(anna,zoe,0.50): zoe: acoustic does not"),
        ("--folders nowhere", 1, "corpus.folders: nowhere: no such folder"),
        ("--vocoder no/such", 1, "no/such: no such checkpoint"),
        ("--count 60", 1, "60 were asked for"),
        ("--only theirs", 2, "source theirs: unknown; allowed: recordings, flite, ours"),
        ("--flite-voice nobody", 2, "--flite-voice nobody: unknown; allowed: slt, rms, awb, kal16"),
        ("--pace 9", 2, "--pace: from 0.3 to 3.0, found 9"),
    ],
)
def test_what_is_missing_is_one_line(
    tiny_voices: TinyVoices,
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: str,
    status: int,
    message: str,
) -> None:
    options = ["--acoustic", tiny_voices.acoustic_model, "--only", "ours", "--count", "2"]
    ran = _evaluate("intelligibility", tiny_voices, corpus, tmp_path, *options, *more.split())
    error = capsys.readouterr().err
    assert (ran, error.count("\n")) == (status, 1)
    assert error.startswith("error: ")
    assert message in error


def test_a_voice_that_is_unknown_is_told_before_any_is_measured(
    tiny_voices: TinyVoices, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--acoustic", tiny_voices.acoustic_model, "--count", "2", "--speakers", "zoe")
    only = ("--only", "recordings", "ours")
    assert _evaluate("intelligibility", tiny_voices, corpus, tmp_path, *more, *only) == 2
    assert "PER" not in capsys.readouterr().out


def test_melnets_config_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = []
    monkeypatch.setattr(babble, "compare", lambda *arguments: compared.append(arguments))
    monkeypatch.setattr(babble, "report", str)
    monkeypatch.chdir(tmp_path)
    assert run("evaluate", "melnet", "--count", "1") == 0
    assert compared[0][1].run == Path("runs/melnet")


@pytest.fixture(scope="module")
def three_speakers(tiny_voices: TinyVoices, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pair = load_checkpoint(tiny_voices.acoustic_model)
    rows = {"speaker_embedding.weight": torch.full((1, 16), 0.1)}
    model = with_average_speakers(pair.model, ("cleo",), rows)
    folder = tmp_path_factory.mktemp("voices") / "three"
    save_checkpoint(folder, model, dataclasses.replace(pair.info, speakers=model.speakers))
    return folder


def test_known_mixed_and_generated_voices_in_one_table(
    tmp_path: Path,
    corpus: Path,
    tiny_voices: TinyVoices,
    three_speakers: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    more = ["--acoustic", three_speakers, "--count", "2", "--speakers"]
    voices = ["mix(anna, ben, 0.5)", "generated-001"]
    assert _evaluate("new-voices", tiny_voices, corpus, tmp_path, *more, *voices) == 0
    printed = capsys.readouterr().out
    for name in ("anna", "ben", "cleo", "mix(anna,ben,0.50)", "generated-001"):
        assert f"| {name} " in printed
    assert len((tmp_path / "voices.csv").read_text().splitlines()) == 1 + 5
    assert (tmp_path / "voices.png").stat().st_size > 1000
    assert _evaluate("new-voices", tiny_voices, corpus, tmp_path, *more, "mix(anna,zoe,0.5)") == 2
    assert "zoe: three does not know this speaker" in capsys.readouterr().err
