from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from models.errors import ConfigError
from pipeline.audio.files import decode_audio, rms_db
from pipeline.audit.verdict import audit_dataset
from pipeline.build.config import BuildConfig, check_build, load_build_config
from pipeline.build.stages import plan, stage_keys
from pipeline.dataset.leaks import values_of
from pipeline.verify.dataset import verify
from pipeline.verify.replay import replay
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices

SILENCE = "sentences.negatives={silence: {share: 0.5, duration_s: {low: 0.4, high: 0.8}}}"


def _build(folder: Path, voices: TinyVoices, also: Sequence[str] = ()) -> BuildConfig:
    path = write_tiny_build(folder, voices, count=24, shard_size=12)
    return load_build_config(path, [SILENCE, "augment.noise.snr_db={low: 10, high: 10}", *also])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, tiny_voices: TinyVoices) -> Path:
    apart = ["output.disjoint=[speaker]", "output.split={train: 0.5, test: 0.5}"]
    folder = tmp_path_factory.mktemp("silence")
    config = _build(folder, tiny_voices, ["output.keep_noise=true", *apart])
    check_build(config)
    return run_stages(plan(config))


def _silent(dataset: Path) -> list[dict]:
    return [row for row in rows_by_id(dataset).values() if row["negative"]["kind"] == "silence"]


def test_half_of_the_rows_say_nothing_and_are_in_order(dataset: Path) -> None:
    assert verify(dataset) == []
    rows = _silent(dataset)
    assert len(rows) == 12
    for row in rows:
        assert row["transcript"] == row["text"] == row["phonemes"] == ""
        assert row["words"] == []
        assert (row["speaker"], row["accent"], row["source"]) == ("none", "none", "silence")
        assert row["intent"] == "negative"
        assert row["negative"]["distance"] is None
        assert row["quality"]["phone_error_rate"] is None
        assert not {"text", "speaker", "template"} & {kind for kind, _ in values_of(row)}
    assert len({row["duration_s"] for row in rows}) == 12


def test_noise_is_as_loud_as_under_speech_and_silence_is_quiet(dataset: Path) -> None:
    levels: dict[str, list[float]] = {"none": [], "hiss": []}
    for row in _silent(dataset):
        gain_db = row["channel"]["gain_db"]
        wave, _ = decode_audio(row["audio"]["bytes"])
        levels[row["noise"]["class"]].append(rms_db(wave) - gain_db)
    assert max(levels["none"]) < -55
    np.testing.assert_allclose(levels["hiss"], -32, atol=1.0)  # 10 dB below speech at -22


def test_a_row_is_made_again_from_its_log(dataset: Path) -> None:
    noisy = next(row for row in _silent(dataset) if row["noise"]["class"] == "hiss")
    assert replay(dataset, noisy["id"]).is_equal


def test_the_audit_finds_no_voice_tied_to_silence(dataset: Path) -> None:
    audit = audit_dataset(dataset)
    assert audit.biases == ()
    speaker = audit.evidence.voice["speaker"]
    assert speaker.levels is not None
    assert "none" not in speaker.levels


@pytest.mark.parametrize(
    ("also", "told"),
    [
        ("voice.quota={}", "voice.quota: rows of sentences.negatives.silence have no voice"),
        (
            "augment={chain: [{link: babble, own: true}]}",
            "sentences.negatives.silence: augment has babble of the dataset's own speech",
        ),
        ("sentences.negatives.silence.share=2", "share: 2.0; above 0 and up to 1"),
        ("sentences.negatives.share=0.2", "phrases: none; name one at least"),
    ],
)
def test_what_cannot_be_beside_silence_is_told_before_work(
    tmp_path: Path, tiny_voices: TinyVoices, also: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=told.replace("[", r"\[")):
        check_build(_build(tmp_path, tiny_voices, [also]))


def test_another_length_of_silence_makes_the_waves_anew_and_no_mel(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    longer = "sentences.negatives.silence.level_db={value: -70}"
    before = stage_keys(_build(tmp_path / "a", tiny_voices))
    after = stage_keys(_build(tmp_path / "b", tiny_voices, [longer]))
    assert before["vocode"] != after["vocode"]
