import contextlib
import io

import numpy as np
import pytest
import soundfile

from models.errors import DataError
from pipeline.audio.files import (
    active_speech_level_db,
    decode_audio,
    encode_flac,
    read_audio,
    resample,
    rms_db,
)

RATE = 22050


def tone(frequency_hz: float, duration_s: float, rate: int = RATE) -> np.ndarray:
    time = np.arange(round(duration_s * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * frequency_hz * time)).astype(np.float32)


def test_flac_gives_back_every_16_bit_sample():
    wave = np.arange(-32768, 32768).astype(np.float32) / 32768
    decoded, rate = decode_audio(encode_flac(wave, RATE))
    assert rate == RATE
    assert decoded.dtype == np.float32
    np.testing.assert_array_equal(decoded, wave)


def test_flac_clips_what_does_not_fit_instead_of_wrapping_it():
    decoded, _ = decode_audio(encode_flac(np.array([2.0, 1.0, -2.0], np.float32), RATE))
    np.testing.assert_array_equal(decoded, np.array([32767, 32767, -32768]) / 32768)


@pytest.mark.parametrize("wave", [np.zeros(0), np.zeros((2, 8)), np.array([0.0, np.nan])])
def test_flac_refuses_what_is_no_wave(wave):
    with pytest.raises(ValueError, match="wave"):
        encode_flac(wave.astype(np.float32), RATE)


def test_a_damaged_file_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """An AIFF whose chunk leads before its start."""
    data = io.BytesIO()
    soundfile.write(data, tone(440, 0.1), RATE, format="AIFF")
    for offset in range(4, 60):
        damaged = data.getvalue()[:offset] + b"\xff\xff\xff\xf0" + data.getvalue()[offset + 4 :]
        with contextlib.suppress(DataError):
            decode_audio(damaged)
    assert capfd.readouterr().err == ""


def test_bytes_that_are_not_audio_are_a_data_error():
    with pytest.raises(DataError, match="not a sound file"):
        decode_audio(b"RIFF but not really")


def test_channels_are_averaged():
    buffer = io.BytesIO()
    stereo = np.stack([np.full(100, 0.5), np.full(100, -0.25)], axis=1)
    soundfile.write(buffer, stereo, RATE, format="WAV", subtype="FLOAT")
    wave, _ = decode_audio(buffer.getvalue())
    np.testing.assert_allclose(wave, 0.125)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_a_file_is_read_at_the_rate_that_is_asked(tmp_path, suffix):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(440, 1.0, rate=16000), 16000)
    wave = read_audio(path, RATE)
    assert wave.dtype == np.float32
    assert len(wave) == pytest.approx(RATE, rel=0.15)
    middle = wave[RATE // 4 : 3 * RATE // 4]
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) * RATE / len(middle) == pytest.approx(440, abs=3)


def test_resampling_leaves_nothing_above_half_the_new_rate():
    assert rms_db(resample(tone(7000, 1.0), RATE, 8000)[500:-500]) < -80


@pytest.mark.parametrize("content", [None, b"", b"not audio"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    path = tmp_path / "broken.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.wav"):
        read_audio(path, RATE)


def test_pauses_do_not_lower_the_active_level():
    speech = np.concatenate([tone(300, 0.5), np.zeros(RATE, np.float32)] * 3)
    assert rms_db(speech) == pytest.approx(rms_db(tone(300, 0.5)) - 4.8, abs=0.1)
    # P.56's hangover counts 200 ms after each of the three half seconds as active
    expected_db = rms_db(tone(300, 0.5)) + 10 * np.log10(0.5 / 0.7)
    assert active_speech_level_db(speech, RATE) == pytest.approx(expected_db, abs=0.2)


def test_a_quiet_hiss_in_the_pauses_is_not_speech():
    rng = np.random.default_rng(0)
    speech = np.concatenate([tone(300, 0.5), np.zeros(RATE, np.float32)] * 3)
    hiss = (0.002 * rng.standard_normal(len(speech))).astype(np.float32)
    assert active_speech_level_db(speech + hiss, RATE) == pytest.approx(
        active_speech_level_db(speech, RATE), abs=0.1
    )


def test_the_active_level_of_a_steady_sound_is_its_rms():
    noise = (0.1 * np.random.default_rng(0).standard_normal(RATE)).astype(np.float32)
    assert active_speech_level_db(noise, RATE) == pytest.approx(rms_db(noise), abs=0.05)


def test_the_active_level_moves_with_the_gain():
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    speech = noise * np.linspace(0, 0.1, RATE, dtype=np.float32) ** 2
    louder = active_speech_level_db(4 * speech, RATE) - active_speech_level_db(speech, RATE)
    assert louder == pytest.approx(20 * np.log10(4), abs=1e-6)


def test_silence_has_no_level():
    assert active_speech_level_db(np.zeros(RATE, np.float32), RATE) == -np.inf
    assert active_speech_level_db(np.zeros(0, np.float32), RATE) == -np.inf
    assert rms_db(np.zeros(0, np.float32)) == -np.inf


RUMBLE = 2 * tone(4, 3.0)


@pytest.mark.parametrize("inaudible", [0.0, 0.3, RUMBLE])
def test_the_active_level_is_that_of_what_is_heard(inaudible):
    speech = np.concatenate([tone(300, 0.5), np.zeros(RATE // 2, np.float32)] * 3)
    level_db = active_speech_level_db(speech + np.float32(inaudible), RATE)
    assert level_db == pytest.approx(active_speech_level_db(speech, RATE), abs=0.1)


def test_an_offset_alone_has_no_level():
    assert active_speech_level_db(np.full(RATE, 0.3, np.float32), RATE) == -np.inf


def test_opposite_channels_are_heard_as_one_of_them(tmp_path):
    wave = tone(300, 0.5)
    soundfile.write(tmp_path / "a.wav", np.stack([wave, -wave], axis=1), RATE, subtype="FLOAT")
    np.testing.assert_allclose(read_audio(tmp_path / "a.wav", RATE), wave, atol=1e-6)
