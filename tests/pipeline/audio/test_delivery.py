"""A clip as it is shipped: sample rate, codec, loudness, and what its file says of itself."""

import io
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile
import yaml

from models.config import build as build_config
from models.errors import ConfigError
from pipeline.audio.delivery import (
    DECLARATION,
    SAMPLE_RATES,
    Delivery,
    at_rate,
    check_delivery,
    encode_clip,
    ship,
    suffix_of,
)
from pipeline.audio.files import decode_audio, read_audio
from pipeline.audio.loudness import loudness_lufs, true_peak_db
from pipeline.build import stages
from pipeline.build.config import check_build, load_build_config
from pipeline.dataset.output import OutputConfig
from pipeline.verify.dataset import verify
from pipeline.verify.replay import replay
from tests.tiny_build import rows_by_id, rows_of_build, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices, save_tiny_voices

CODECS = ("flac", "wav", "opus", "mp3")
SPEECH = Path(__file__).parents[2] / "recordings" / "wavs" / "LJ001-0037.flac"


def speech(sample_rate: int, seconds: float = 2.0) -> np.ndarray:
    return read_audio(SPEECH, sample_rate)[: round(seconds * sample_rate)]


@pytest.mark.parametrize("codec", CODECS)
def test_what_was_shipped_is_what_a_reader_decodes(codec: str) -> None:
    shipped = ship(3 * speech(16000), 16000, Delivery(16000, codec, -23.0), "home-1")
    np.testing.assert_array_equal(shipped.wave, decode_audio(shipped.audio)[0])


def delay_samples(result: np.ndarray, wave: np.ndarray, most: int = 400) -> int:
    """By how many samples `result` comes after `wave`, at most `most`."""
    inner = result[most : len(wave) - most]
    shifted = np.lib.stride_tricks.sliding_window_view(wave, len(inner))
    return most - int(np.argmax(shifted @ inner))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("sample_rate", SAMPLE_RATES)
def test_every_codec_at_every_rate_keeps_length_and_place(codec: str, sample_rate: int) -> None:
    if (codec, sample_rate) == ("opus", 22050):
        pytest.skip("Opus has no such rate")
    wave = speech(sample_rate)
    audio = encode_clip(wave, sample_rate, codec, "home-1")
    result, found_rate = decode_audio(audio)
    assert (len(result), found_rate) == (len(wave), sample_rate)
    assert abs(delay_samples(result, wave)) <= (1 if codec == "opus" else 0)
    assert suffix_of(audio) == f".{codec}"
    assert audio == encode_clip(wave, sample_rate, codec, "home-1")


def test_opus_and_mp3_are_smaller_than_flac_and_flac_than_wav() -> None:
    sizes = {codec: len(encode_clip(speech(16000), 16000, codec, "home-1")) for codec in CODECS}
    assert sizes["opus"] < sizes["mp3"] < sizes["flac"] < sizes["wav"]


@pytest.mark.parametrize("codec", CODECS)
def test_the_file_itself_says_that_it_is_synthetic(codec: str) -> None:
    audio = encode_clip(speech(16000, 0.5), 16000, codec, "home-1")
    tags = mutagen.File(io.BytesIO(audio)).tags
    if codec in ("wav", "mp3"):  # mutagen reads ID3 alone; WAV's INFO by libsndfile
        with soundfile.SoundFile(io.BytesIO(audio)) as file:
            assert (file.title, file.comment) == ("home-1", DECLARATION)
    else:
        assert (tags["title"], tags["comment"]) == (["home-1"], [DECLARATION])
    if codec == "mp3":
        assert str(tags["TIT2"]) == "home-1"
        assert str(tags["COMM::eng"]) == DECLARATION


def test_a_clip_at_another_rate_passes_through_flac_unchanged() -> None:
    wave = at_rate(speech(22050), 22050, 16000)
    np.testing.assert_array_equal(decode_audio(encode_clip(wave, 16000, "flac", "a"))[0], wave)
    assert at_rate(wave, 16000, 16000) is wave


@pytest.mark.parametrize("level", [0.05, 0.5])
def test_loudness_is_as_asked(level: float) -> None:
    shipped = ship(level * speech(22050), 22050, Delivery(loudness_lufs=-23.0), "a")
    wave, _ = decode_audio(shipped.audio)
    assert loudness_lufs(wave, 22050) == pytest.approx(-23.0, abs=0.05)
    assert shipped.gain_db == pytest.approx(-23.0 - loudness_lufs(level * speech(22050), 22050))


def test_the_true_peak_limits_the_loudness() -> None:
    clicks = np.zeros(22050, np.float32)
    clicks[::4000] = 0.9
    shipped = ship(clicks, 22050, Delivery(loudness_lufs=-16.0), "a")
    wave, _ = decode_audio(shipped.audio)
    assert true_peak_db(wave, 22050) == pytest.approx(-1.0, abs=0.05)
    assert loudness_lufs(wave, 22050) < -16.5


def test_silence_stays_silence() -> None:
    shipped = ship(np.zeros(8000, np.float32), 16000, Delivery(loudness_lufs=-23.0), "a")
    assert shipped.gain_db == 0.0
    assert not decode_audio(shipped.audio)[0].any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample_rate": 11025}, "sample_rate: 11025 Hz; allowed: 8000, 16000, 22050"),
        ({"codec": "aac"}, "codec: .aac. is not one of flac, wav, opus, mp3"),
        ({"loudness_lufs": 3}, "loudness_lufs: 3; -60 to -5 is allowed"),
    ],
)
def test_bad_settings_are_named(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_config(OutputConfig, {"path": "out", **settings}, where="build.yaml: output")


def test_opus_at_the_voice_s_own_rate_is_refused_before_any_work() -> None:
    with pytest.raises(ConfigError, match=r"opus cannot be written at 22050 Hz \(.*sample_rate"):
        check_delivery(Delivery(codec="opus"), 22050)
    check_delivery(Delivery(codec="opus", sample_rate=24000), 22050)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> TinyVoices:
    return save_tiny_voices(tmp_path_factory.mktemp("voices"))


@pytest.mark.parametrize(
    ("codec", "sample_rate", "loudness"),
    [("wav", 8000, None), ("opus", 16000, -23.0), ("mp3", 24000, -20.0), ("flac", 48000, None)],
)
def test_a_build_in_every_codec_is_whole_and_made_again(
    voices: TinyVoices, tmp_path: Path, codec: str, sample_rate: int, loudness: float | None
) -> None:
    path = write_tiny_build(tmp_path, voices, count=4)
    config = yaml.safe_load(path.read_text())
    config["output"] |= {"codec": codec, "sample_rate": sample_rate, "loudness_lufs": loudness}
    config["output"] |= {"keep_noise": True, "keep_clean": codec != "mp3"}
    path.write_text(yaml.safe_dump(config))
    check_build(load_build_config(path))
    dataset = run_stages(stages.plan(load_build_config(path)))
    assert verify(dataset) == []
    for row_id, row in rows_by_id(dataset).items():
        wave, found_rate = decode_audio(row["audio"]["bytes"])
        assert (found_rate, row["sample_rate"]) == (sample_rate, sample_rate)
        assert row["audio"]["path"] == f"{row_id}.{codec}"
        assert row["quality"]["loudness_lufs"] == round(loudness_lufs(wave, sample_rate), 2)
        if loudness is not None:
            assert row["quality"]["loudness_lufs"] <= loudness + 0.5
        replayed = replay(dataset, row_id)
        assert replayed.is_equal
        assert replayed.audio == row["audio"]["bytes"]


def test_the_noise_alone_has_the_gain_of_its_clip(voices: TinyVoices, tmp_path: Path) -> None:
    path = write_tiny_build(tmp_path, voices, count=4)
    config = yaml.safe_load(path.read_text())
    config["augment"] = {"noise": {"folder": str(tmp_path / "noise"), "probability": 1.0}}
    config["output"] |= {"loudness_lufs": -30, "keep_clean": True, "keep_noise": True}
    path.write_text(yaml.safe_dump(config))
    for row in rows_of_build(stages.plan(load_build_config(path))).values():
        result, clean, noise = (
            decode_audio(row[name]["bytes"])[0] for name in ("audio", "clean_audio", "noise_audio")
        )
        factor = 10 ** (row["channel"]["gain_db"] / 20)
        np.testing.assert_allclose(result, factor * clean + noise, atol=2e-4)
