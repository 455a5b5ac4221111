"""What speed, pitch, formants, filters, levels and lines do to a sound."""

import numpy as np
import pytest

from pipeline.audio.files import active_speech_level_db, rms_db
from pipeline.augment.links.level import Clipping, DcOffset, Gain
from pipeline.augment.links.link import SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.augment.links.silence import Silence, Trim
from pipeline.augment.links.speaker import Formant, Pitch, Speed
from pipeline.augment.links.spectrum import BANDS_HZ, BandLimit, Equalizer, Microphone
from pipeline.augment.links.transmission import PacketLoss, Radio, Telephone, lost_packets
from pipeline.distributions import Distribution
from tests.pipeline.augment.links.every_link import words

RATE = 16000
POOL = SoundPool(RATE, {}, {})


def signal(wave: np.ndarray) -> Signal:
    return Signal(wave, wave, RATE)


def tone(hz: float, duration_s: float = 1.0) -> np.ndarray:
    time = np.arange(round(duration_s * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def vowel(pitch_hz: float, formant_hz: float) -> np.ndarray:
    """Harmonics of `pitch_hz` under one resonance at `formant_hz`."""
    time = np.arange(RATE) / RATE
    harmonics = np.arange(1, int(7000 / pitch_hz)) * pitch_hz
    weights = 1 / (1 + ((harmonics - formant_hz) / 200) ** 2)
    wave = sum(w * np.sin(2 * np.pi * hz * time) for w, hz in zip(weights, harmonics, strict=True))
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)


def spectrum(wave: np.ndarray) -> np.ndarray:
    """Power by Hz, one value a Hz."""
    middle = wave[len(wave) // 4 : 3 * len(wave) // 4]
    return np.abs(np.fft.rfft(middle * np.hanning(len(middle)), RATE)) ** 2


def loudest_hz(wave: np.ndarray) -> int:
    return int(np.argmax(spectrum(wave)))


def gain_db(link, hz: float, **drawn) -> float:
    wave = tone(hz)
    return rms_db(link.apply(signal(wave), POOL, **drawn).wave) - rms_db(wave)


@pytest.mark.parametrize("speed", [0.8, 1.0, 1.25])
def test_speed_moves_pitch_and_moments_alike(speed):
    result = Speed.apply(signal(tone(400)), POOL, speed=speed)
    assert len(result.wave) == round(RATE / speed)
    assert loudest_hz(result.wave) == pytest.approx(400 * speed, abs=2)
    click = np.zeros(RATE, np.float32)
    click[8000] = 1.0
    moved = Speed.apply(signal(click), POOL, speed=speed)
    at_s = 0.5 * moved.time_scale + moved.time_shift_s
    assert np.argmax(np.abs(moved.wave)) / RATE == pytest.approx(at_s, abs=2 / RATE)


def test_moments_follow_silence_and_speed_in_any_order():
    click = np.zeros(RATE, np.float32)
    click[8000] = 1.0
    silence = {"leading_s": 0.25, "trailing_s": 0.1}
    first = Silence.apply(Speed.apply(signal(click), POOL, speed=0.8), POOL, **silence)
    second = Speed.apply(Silence.apply(signal(click), POOL, **silence), POOL, speed=0.8)
    for result in (first, second):
        at_s = 0.5 * result.time_scale + result.time_shift_s
        assert np.argmax(np.abs(result.wave)) / RATE == pytest.approx(at_s, abs=2 / RATE)
    assert first.time_shift_s == pytest.approx(0.25)
    assert second.time_shift_s == pytest.approx(0.25 / 0.8)


def test_trimming_keeps_the_word_its_moments_and_as_much_silence_as_asked():
    burst = np.concatenate([np.zeros(6000), tone(400, 0.25), np.zeros(5000)]).astype(np.float32)
    kept = {"leading_s": 0.05, "trailing_s": 0.02, "below_db": 40.0}
    result = Trim.apply(signal(burst), POOL, **kept)
    assert len(result.wave) / RATE == pytest.approx(0.05 + 0.25 + 0.02, abs=0.021)
    assert np.square(result.wave).sum() == pytest.approx(np.square(burst).sum())
    first = np.flatnonzero(result.wave)[0] / RATE
    assert 6000 / RATE + result.time_shift_s == pytest.approx(first, abs=2 / RATE)
    again = Trim.apply(result, POOL, **kept)
    assert len(again.wave) == len(result.wave)


def test_trimming_by_a_narrow_band_cuts_the_fricative_that_it_hardly_hears():
    hiss = tone(6500, 0.2)
    word = np.concatenate([hiss, tone(400, 0.25), hiss]).astype(np.float32)
    kept = {"leading_s": 0.0, "trailing_s": 0.0, "below_db": 15.0}
    whole = Trim.apply(signal(word), POOL, **kept)
    assert len(whole.wave) == len(word)
    narrow = Trim.apply(signal(word), POOL, **kept, up_to_hz=3000.0)
    assert len(narrow.wave) / RATE == pytest.approx(0.25, abs=0.041)
    assert loudest_hz(narrow.wave) == pytest.approx(400, abs=4)
    assert narrow.time_shift_s == pytest.approx(-0.2, abs=0.021)
    start = round(-narrow.time_shift_s * RATE)
    np.testing.assert_array_equal(narrow.wave, word[start : start + len(narrow.wave)])


def test_trimming_draws_no_band_unless_one_is_asked_for():
    rng = np.random.default_rng(1)
    assert "up_to_hz" not in Trim().draw(rng, POOL, RATE)
    band = Distribution(low=3000.0, high=4000.0)
    assert 3000 <= Trim(up_to_hz=band).draw(rng, POOL, RATE)["up_to_hz"] <= 4000


@pytest.mark.parametrize(
    ("key", "value", "allowed"),
    [("below_db", 0.5, "1 to 90"), ("up_to_hz", 500.0, "1000 to 96000")],
)
def test_what_trimming_may_not_listen_to_is_refused_by_its_key(key, value, allowed):
    with pytest.raises(ValueError, match=f"{key}: {value:g}; {allowed} is allowed"):
        Trim(**{key: Distribution(value=value)})


@pytest.mark.parametrize("semitones", [-4.0, 3.0])
def test_pitch_moves_by_semitones_and_words_stay(semitones):
    result = Pitch.apply(signal(tone(400)), POOL, semitones=semitones)
    assert loudest_hz(result.wave) == pytest.approx(400 * 2 ** (semitones / 12), rel=0.01)
    burst = np.concatenate([np.zeros(6000), tone(400, 0.25), np.zeros(6000)]).astype(np.float32)
    moved = Pitch.apply(signal(burst), POOL, semitones=semitones).wave
    energy = np.cumsum(moved**2) / np.sum(moved**2)
    assert np.searchsorted(energy, 0.5) / RATE == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("scale", [0.8, 1.2])
def test_formants_move_and_the_pitch_stays(scale):
    wave = vowel(pitch_hz=100, formant_hz=1500)
    result = Formant.apply(signal(wave), POOL, scale=scale).wave
    centre = spectrum(result)[500:3500] @ np.arange(500, 3500) / spectrum(result)[500:3500].sum()
    assert centre == pytest.approx(1500 * scale, rel=0.07)
    assert loudest_hz(result) % 100 in (0, 1, 99)
    before_db, after_db = rms_db(wave), rms_db(result)
    assert after_db == pytest.approx(before_db, abs=6)


def test_a_formant_scale_of_one_changes_nothing():
    wave = words(0.6)
    result = Formant.apply(signal(wave), POOL, scale=1.0).wave
    np.testing.assert_allclose(result[400:-400], wave[400:-400], atol=1e-4)


def test_the_equalizer_raises_its_bands_and_no_others():
    for band, hz in enumerate(BANDS_HZ[1:-1], start=1):
        gains_db = [6.0 if index == band else 0.0 for index in range(len(BANDS_HZ))]
        assert gain_db(Equalizer, hz, gains_db=gains_db) == pytest.approx(6, abs=0.5)
        far_hz = 5000.0 if hz < 1000 else 100.0
        assert gain_db(Equalizer, far_hz, gains_db=gains_db) == pytest.approx(0, abs=1)
    flat = Equalizer.apply(signal(words()), POOL, gains_db=[0.0] * 7).wave
    np.testing.assert_allclose(flat, words(), atol=1e-5)


def test_the_band_limit_keeps_what_lies_inside():
    band = {"low_hz": 300.0, "high_hz": 3000.0}
    assert gain_db(BandLimit, 1000, **band) == pytest.approx(0, abs=0.2)
    assert gain_db(BandLimit, 75, **band) < -40
    assert gain_db(BandLimit, 6500, **band) < -25
    click = np.zeros(4000, np.float32)
    click[2000] = 1.0
    assert np.argmax(np.abs(BandLimit.apply(signal(click), POOL, **band).wave)) == 2000


def test_the_microphone_has_its_resonance():
    result = {"low_cut_hz": 200.0, "peak_hz": 2000.0, "peak_db": 6.0, "high_cut_hz": 5000.0}
    assert gain_db(Microphone, 2000, **result) == pytest.approx(6, abs=1)
    assert gain_db(Microphone, 50, **result) < -15


def test_gain_and_offset_are_exact():
    wave = words()
    np.testing.assert_allclose(
        Gain.apply(signal(wave), POOL, gain_db=-20.0).wave, wave / 10, atol=1e-7
    )
    assert DcOffset.apply(signal(wave), POOL, offset=0.25).wave.mean() == pytest.approx(
        wave.mean() + 0.25, abs=1e-6
    )


@pytest.mark.parametrize("percent", [0.0, 5.0, 30.0])
def test_clipping_cuts_that_share_of_the_samples(percent):
    wave = words()
    result = Clipping.apply(signal(wave), POOL, percent=percent)
    cut = np.mean(np.abs(result.wave) < np.abs(wave))
    assert cut == pytest.approx(percent / 100, abs=0.01)
    assert np.abs(result.wave).max() == pytest.approx(result.measured["level"])


def test_a_telephone_passes_its_band():
    line = {"low_hz": 300.0, "high_hz": 3400.0, "codec": "mu_law"}
    assert gain_db(Telephone, 1000, **line) == pytest.approx(0, abs=0.5)
    assert gain_db(Telephone, 75, **line) < -30
    assert gain_db(Telephone, 5000, **line) < -30


def test_a_radio_hisses_as_asked():
    wave = words(1.0)
    radio = {"low_hz": 300.0, "high_hz": 3000.0, "drive": 0.2, "seed": 5}
    loud = Radio.apply(signal(wave), POOL, hiss_db=10.0, **radio)
    soft = Radio.apply(signal(wave), POOL, hiss_db=30.0, **radio)
    speech_db = active_speech_level_db(loud.speech, RATE)
    assert speech_db - rms_db(loud.wave - loud.speech) == pytest.approx(10, abs=0.1)
    assert speech_db - rms_db(soft.wave - soft.speech) == pytest.approx(30, abs=0.1)
    other = Radio.apply(signal(wave), POOL, hiss_db=10.0, **(radio | {"seed": 6}))
    assert not np.array_equal(other.wave, loud.wave)


def test_a_radio_hisses_below_the_speech_and_not_below_its_noise():
    wave = words(1.0)
    radio = {"low_hz": 300.0, "high_hz": 3000.0, "drive": 0.2, "seed": 5, "hiss_db": 10.0}
    noise = 0.5 * np.random.default_rng(3).standard_normal(len(wave)).astype(np.float32)

    def hiss(before: Signal) -> np.ndarray:
        with_hiss = Radio.apply(before, POOL, **radio).wave
        return with_hiss - Radio.apply(before, POOL, **(radio | {"hiss_db": 120.0})).wave

    clean = hiss(signal(wave))
    for before in (signal(wave).with_noise(noise), Signal(1e-4 * noise, wave, RATE)):
        assert rms_db(hiss(before)) == pytest.approx(rms_db(clean), abs=0.01)


@pytest.mark.parametrize(("loss", "burst"), [(0.5, 1.0), (0.75, 3.0), (0.9, 9.0)])
def test_as_many_packets_are_lost_as_the_bursts_allow(loss, burst):
    PacketLoss(loss=Distribution(value=loss), burst=Distribution(value=burst))
    assert lost_packets(40_000, loss, burst, 1).mean() == pytest.approx(loss, abs=0.01)


def test_packets_are_lost_at_their_rate_and_in_bursts():
    lost = lost_packets(40_000, loss=0.1, burst=3.0, seed=1)
    starts = np.sum(lost[1:] & ~lost[:-1])
    assert lost.mean() == pytest.approx(0.1, abs=0.01)
    assert lost.sum() / starts == pytest.approx(3.0, abs=0.2)
    assert not lost[0]
    assert not lost_packets(1000, loss=0.0, burst=1.0, seed=1).any()


@pytest.mark.parametrize(("concealment", "factor"), [("silence", 0.0), ("repeat", 0.5)])
def test_a_lost_packet_is_concealed(concealment, factor):
    wave = words(2.0)
    result = PacketLoss.apply(
        signal(wave), POOL, loss=0.3, burst=1.5, packet_ms=20.0, concealment=concealment, seed=2
    )
    lost = lost_packets(100, 0.3, 1.5, 2)
    packets, before = result.wave.reshape(100, 320), wave.reshape(100, 320)
    np.testing.assert_array_equal(packets[~lost], before[~lost])
    first = int(np.flatnonzero(lost)[0])
    np.testing.assert_array_equal(packets[first], before[first - 1] * np.float32(factor))
    assert result.measured["loss"] == pytest.approx(lost.mean())
