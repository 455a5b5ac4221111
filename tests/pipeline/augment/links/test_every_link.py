"""What holds for every kind of link."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from models.config import as_mapping, build
from models.errors import ConfigError
from pipeline.augment.chain import apply_chain, draw_chain
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links import LINKS
from pipeline.augment.links.link import SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.augment.sound_pools import load_libraries, sound_pools_of
from tests.pipeline.augment.links.every_link import link_of, words, write_sounds

KINDS = list(LINKS)
STRETCHING = {"speed", "silence", "trim"}
MAKING_SOUND = {"dc_offset"}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    write_sounds(folder)
    return folder


def pool_at(link, rate: int) -> SoundPool:
    return sound_pools_of([link], load_libraries([link], rate), rate, None, None)[""]


def drawn_by(link, pool: SoundPool, id: str = "a", num_samples: int = 8000) -> dict:
    return dict(draw_chain([link], pool, 1, id, num_samples))[link.link]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [8000, 22050, 48000])
def test_it_works_at_any_rate_and_keeps_the_length(sounds, kind, rate):
    link = link_of(kind, sounds)
    pool = pool_at(link, rate)
    wave = words(0.3, rate=rate) + np.float32(1e-4)  # so that a lost packet is one lost
    before = wave.copy()
    signal = Signal(wave, wave, rate)
    result = link.apply(signal, pool, **drawn_by(link, pool, num_samples=len(wave)))
    assert result.wave.dtype == np.float32
    assert result.wave.ndim == 1
    assert np.isfinite(result.wave).all()
    assert not np.array_equal(result.wave, wave)
    np.testing.assert_array_equal(wave, before)
    if kind not in STRETCHING:
        assert len(result.wave) == len(wave)
        assert (result.time_scale, result.time_shift_s) == (1.0, 0.0)
    json.dumps(dict(result.measured), allow_nan=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_samples", [1, 7, 400])
def test_very_short_clips_pass(sounds, kind, num_samples):
    link = link_of(kind, sounds)
    pool = pool_at(link, 16000)
    wave = np.full(num_samples, 0.25, np.float32)
    drawn = drawn_by(link, pool, num_samples=num_samples)
    result = link.apply(Signal(wave, wave, 16000), pool, **drawn)
    assert np.isfinite(result.wave).all()
    assert len(result.wave) >= num_samples * 0.7


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in MAKING_SOUND])
def test_silence_stays_silence(sounds, kind):
    link = link_of(kind, sounds)
    pool = pool_at(link, 16000)
    silence = np.zeros(8000, np.float32)
    result = link.apply(Signal(silence, silence, 16000), pool, **drawn_by(link, pool))
    assert np.abs(result.wave).max() < 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_threads_hear_the_same_bits(sounds, kind):
    link = link_of(kind, sounds)
    pool = pool_at(link, 16000)
    drawn = [(kind, drawn_by(link, pool))]
    wave = words(0.3)
    first = apply_chain(wave, drawn, pool).signal.wave
    with ThreadPoolExecutor(3) as threads:
        for result in threads.map(lambda _: apply_chain(wave, drawn, pool), range(4)):
            np.testing.assert_array_equal(result.signal.wave, first)


@pytest.mark.parametrize("kind", KINDS)
def test_keeping_the_noise_changes_no_sample(sounds, kind):
    noise = link_of("background_noise", sounds, snr_db=0)
    links = [noise, link_of(kind, sounds)]
    pool = sound_pools_of(links, load_libraries(links, 16000), 16000, None, None)[""]
    drawn = draw_chain(links, pool, 1, "a", 4800)
    wave = np.pad(words(0.2), 800)
    kept, plain = (apply_chain(wave, drawn, pool, keep_noise) for keep_noise in (True, False))
    np.testing.assert_array_equal(kept.signal.wave, plain.signal.wave)
    assert kept.entries == plain.entries
    assert kept.noise is not None


@pytest.mark.parametrize("kind", KINDS)
def test_draws_are_plain_take_the_same_numbers_and_differ_by_clip(sounds, kind):
    link = link_of(kind, sounds)
    pool = pool_at(link, 16000)
    states, texts = set(), set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        texts.add(json.dumps(link.draw(rng, pool, 8000), allow_nan=False))
        again = np.random.default_rng(seed)
        link.draw(again, pool, 8000)
        assert rng.random() == again.random()
        counted = np.random.default_rng(99)
        link.draw(counted, pool, 8000 + seed)
        states.add(counted.random())
    assert len(texts) == 8 if kind != "room_response" else len(texts) > 1
    assert len(states) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_rebuilt_from_its_plain_form(sounds, kind):
    link = link_of(kind, sounds)
    section = json.loads(json.dumps(as_mapping(link)))
    assert build(AugmentConfig, {"chain": [section]}, "build.json").chain == (link,)


@pytest.mark.parametrize("kind", KINDS)
def test_another_link_before_or_behind_changes_none_of_its_draws(sounds, kind):
    link = link_of(kind, sounds)
    other = link_of("gain" if kind != "gain" else "dc_offset", sounds)
    chains = ([link], [other, link], [link, other])
    pool = pool_at(link, 16000)
    draws = [dict(draw_chain(chain, pool, 1, "a", 8000))[kind] for chain in chains]
    assert draws[0] == draws[1] == draws[2]


def test_two_links_of_a_kind_draw_apart(sounds):
    link = link_of("gain", sounds)
    first, second = draw_chain([link, link], pool_at(link, 16000), 1, "a", 8000)
    assert first != second


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"link": "gain", "gain_db": 90}, r"chain\[0\]\.gain_db: 90; "),
        ({"link": "gain", "probability": 2}, r"chain\[0\]\.probability: 2\.0 is not within"),
        ({"link": "gian"}, r"chain\[0\]\.link: 'gian' is not one \(did you mean gain\?\)"),
        ({"link": "gain", "louder": 1}, r"chain\[0\]\.louder: unknown key; allowed: .*gain_db"),
        ({"link": "background_noise"}, r"chain\[0\]\.folder: missing, and it has no default"),
        ({"link": "codec", "codec": "wma"}, r"chain\[0\]\.codec: 'wma' is not one of mu_law"),
        ({"link": "band_limit", "low_hz": 4000, "high_hz": 3000}, r"low_hz: up to 4000; must"),
        ({"link": "speed", "speed": {"mean": 1, "std": 0.1}}, r"speed: may be drawn from -inf"),
        ({"link": "babble"}, r"chain\[0\]\.folder: give either a folder of speech"),
        (
            {"link": "background_noise", "folder": "x", "count": {"choice": {1.5: 1}}},
            r"chain\[0\]\.count: whole numbers are needed",
        ),
        ({"link": "packet_loss", "loss": 0.95}, r"loss: 0\.95; "),
        (
            {"link": "packet_loss", "loss": 0.6, "burst": 1},
            r"chain\[0\]\.loss: up to 0\.6 with burst from 1; .* = 0\.5 is allowed",
        ),
        (
            {
                "link": "packet_loss",
                "loss": {"low": 0.1, "high": 0.8},
                "burst": {"low": 3, "high": 9},
            },
            r"loss: up to 0\.8 with burst from 3; .* = 0\.75 is allowed",
        ),
        ({"link": "dc_offset", "offset": {"low": 1}}, r"chain\[0\]\.offset\.low: give a number"),
    ],
)
def test_a_wrong_setting_names_its_key(section, message):
    with pytest.raises(ConfigError, match=message):
        build(AugmentConfig, {"chain": [section]}, "x.yaml")


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_names_every_parameter(kind):
    page = (Path(__file__).parents[4] / "docs" / "AUGMENTATION.md").read_text(encoding="utf-8")
    (row,) = [line for line in page.splitlines() if line.startswith(f"| `{kind}` |")]
    names = [field.name for field in fields(LINKS[kind])]
    assert [name for name in names if f"`{name}" not in row] == ["probability", "link"]
