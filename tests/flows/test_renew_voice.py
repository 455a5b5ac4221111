"""A voice is renewed where the new one is better, and only then builds a dataset."""

from pathlib import Path

import pytest
from prefect.client.orchestration import SyncPrefectClient

from flows import renew_voice as renewal
from flows.build_dataset import extend_dataset
from models.checkpoint import checkpoint_digest
from models.errors import ConfigError
from models.evaluation.candidate import Verdict
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


def test_only_a_better_voice_takes_the_place_of_the_one_in_use(
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
    monkeypatch.setattr(renewal, "compare_with_used", lambda *_: next(verdicts))
    monkeypatch.setenv("VOXLOOM_DATA", str(tmp_path))
    in_use = tmp_path / "voices" / "vocoder"

    digests = []
    for _ in range(3):
        renewal.renew_voice(
            "configs/train/harmonic.yaml", "$VOXLOOM_DATA/voices/vocoder", "build.yaml", "mel_l1"
        )
        digests.append(checkpoint_digest(str(in_use)))
    first, better = (
        checkpoint_digest(str(folder))
        for folder in (tiny_voices.vocoder, tmp_path / "other" / "vocoder")
    )
    assert digests == [first, first, better]
    assert builds == [[f"voice.vocoder={in_use}"]] * 2


def test_what_is_changed_in_its_place_is_not_in_a_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is refused before the work is done."""
    monkeypatch.setenv("VOXLOOM_DATA", "s3://bucket")
    told = r"s3://bucket/mine: is not on this machine"
    with pytest.raises(ConfigError, match=told):
        renewal.renew_voice.fn("configs/train/harmonic.yaml", "$VOXLOOM_DATA/mine", "build.yaml")
    with pytest.raises(ConfigError, match=told):
        extend_dataset.fn("$VOXLOOM_DATA/mine")
