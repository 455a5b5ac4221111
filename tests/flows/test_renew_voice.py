"""A voice is renewed where the new one is better, and only then builds a dataset."""

import logging
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient

from flows import renew_voice as renewal
from flows.parameters import place
from models.checkpoint import checkpoint_digest
from models.errors import CheckpointError, ConfigError, DataError
from models.evaluation.candidate import Contest, Verdict
from models.training.corpus import CorpusConfig
from pipeline.storage.versions import local_copy, published
from tests.models.evaluation.conftest import write_corpus
from tests.tiny_voices import TinyVoices, save_tiny_voices


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The overrides of every build that is asked for."""
    asked: list[list[str]] = []

    def build(config: str, output: object, count: object, seed: object, used: list[str]) -> str:
        asked.append(used)
        return "dataset"

    monkeypatch.setattr(renewal, "build_dataset", build)
    return asked


@pytest.mark.parametrize("root", ["folder", "s3://bucket"])
def test_only_a_better_voice_takes_the_place_of_the_one_in_use(
    root: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tiny_voices: TinyVoices,
    server: SyncPrefectClient,
    monkeypatch: pytest.MonkeyPatch,
    builds: list[list[str]],
) -> None:
    save_tiny_voices(tmp_path / "other", seed=9)
    trained = [tiny_voices.vocoder, tmp_path / "other" / "vocoder", tmp_path / "other" / "vocoder"]
    verdicts = iter([Verdict(2.0, 1.0, False, "table"), Verdict(0.5, 1.0, True, "table")])
    runs: list[str] = []

    def train(config: str, overrides: list[str]) -> Path:
        runs.append(overrides[1])
        return trained.pop(0)

    monkeypatch.setattr(renewal, "train", train)
    roots: list[Path] = []

    def compare(candidate: Path, in_use: Path, contest: Contest, report: object) -> Verdict:
        roots.append(contest.corpus.root)
        return next(verdicts)

    monkeypatch.setattr(renewal, "compare_with_used", compare)
    if root.startswith("s3"):
        request.getfixturevalue("s3")
    monkeypatch.setenv("VOXLOOM_DATA", root if "://" in root else str(tmp_path))
    in_use = place("$VOXLOOM_DATA/voices/vocoder")

    corpus, few = write_corpus(tmp_path), "corpus.folders=[tones]"
    digests, used = [], []
    for _ in range(3):
        renewal.renew_voice(
            "configs/train/harmonic.yaml",
            "$VOXLOOM_DATA/voices/vocoder",
            "configs/build/quickstart.yaml",
            "mel_l1",
            clips=1,
            training_overrides=[f"corpus.root={corpus}", "run=runs/mine-{date}", few],
        )
        digests.append(checkpoint_digest(str(local_copy(in_use))))
        used.append([f"voice.vocoder={published(in_use)}"])
    first, better = (
        checkpoint_digest(str(folder))
        for folder in (tiny_voices.vocoder, tmp_path / "other" / "vocoder")
    )
    assert digests == [first, first, better]
    assert builds == [used[0], used[2]], "the second stayed"
    assert roots == [corpus] * 2, "compared on the corpus that was trained on"
    assert all(re.fullmatch(r"run=runs/mine-2\d{3}-\d\d-\d\d", run) for run in runs)


def test_a_run_that_was_done_before_is_told_and_changes_nothing(
    tmp_path: Path,
    tiny_voices: TinyVoices,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shutil.copytree(tiny_voices.vocoder, tmp_path / "voice")
    monkeypatch.setattr(renewal, "get_run_logger", logging.getLogger)
    contest = Contest(CorpusConfig(tmp_path), "mel_l1")
    assert not renewal._is_better(tiny_voices.vocoder, tmp_path / "voice", contest)
    assert "nothing new was trained" in caplog.text


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"figure": "mel_l2"}, r"^figure: 'mel_l2' is not one of mel_l1, mcd_db"),
        ({"figure": "mos"}, r"^figure: 'mos' is not one of"),
        ({"training": "configs/train/recognizer.yaml"}, "^recognizer: a recognizer; only acoustic"),
        ({"build": "nowhere.yaml"}, r"^nowhere\.yaml: cannot be read as a config"),
        ({"overrides": ["voice.pitch=1"]}, r"quickstart\.yaml: voice\.pitch: unknown key"),
        ({"voice": "fastspeech2"}, "^voice: .*fastspeech2 is a fastspeech2; needed is harmonic or"),
        ({"training_overrides": ["run=$NOWHERE/x"]}, r"\$NOWHERE is not set in the environment"),
    ],
)
def test_what_cannot_end_well_is_told_before_the_training(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    checkout: Path,
    changed: dict[str, Any],
    message: str,
) -> None:
    monkeypatch.chdir(checkout / "models" / "pretrained")
    monkeypatch.delenv("NOWHERE", raising=False)
    asked = {
        "training": "configs/train/harmonic.yaml",
        "voice": str(tmp_path / "voice"),
        "build": "configs/build/quickstart.yaml",
        "figure": "mel_l1",
    }
    with pytest.raises((ConfigError, CheckpointError), match=message):
        renewal.renew_voice.fn(**asked | changed)


def test_a_corpus_that_holds_out_too_little_is_told_before_the_training(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "train_voice", lambda *_: pytest.fail("trained"))
    corpus = write_corpus(tmp_path)
    with pytest.raises(DataError, match=r"held-out sentences in tones; 30 were asked for"):
        renewal.renew_voice.fn(
            "configs/train/harmonic.yaml",
            str(tiny_voices.vocoder),
            "configs/build/quickstart.yaml",
            "mel_l1",
            training_overrides=[f"corpus.root={corpus}", "corpus.folders=[tones]"],
        )


def test_a_place_where_no_voice_may_be_is_told_before_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VOXLOOM_DATA", "hf://datasets/org")
    with pytest.raises(ConfigError, match=r"^hf://datasets/org/mine: the hub is for datasets"):
        renewal.renew_voice.fn("configs/train/harmonic.yaml", "$VOXLOOM_DATA/mine", "build.yaml")
