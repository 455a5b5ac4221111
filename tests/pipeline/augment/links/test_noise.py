"""The SNR is the one asked for, of one noise, of several, of babble, and late in a chain."""

import json

import numpy as np
import pytest
import soundfile

from models.config import build
from models.errors import DataError
from pipeline.audio.files import active_speech_level_db, rms_db
from pipeline.augment.augmenter import Augmenter, AugmentSetting
from pipeline.augment.chain import apply_chain
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links.noise import _audible_offset, add_under, noise_segment
from pipeline.augment.links.signal import Signal
from tests.pipeline.augment.links.every_link import RATE, link_of, words, write_sounds

SNRS = {"snr_db": {"low": -5, "high": 30}}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    write_sounds(folder)
    return folder


@pytest.mark.parametrize("kind", ["background_noise", "babble"])
def test_the_snr_found_in_the_components_is_the_one_asked_for(sounds, kind):
    config = AugmentConfig(chain=(link_of(kind, sounds, **SNRS),))
    augmenter = Augmenter(config, RATE, AugmentSetting(keep_noise=True))
    for index in range(40):
        wave = 0.2 * words(0.6, seed=index)
        result = augmenter.augment(f"{index}", wave, 1)
        gain = 10 ** (result.channel.gain_db / 20)  # what the peak limit took
        speech = result.wave - result.noise_wave
        np.testing.assert_allclose(speech, gain * wave, atol=1e-6)
        snr_db = active_speech_level_db(speech, RATE) - rms_db(result.noise_wave)
        assert snr_db == pytest.approx(result.noise.snr_db, abs=0.1)
        assert result.noise.measured_snr_db == pytest.approx(result.noise.snr_db, abs=0.1)


def test_pauses_do_not_count_as_speech(sounds):
    """The last word stays active for 0.2 s more; by plain RMS it would be 6.4 dB less."""
    link = link_of("background_noise", sounds, snr_db=10)
    augmenter = Augmenter(AugmentConfig(chain=(link,)), RATE, AugmentSetting(keep_noise=True))
    wave = words(0.6)
    padded = np.pad(wave, (RATE, RATE))
    levels_db = [
        rms_db(augmenter.augment("a", clip, 1).noise_wave) for clip in (0.3 * wave, 0.3 * padded)
    ]
    assert levels_db[0] == pytest.approx(levels_db[1], abs=1.5)


def test_in_a_room_the_snr_is_that_of_the_speech_in_the_room(sounds):
    chain = (link_of("room_response", sounds), link_of("background_noise", sounds, **SNRS))
    setting = AugmentSetting(keep_noise=True)
    augmenter = Augmenter(AugmentConfig(chain=chain), RATE, setting)
    for index in range(10):
        result = augmenter.augment(f"{index}", 0.2 * words(0.6), 1)
        speech = result.wave - result.noise_wave
        snr_db = active_speech_level_db(speech, RATE) - rms_db(result.noise_wave)
        assert snr_db == pytest.approx(result.noise.snr_db, abs=0.1)


def test_a_second_noise_has_its_own_snr_to_the_speech_alone(sounds):
    chain = (
        link_of("background_noise", sounds, snr_db=0),
        link_of("babble", sounds, snr_db=20),
    )
    result = Augmenter(AugmentConfig(chain=chain), RATE).augment("a", 0.1 * words(0.6), 1)
    assert result.noise.noise_class.endswith("+babble")
    assert result.noise.measured_snr_db == pytest.approx(20, abs=0.1)
    assert len(result.augmentations) == 2


def test_several_at_once_are_equally_loud_and_named_together(sounds):
    link = link_of("background_noise", sounds, snr_db=10, count={"choice": {3: 1}})
    augmenter = Augmenter(AugmentConfig(chain=(link,)), RATE)
    result = augmenter.augment("a", words(0.6), 1)
    pool = augmenter.pools[""]
    (_, drawn), *_ = [
        (entry.link, entry.drawn)
        for entry in apply_chain(words(0.6), [("background_noise", _drawn(result))], pool).entries
    ]
    parts = [
        noise_segment(pool.wave(source), round(offset_s * RATE), 8000, RATE)
        for source, offset_s in zip(drawn["sources"], drawn["offsets_s"], strict=True)
    ]
    assert len(parts) == 3
    wave = words(0.5)
    mixed = add_under(Signal(wave, wave, RATE), pool, drawn["sources"], drawn["offsets_s"], 10.0)
    noise = (mixed.wave - wave).astype(np.float64)
    weights, *_ = np.linalg.lstsq(np.array(parts, np.float64).T, noise, rcond=None)
    loudness_db = [rms_db(weight * part) for weight, part in zip(weights, parts, strict=True)]
    assert max(loudness_db) - min(loudness_db) < 0.01
    assert set(result.noise.noise_class.split("+")) == set(drawn["classes"])


@pytest.mark.parametrize("where", [{"own": True}, {"melnet": {"voices": 2}}])
def test_what_only_a_build_has_is_missed_in_words(where):
    config = build(AugmentConfig, {"chain": [{"link": "babble", **where}]}, "x.yaml")
    with pytest.raises(DataError, match="is at hand in a build alone"):
        Augmenter(config, RATE).augment("a", words(0.3), 1)


def test_a_wider_count_leaves_the_first_noise_as_it_was(sounds):
    one = link_of("background_noise", sounds, count=1)
    more = link_of("background_noise", sounds, count={"choice": {2: 1}})
    first, both = (
        _drawn(Augmenter(AugmentConfig(chain=(link,)), RATE).augment("a", words(0.3), 1))
        for link in (one, more)
    )
    assert both["sources"][:1] == first["sources"]
    assert both["offsets_s"][:1] == first["offsets_s"]
    assert both["snr_db"] == first["snr_db"]


def test_no_talker_is_drawn_twice_before_all_are(sounds):
    babble = link_of("babble", sounds, voices=6)
    augmenter = Augmenter(AugmentConfig(chain=(babble,)), RATE)
    ends = set()
    for index in range(30):
        sources = _drawn(augmenter.augment(f"{index}", words(0.3), 1))["sources"]
        assert len(set(sources[:4])) == 4  # as many as there are
        assert len(set(sources[4:])) == 2
        ends |= {*sources[:1], *sources[3:4]}
    assert len(ends) == 4


def _drawn(result) -> dict:
    return json.loads(result.augmentations[0].parameters)


def test_the_pauses_of_a_noise_do_not_satisfy_an_snr(tmp_path):
    """One bark in a minute of hiss: what is raised to the SNR is never the hiss alone."""
    rng = np.random.default_rng(0)
    noise = (1e-4 * rng.standard_normal(60 * RATE)).astype(np.float32)
    noise[40 * RATE : 41 * RATE] += (0.2 * rng.standard_normal(RATE)).astype(np.float32)
    for _ in range(40):
        offset = _audible_offset(noise, rng.random(8), 2 * RATE, RATE, (0.0, 1.0))
        assert rms_db(noise_segment(noise, offset, 2 * RATE, RATE)) > rms_db(noise) - 20


def test_clips_begin_anywhere_in_a_noise_that_is_mostly_pause():
    """Not on a grid, on which some begin where others did more often than by chance."""
    rng = np.random.default_rng(0)
    noise = np.zeros(60 * RATE, np.float32)
    noise[40 * RATE : 40 * RATE + RATE // 20] = 0.5
    grid = RATE // 100
    offsets = [_audible_offset(noise, rng.random(8), RATE, RATE, (0.0, 1.0)) for _ in range(200)]
    assert len({offset % grid for offset in offsets}) > grid // 3


@pytest.mark.parametrize("inaudible", ["offset", "rumble"])
def test_neither_offset_nor_rumble_satisfies_an_snr(tmp_path, inaudible):
    """Of the noise, and of the speech before it: the SNR is that of what is heard."""
    time_s = np.arange(4 * RATE) / RATE
    tone = 0.02 * np.sin(2 * np.pi * 400 * time_s)
    rumble = (
        0.5 * np.sin(2 * np.pi * 5 * time_s) if inaudible == "rumble" else np.full(len(tone), 0.5)
    )
    (tmp_path / "noise").mkdir()
    soundfile.write(tmp_path / "noise/a.wav", tone + rumble, RATE, subtype="FLOAT")
    link = build(
        AugmentConfig,
        {"chain": [{"link": "background_noise", "folder": str(tmp_path / "noise"), "snr_db": 10}]},
        where="t",
    )
    augmenter = Augmenter(link, RATE, AugmentSetting(keep_noise=True))
    wave = 0.2 * words(0.6)
    for offset in (0.0, 0.2):
        result = augmenter.augment("a", wave + np.float32(offset), 1)
        gain = 10 ** (result.channel.gain_db / 20)
        spectrum = np.abs(np.fft.rfft(result.noise_wave))
        frequencies_hz = np.fft.rfftfreq(len(result.noise_wave), 1 / RATE)
        assert abs(frequencies_hz[spectrum.argmax()] - 400) < 5
        snr_db = active_speech_level_db(gain * wave, RATE) - rms_db(result.noise_wave)
        assert snr_db == pytest.approx(10, abs=0.2)
