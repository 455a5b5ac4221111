"""Decoded once, mapped by all."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile

from pipeline.augment.sounds.cache import cached_wave
from pipeline.augment.sounds.library import load_sounds

WAVE = np.linspace(-1, 1, 500, dtype=np.float32)


def test_it_is_decoded_once_and_cannot_be_written_to(tmp_path):
    decoded = []

    def decode() -> np.ndarray:
        decoded.append(1)
        return WAVE

    waves = [cached_wave(tmp_path, "a", 16000, decode) for _ in range(3)]
    assert len(decoded) == 1
    for wave in waves:
        np.testing.assert_array_equal(wave, WAVE)
    with pytest.raises(ValueError, match="read-only"):
        waves[0][0] = 1.0
    cached_wave(tmp_path, "a", 8000, decode)
    cached_wave(tmp_path, "b", 16000, decode)
    assert len(decoded) == 3


def test_threads_that_decode_at_once_find_the_same_wave(tmp_path):
    with ThreadPoolExecutor(4) as pool:
        waves = list(pool.map(lambda _: cached_wave(tmp_path, "a", 1, lambda: WAVE), range(8)))
    assert all(np.array_equal(wave, WAVE) for wave in waves)


@pytest.mark.parametrize("damage", [b"", b"not numpy", b"\x93NUMPY\x01\x00"])
def test_a_damaged_file_is_made_again(tmp_path, damage):
    cached_wave(tmp_path, "a", 16000, lambda: WAVE)
    (tmp_path / "a-16000.npy").write_bytes(damage)
    np.testing.assert_array_equal(cached_wave(tmp_path, "a", 16000, lambda: WAVE), WAVE)


def test_a_library_with_a_cache_gives_the_same_waves(tmp_path):
    soundfile.write(tmp_path / "a.wav", WAVE, 8000)
    plain = load_sounds(tmp_path, 16000, "noise")
    kept = load_sounds(tmp_path, 16000, "noise", cache=tmp_path / "kept")
    source = plain.sounds[0].source
    np.testing.assert_array_equal(plain.wave(source), kept.wave(source))
    assert len(list((tmp_path / "kept").iterdir())) == 1
