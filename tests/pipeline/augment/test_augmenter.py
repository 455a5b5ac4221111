import dataclasses
import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.audio.files import active_speech_level_db, rms_db
from pipeline.augment.augmenter import (
    Augmented,
    Augmenter,
    AugmentSetting,
    augment_digest,
    check_augment,
)
from pipeline.augment.chain import PEAK_LIMIT, draw_chain
from pipeline.augment.config import AugmentConfig, NoiseConfig, RoomConfig
from pipeline.augment.links.noise import noise_segment
from pipeline.augment.sounds.library import load_sounds
from pipeline.distributions import Range
from pipeline.records import Noise, Room
from pipeline.splits import split_of

SHIPPED = Path(__file__).parents[3] / "sounds"
RATE = 22050
NOISE = NoiseConfig(SHIPPED / "noise", probability=1.0, snr_db=Range(-5.0, 30.0))
ROOM = RoomConfig(SHIPPED / "rooms", probability=1.0)
EVERYTHING = AugmentConfig(noise=NOISE, room=ROOM, gain_db=Range(-6.0, 6.0))


def speech(duration_s: float = 1.5, seed: int = 0, peak: float = 0.7) -> np.ndarray:
    """Vowel-like bursts of a falling pitch with pauses between them."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(120 + 60 * np.cos(3 * time)) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 20))
    gate = np.clip(2 * np.sin(2 * np.pi * (2 + rng.random()) * time), 0, 1)
    wave = voice * gate
    return (peak * wave / np.abs(wave).max()).astype(np.float32)


def same(one: Augmented, other: Augmented) -> bool:
    return one.augmentations == other.augmentations and np.array_equal(one.wave, other.wave)


def write_noise(path: Path, wave: np.ndarray, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate, subtype="PCM_24")


def drawn_for(config: AugmentConfig, count: int, num_samples: int = RATE) -> list[dict]:
    """Link -> parameters of what happens to each of `count` clips."""
    pool = Augmenter(config, RATE).pools[""]
    return [
        dict(draw_chain(config.links, pool, 1, str(index), num_samples)) for index in range(count)
    ]


def class_of(drawn: dict) -> str | None:
    noise = drawn.get("background_noise")
    return noise["classes"][0] if noise else None


def test_the_snr_is_the_one_asked_for_many_clips():
    augmenter = Augmenter(EVERYTHING, RATE)
    for seed in range(60):
        clip = augmenter.augment(f"clip-{seed}", speech(seed=seed), seed)
        assert clip.noise.snr_db is not None
        assert clip.noise.measured_snr_db is not None
        assert clip.noise.measured_snr_db == pytest.approx(clip.noise.snr_db, abs=0.1)
        assert -5.0 <= clip.noise.snr_db <= 30.0


def test_the_snr_is_found_again_in_the_clip_itself():
    """Without a room the noise is what the clip has beyond the speech, gain taken off."""
    augmenter = Augmenter(AugmentConfig(noise=NOISE, gain_db=Range(-6.0, 6.0)), RATE)
    for seed in range(30):
        wave = speech(seed=seed)
        clip = augmenter.augment(f"clip-{seed}", wave, seed)
        played = wave * 10 ** (clip.channel.gain_db / 20)
        snr_db = active_speech_level_db(played, RATE) - rms_db(clip.wave - played)
        assert snr_db == pytest.approx(clip.noise.snr_db, abs=0.1)


def test_the_speech_keeps_its_level_in_a_room():
    augmenter = Augmenter(AugmentConfig(room=ROOM), RATE)
    for seed in range(10):
        wave = speech(seed=seed, peak=0.2)
        clip = augmenter.augment(f"clip-{seed}", wave, seed)
        assert clip.room.source
        assert clip.room.license
        assert clip.room.rt60_s
        assert active_speech_level_db(clip.wave, RATE) - clip.channel.gain_db == pytest.approx(
            active_speech_level_db(wave, RATE), abs=0.05
        )


def test_the_same_seed_and_id_give_the_same_clip_whatever_the_global_state():
    wave = speech()
    random.seed(1)
    np.random.seed(1)
    first = Augmenter(EVERYTHING, RATE).augment("a", wave, 5)
    random.seed(2)
    np.random.seed(2)
    state = (random.getstate(), np.random.get_state()[1].tobytes())
    assert same(first, Augmenter(EVERYTHING, RATE).augment("a", wave, 5))
    assert state == (random.getstate(), np.random.get_state()[1].tobytes())
    assert not same(first, Augmenter(EVERYTHING, RATE).augment("a", wave, 6))
    assert not same(first, Augmenter(EVERYTHING, RATE).augment("b", wave, 5))


def test_order_and_threads_do_not_matter():
    waves = {f"clip-{index}": speech(seed=index) for index in range(12)}
    augmenter = Augmenter(EVERYTHING, RATE)
    forward = {id: augmenter.augment(id, wave, 3) for id, wave in waves.items()}
    with ThreadPoolExecutor(4) as pool:
        backward = {id: pool.submit(augmenter.augment, id, waves[id], 3) for id in reversed(waves)}
    assert all(same(forward[id], backward[id].result()) for id in waves)


def test_the_log_is_enough_to_make_the_clip_again():
    augmenter = Augmenter(EVERYTHING, RATE)
    wave = speech()
    clip = augmenter.augment("a", wave, 5)
    log = [(entry.link, json.loads(entry.parameters)) for entry in clip.augmentations]
    assert [link for link, _ in log] == ["room_response", "background_noise", "gain"]
    assert same(augmenter.apply(wave, log), clip)


def test_nothing_drawn_leaves_the_clip_as_it_is():
    quiet = AugmentConfig(
        noise=NoiseConfig(NOISE.folder, probability=0.0),
        room=RoomConfig(ROOM.folder, probability=0.0),
    )
    wave = speech(peak=1.0)
    for config in (AugmentConfig(), quiet):
        clip = Augmenter(config, RATE).augment("a", wave, 1)
        np.testing.assert_array_equal(clip.wave, wave)
        assert (clip.noise, clip.room, clip.channel.gain_db) == (Noise(), Room(), 0.0)
        assert clip.wave is not wave


def test_silence_stays_silence():
    clip = Augmenter(EVERYTHING, RATE).augment("a", np.zeros(RATE, np.float32), 1)
    np.testing.assert_array_equal(clip.wave, np.zeros(RATE))
    assert clip.noise == Noise()
    assert clip.room == Room()
    assert clip.augmentations == ()


def test_nothing_clips_and_the_gain_is_the_true_one():
    wave = speech(peak=0.9)
    clip = Augmenter(AugmentConfig(gain_db=Range(12.0, 12.0)), RATE).augment("a", wave, 1)
    assert np.abs(clip.wave).max() == pytest.approx(PEAK_LIMIT, abs=1e-5)
    np.testing.assert_allclose(clip.wave, wave * 10 ** (clip.channel.gain_db / 20), atol=1e-6)
    loud = AugmentConfig(NoiseConfig(NOISE.folder, snr_db=Range(-20, -10)), ROOM, Range(0, 20))
    augmenter = Augmenter(loud, RATE)
    peaks = [
        np.abs(augmenter.augment(f"{seed}", speech(seed=seed), seed).wave).max()
        for seed in range(20)
    ]
    assert max(peaks) <= PEAK_LIMIT + 1e-5


def test_probabilities_and_classes_are_kept_to():
    config = AugmentConfig(
        noise=NoiseConfig(NOISE.folder, 0.5, Range(5, 10), classes={"rain": 3, "dog": 1, "sea": 0}),
        room=RoomConfig(ROOM.folder, probability=0.25),
        gain_db=Range(-3.0, 0.0),
    )
    drawn = drawn_for(config, 600)
    noisy = [name for name in map(class_of, drawn) if name]
    assert len(noisy) / 600 == pytest.approx(0.5, abs=0.07)
    assert sum("room_response" in d for d in drawn) / 600 == pytest.approx(0.25, abs=0.06)
    assert set(noisy) == {"rain", "dog"}
    assert noisy.count("rain") / len(noisy) == pytest.approx(0.75, abs=0.08)
    snrs_db = [d["background_noise"]["snr_db"] for d in drawn if class_of(d)]
    assert all(5 <= snr_db <= 10 for snr_db in snrs_db)
    assert all(-3 <= d["gain"]["gain_db"] <= 0 for d in drawn)


def test_classes_are_drawn_equally_however_many_files_they_have():
    drawn = [class_of(d) for d in drawn_for(EVERYTHING, 1200)]
    shares = {name: drawn.count(name) / 1200 for name in set(drawn)}
    assert len(shares) == 12
    assert all(share == pytest.approx(1 / 12, abs=0.03) for share in shares.values())


def test_another_probability_changes_only_which_clips_are_noisy():
    rarer = AugmentConfig(
        noise=NoiseConfig(NOISE.folder, 0.3, NOISE.snr_db), room=ROOM, gain_db=EVERYTHING.gain_db
    )
    pairs = list(zip(drawn_for(EVERYTHING, 50), drawn_for(rarer, 50), strict=True))
    for always, sometimes in pairs:
        noise = sometimes.pop("background_noise", None)
        assert noise in (None, always.pop("background_noise"))
        assert sometimes == always
    assert 5 < sum("background_noise" in d for d in drawn_for(rarer, 50)) < 30


def test_a_short_noise_is_looped_without_a_seam():
    time = np.arange(RATE // 2) / RATE
    rng = np.random.default_rng(0)
    noise = (np.sin(2 * np.pi * 437 * time) + 0.01 * rng.standard_normal(len(time))).astype("f4")
    segment = noise_segment(noise, offset=3000, num_samples=5 * RATE, sample_rate=RATE)
    assert len(segment) == 5 * RATE
    np.testing.assert_array_equal(segment[:100], noise[3000:3100])
    largest_step = np.abs(np.diff(noise)).max()
    assert np.abs(np.diff(segment)).max() < 1.5 * largest_step
    assert rms_db(segment) == pytest.approx(rms_db(noise), abs=1.0)


def test_a_noise_longer_than_the_clip_is_a_plain_piece_of_it():
    noise = np.arange(1000, dtype=np.float32)
    np.testing.assert_array_equal(noise_segment(noise, 300, 700, RATE), noise[300:])


def test_a_noise_of_one_sample_does_not_break_the_loop():
    assert len(noise_segment(np.ones(1, np.float32), 0, 50, RATE)) == 50


def test_pauses_of_a_noise_are_not_drawn(tmp_path):
    rng = np.random.default_rng(0)
    bark = np.concatenate([np.zeros(8 * RATE), 0.3 * rng.standard_normal(2 * RATE)])
    write_noise(tmp_path / "dog/bark.wav", bark)
    played = 0
    for drawn in drawn_for(AugmentConfig(noise=NoiseConfig(tmp_path)), 40):
        start = round(drawn["background_noise"]["offsets_s"][0] * RATE)
        played += np.any(bark[start : start + RATE])
    assert played >= 32  # 0.28 of all starts hear it: eight tries, 0.93


def test_a_noise_that_is_silent_is_no_noise(tmp_path):
    write_noise(tmp_path / "void/silence.wav", np.zeros(RATE))
    clip = Augmenter(AugmentConfig(noise=NoiseConfig(tmp_path)), RATE).augment("a", speech(), 1)
    np.testing.assert_array_equal(clip.wave, speech())
    assert clip.noise == Noise()


def test_a_folder_of_the_users_own_works_at_any_rate(tmp_path):
    rng = np.random.default_rng(0)
    write_noise(tmp_path / "street/a.wav", 0.1 * rng.standard_normal((48000, 2)), rate=48000)
    config = AugmentConfig(noise=NoiseConfig(tmp_path, snr_db=Range(10.0, 10.0)))
    clip = Augmenter(config, 16000).augment("a", speech(), 1)
    assert (clip.noise.noise_class, clip.noise.license) == ("street", "unknown")
    assert clip.noise.source == f"{tmp_path.name}/street/a.wav"
    assert clip.noise.measured_snr_db == pytest.approx(10.0, abs=0.1)


def test_the_records_hold_the_licence_and_class_of_a_shipped_sound():
    cafe = {
        "classes": ["cafe"],
        "sources": ["noise/cafe/soundbible_1664_part0.flac"],
        "offsets_s": [0.5],
        "snr_db": 12.0,
    }
    clip = Augmenter(EVERYTHING, RATE).apply(speech(), [("background_noise", cafe)])
    assert (clip.noise.noise_class, clip.noise.license) == ("cafe", "Public Domain")
    assert (clip.noise.offset_s, clip.noise.snr_db) == (0.5, 12.0)


def test_a_sound_that_no_folder_holds_is_refused():
    drawn = [("room_response", {"source": "rooms/attic.flac"})]
    augmenter = Augmenter(EVERYTHING, RATE)
    with pytest.raises(DataError, match=r"no folder of sounds holds rooms/attic\.flac; looked in"):
        augmenter.apply(speech(), drawn)


def test_the_digest_follows_the_folders_and_not_the_numbers(tmp_path):
    write_noise(tmp_path / "hum.wav", np.ones(100) / 2)
    other = AugmentConfig(noise=NoiseConfig(tmp_path), room=ROOM)
    assert augment_digest(EVERYTHING) != augment_digest(other)
    assert augment_digest(other) != augment_digest(AugmentConfig(room=ROOM))
    assert augment_digest(AugmentConfig(noise=NoiseConfig(tmp_path, 0.1), room=ROOM)) == (
        augment_digest(other)
    )


@pytest.mark.parametrize("section", ["noise", "room"])
def test_a_folder_without_audio_fails_before_any_work(tmp_path, section):
    config = build(AugmentConfig, {section: {"folder": str(tmp_path)}}, where="x.yaml")
    for use in (check_augment, augment_digest, lambda config: Augmenter(config, RATE)):
        with pytest.raises(DataError, match=f"{tmp_path.name}: holds no sound files"):
            use(config)


def test_an_unknown_noise_class_is_named_with_the_known_ones():
    config = AugmentConfig(noise=NoiseConfig(NOISE.folder, classes={"rian": 1.0}))
    with pytest.raises(DataError, match=r"no noise class 'rian'; it has .*rain"):
        check_augment(config)


@pytest.mark.parametrize(
    ("noise", "message"),
    [
        ({"probability": 1.5}, "noise.probability: 1.5 is not within 0 and 1"),
        ({"snr_db": {"low": 9, "high": 3}}, "noise.snr_db.low: 9.0 lies above high"),
        ({"classes": {"rain": -1}}, "noise.classes: a weight is negative"),
        ({"classes": {"rain": 0}}, "noise.classes: all weights are 0"),
        ({"volume": 3}, "noise.volume: unknown key"),
    ],
)
def test_a_bad_setting_names_its_key(noise, message):
    with pytest.raises(ConfigError, match=message):
        build(AugmentConfig, {"noise": {"folder": "sounds/noise", **noise}}, where="x.yaml")


def test_folders_are_found_from_the_checkout_too(tmp_path, monkeypatch):
    config = AugmentConfig(NoiseConfig(Path("sounds/noise")), RoomConfig(Path("sounds/rooms")))
    from_the_checkout = augment_digest(config)
    monkeypatch.chdir(tmp_path)
    check_augment(config)
    assert augment_digest(config) == from_the_checkout


def test_the_short_form_is_a_chain_of_three():
    section = {
        "noise": {"folder": "sounds/noise", "probability": 0.8, "snr_db": {"low": 5, "high": 25}},
        "room": {"folder": "sounds/rooms", "probability": 0.4},
        "gain_db": {"low": -6, "high": 0},
    }
    chain = [
        {"link": "room_response", "folder": "sounds/rooms", "probability": 0.4},
        {"link": "background_noise", **section["noise"]},
        {"link": "gain", "gain_db": section["gain_db"]},
    ]
    short = build(AugmentConfig, section, where="x.yaml")
    long = build(AugmentConfig, {"chain": chain}, where="x.yaml")
    assert short.links == long.links
    assert AugmentConfig().links == ()


def test_a_config_has_one_form_or_the_other():
    with pytest.raises(ConfigError, match=r"chain: noise, room and gain_db are the short form"):
        build(
            AugmentConfig,
            {"chain": [{"link": "gain"}], "gain_db": {"low": -3, "high": 0}},
            "x.yaml",
        )


def test_two_folders_of_one_name_are_told_apart_or_refused(tmp_path):
    for name in ("one", "two"):
        write_noise(tmp_path / name / "noise/rain/a.wav", np.ones(100) / 2)
    chain = [
        {"link": "background_noise", "folder": str(tmp_path / name / "noise")}
        for name in ("one", "two")
    ]
    config = build(AugmentConfig, {"chain": chain}, "x.yaml")
    with pytest.raises(DataError, match="both hold a sound that rows would call noise/rain/a"):
        check_augment(config)


SPLIT = {"train": 0.8, "validation": 0.1, "test": 0.1}


def sources_by_split(config: AugmentConfig, count: int = 400) -> dict[str, set[str]]:
    augmenter = Augmenter(config, RATE, AugmentSetting(split=SPLIT))
    found: dict[str, set[str]] = {name: set() for name in SPLIT}
    for index in range(count):
        split = split_of(str(index), 1, SPLIT)
        drawn = dict(draw_chain(config.links, augmenter.pools[split], 1, str(index), RATE))
        found[split] |= {*drawn["background_noise"]["sources"], drawn["room_response"]["source"]}
    return found


def test_no_two_splits_share_a_noise_or_a_room():
    found = sources_by_split(EVERYTHING)
    recordings = {
        sound.source: sound.recording
        for folder in ("noise", "rooms")
        for sound in load_sounds(SHIPPED / folder, RATE, "noise").sounds
    }
    played = {split: {recordings[source] for source in found[split]} for split in SPLIT}
    assert len(set.union(*played.values())) == sum(len(names) for names in played.values())
    assert all(len(names) >= 4 for names in played.values())


def test_splits_share_where_they_are_told_to_or_must(tmp_path):
    shared = dataclasses.replace(EVERYTHING, split_sources=False)
    found = sources_by_split(shared, 200)
    assert found["train"] & found["test"]
    write_noise(tmp_path / "rain/a.wav", np.sin(np.arange(RATE)) / 2)
    write_noise(tmp_path / "rain/b.wav", np.sin(np.arange(RATE)) / 3)
    few = AugmentConfig(noise=NoiseConfig(tmp_path), room=ROOM)
    assert sources_by_split(few, 100)["train"] & sources_by_split(few, 100)["test"]
    check_augment(few, SPLIT)
    with pytest.raises(DataError, match="has 2 recordings to draw from; train, validation, test"):
        check_augment(dataclasses.replace(few, split_sources=True), SPLIT)
    check_augment(dataclasses.replace(few, split_sources=True), {"train": 0.5, "test": 0.5})


def test_the_noise_alone_is_what_the_clip_has_beyond_the_speech():
    section = {
        "chain": [
            {"link": "background_noise", "folder": "sounds/noise", "snr_db": 5},
            {"link": "telephone"},
            {"link": "gain", "gain_db": -6},
        ]
    }
    config = build(AugmentConfig, section, "x.yaml")
    kept = Augmenter(config, RATE, AugmentSetting(keep_noise=True)).augment("a", speech(), 1)
    plain = Augmenter(config, RATE).augment("a", speech(), 1)
    np.testing.assert_array_equal(kept.wave, plain.wave)
    assert plain.noise_wave is None
    clean = Augmenter(config, RATE).apply(
        speech(), [(e.link, json.loads(e.parameters)) for e in kept.augmentations[1:]]
    )
    np.testing.assert_allclose(kept.wave - kept.noise_wave, clean.wave, atol=1e-6)
