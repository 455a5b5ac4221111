"""`voxloom mels`: where its corpus is found."""

from pathlib import Path

import pytest

from flows.cli.mels import corpus_config


def test_a_training_config_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = corpus_config(Path("configs/train/hifigan.yaml"), overrides=["corpus.root=mine"])
    assert found.root == Path("mine")


def test_a_corpus_is_a_folder_or_a_config_that_names_one(tmp_path: Path) -> None:
    assert corpus_config(tmp_path, ["lj"]).folders == ("lj",)
