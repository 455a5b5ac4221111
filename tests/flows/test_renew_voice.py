"""A voice is renewed where the new one is better, and only then builds a dataset."""

from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient

from flows import renew_voice as renewal
from flows.parameters import place
from models.checkpoint import checkpoint_digest
from models.errors import ConfigError
from models.evaluation.candidate import Contest, Verdict
from pipeline.storage.versions import local_copy, published
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
    monkeypatch.setattr(renewal, "train", lambda config, overrides: trained.pop(0))
    roots: list[Path] = []

    def compare(candidate: Path, in_use: Path, contest: Contest, report: object) -> Verdict:
        roots.append(contest.corpus.root)
        return next(verdicts)

    monkeypatch.setattr(renewal, "compare_with_used", compare)
    if root.startswith("s3"):
        request.getfixturevalue("s3")
    monkeypatch.setenv("VOXLOOM_DATA", root if "://" in root else str(tmp_path))
    in_use = place("$VOXLOOM_DATA/voices/vocoder")

    digests, used = [], []
    for _ in range(3):
        renewal.renew_voice(
            "configs/train/harmonic.yaml",
            "$VOXLOOM_DATA/voices/vocoder",
            "build.yaml",
            "mel_l1",
            training_overrides=["corpus.root=mine"],
        )
        digests.append(checkpoint_digest(str(local_copy(in_use))))
        used.append([f"voice.vocoder={published(in_use)}"])
    first, better = (
        checkpoint_digest(str(folder))
        for folder in (tiny_voices.vocoder, tmp_path / "other" / "vocoder")
    )
    assert digests == [first, first, better]
    assert builds == [used[0], used[2]], "the second stayed"
    assert roots == [Path("mine")] * 2, "compared on the corpus that was trained on"


def test_a_place_where_no_voice_may_be_is_told_before_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VOXLOOM_DATA", "hf://datasets/org")
    with pytest.raises(ConfigError, match=r"^hf://datasets/org/mine: the hub is for datasets"):
        renewal.renew_voice.fn("configs/train/harmonic.yaml", "$VOXLOOM_DATA/mine", "build.yaml")
