"""Sound files within limits: what a header claims is checked before memory is taken for it."""

import io
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models import sound_files
from models.errors import DataError
from models.sound_files import read_frames, read_header

WAVE = np.sin(np.arange(5000) / 20).astype(np.float32) * 0.5


def flac(wave: np.ndarray = WAVE, rate: int = 16000) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, wave, rate, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()


def claiming(samples: int, data: bytes) -> bytes:
    """A FLAC file whose header claims so many samples: 36 bits that end at byte 26."""
    field = int.from_bytes(data[18:26], "big") >> 36 << 36
    return data[:18] + (field | samples).to_bytes(8, "big") + data[26:]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "AIFF"])
def test_frames_are_those_of_libsndfile(kind: str, channels: int) -> None:
    data = io.BytesIO()
    frames = np.stack([WAVE / (n + 1) for n in range(channels)], 1)
    soundfile.write(data, frames, 16000, format=kind)
    found, rate = read_frames(io.BytesIO(data.getvalue()), "whole")
    assert (found.shape, found.dtype, rate) == ((5000, channels), np.float32, 16000)
    expected, _ = soundfile.read(io.BytesIO(data.getvalue()), dtype="float32", always_2d=True)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            claiming(2**36 - 1, flac()),
            "claims 68,719,476,735 samples; at most 536,870,912 are read",
        ),
        (claiming(2**28, flac()), "claims 4.7 hours of sound; at most 4 are read"),
        (flac(rate=500), "a sample rate of 500 Hz; 1,000 to 768,000 are read"),
        (b"", "not a sound file"),
        (b"RIFF\xff\xff\xff\xffWAVEfmt ", "not a sound file"),
        (flac()[:60], "not a sound file"),
    ],
    ids=["2^36 samples", "hours", "slow", "empty", "a header", "cut"],
)
def test_what_cannot_be_read_is_told_at_once(data: bytes, message: str, tmp_path: Path) -> None:
    start = time.perf_counter()
    with pytest.raises(DataError) as caught:
        read_frames(io.BytesIO(data), "noise.flac")
    assert str(caught.value).startswith("noise.flac: ")
    assert message in str(caught.value)
    if "claims" in message or "rate" in message:
        (tmp_path / "noise.flac").write_bytes(data)
        with pytest.raises(DataError, match=r"noise\.flac: (claims|a sample rate)"):
            read_header(tmp_path / "noise.flac")
    assert time.perf_counter() - start < 1


def test_no_more_is_unpacked_than_the_header_claims() -> None:
    """Silence packs to nothing, so that the size of a file says nothing of what is in it."""
    silence = flac(np.zeros(1_000_000))
    assert len(silence) < 20_000
    assert len(read_frames(io.BytesIO(claiming(10, silence)), "silence")[0]) == 10


def test_channels_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_files, "MAX_SAMPLES", 9_999)
    with pytest.raises(DataError, match="claims 10,000 samples; at most 9,999 are read"):
        read_frames(io.BytesIO(flac(np.zeros((5000, 2)))), "stereo")


def test_floats_beyond_any_level_are_told_and_nan_is_left_to_the_reader(tmp_path: Path) -> None:
    for number, largest in enumerate((1e30, 1e9, np.nan)):
        wave = np.append(WAVE, largest)
        soundfile.write(tmp_path / f"{number}.wav", wave, 16000, subtype="DOUBLE")
    with pytest.raises(DataError, match=r"0\.wav: a sample of 1e\+30 full scale; at most 1e\+10$"):
        read_frames(tmp_path / "0.wav", "0.wav")
    for number in (1, 2):
        assert len(read_frames(tmp_path / f"{number}.wav", "")[0]) == len(WAVE) + 1


def test_what_libmpg123_thinks_of_a_file_is_not_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "a.mp3", WAVE, 16000, format="MP3")
    comment = b"COMM\x00\x00\x00\x03\x00\x00\x00en"  # too short for what it is
    tagged = b"ID3\x03\x00\x00\x00\x00\x00" + bytes([len(comment)]) + comment
    (tmp_path / "a.mp3").write_bytes(tagged + (tmp_path / "a.mp3").read_bytes())
    assert len(read_frames(tmp_path / "a.mp3", "a.mp3")[0])
    assert read_header(tmp_path / "a.mp3").rate == 16000
    assert capfd.readouterr().err == ""
    print("heard again", file=sys.stderr, flush=True)
    assert capfd.readouterr().err == "heard again\n"
