"""`voxloom mels`: where its corpus is found, and what to do with the mels."""

from pathlib import Path

import pytest

from flows.cli.mels import corpus_config
from tests.flows.cli.commands import run
from tests.models.evaluation.conftest import write_corpus
from tests.tiny_voices import TinyVoices


def test_a_training_config_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = corpus_config(Path("configs/train/hifigan.yaml"), overrides=["corpus.root=mine"])
    assert found.root == Path("mine")


def test_a_corpus_is_a_folder_or_a_config_that_names_one(tmp_path: Path) -> None:
    assert corpus_config(tmp_path, ["lj"]).folders == ("lj",)


def test_every_kind_of_vocoder_is_told_how_it_takes_the_mels(
    tmp_path: Path, tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--recognizer", tiny_voices.recognizer, "--cache", tmp_path / "cache")
    corpus, to = write_corpus(tmp_path) / "tones", tmp_path / "mels"
    acoustic = tiny_voices.acoustic_model
    assert run("mels", acoustic, "--corpus", corpus, "--to", to, *options) == 0
    printed = capsys.readouterr().out
    assert f"--set teacher_mels={to}\n" in printed
    assert f"--set 'teacher_mels=[{to}]'\n" in printed
