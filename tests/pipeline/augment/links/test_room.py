"""Rooms keep level and time; simulated ones ring as long as they are asked to."""

import numpy as np
import pytest

from pipeline.audio.files import active_speech_level_db
from pipeline.augment.links.link import SoundPool
from pipeline.augment.links.room import SimulatedRoom, in_room
from pipeline.augment.links.signal import Signal
from pipeline.augment.sounds.room_responses import direct_sample, rt60_s
from pipeline.augment.sounds.simulated_rooms import (
    ShoeBox,
    direct_delay,
    positions_m,
    room_response,
)

RATE = 16000
POOL = SoundPool(RATE, {}, {})
ROOM = {
    "length_m": 5.0,
    "width_m": 4.0,
    "height_m": 2.6,
    "rt60_s": 0.4,
    "distance_m": 1.5,
    "direction": 0.3,
    "along": 0.5,
    "across": 0.5,
}


def words(duration_s: float = 1.0) -> np.ndarray:
    """Bursts of noise with pauses between them: as loud and as interrupted as speech."""
    noise = np.random.default_rng(1).standard_normal(round(duration_s * RATE))
    gate = (np.arange(len(noise)) // (RATE // 4)) % 2
    return (0.1 * noise * gate).astype(np.float32)


def ringing(duration_s: float = 0.8) -> np.ndarray:
    rng = np.random.default_rng(0)
    time = np.arange(round(duration_s * RATE)) / RATE
    return (0.2 * rng.standard_normal(len(time)) * 10 ** (-3 * time / 0.6)).astype(np.float32)


def test_a_room_keeps_the_active_level_of_speech():
    wave = words()
    result = in_room(Signal(wave, wave, RATE), ringing(), 0)
    assert active_speech_level_db(result.wave, RATE) == pytest.approx(
        active_speech_level_db(wave, RATE), abs=0.01
    )
    assert not np.allclose(result.wave, wave, atol=0.01)
    assert result.measured["rt60_s"] == pytest.approx(0.6, rel=0.1)


def test_noise_that_was_there_before_gets_the_gain_of_the_speech():
    wave = words()
    noise = 0.05 * np.random.default_rng(2).standard_normal(len(wave)).astype(np.float32)
    alone = in_room(Signal(wave, wave, RATE), ringing(), 0)
    noisy = in_room(Signal(wave, wave, RATE).with_noise(noise), ringing(), 0)
    np.testing.assert_array_equal(noisy.speech, alone.wave)
    assert not np.array_equal(noisy.wave, noisy.speech)


def test_a_response_of_zeros_leaves_silence():
    wave = words()
    result = in_room(Signal(wave, wave, RATE), np.zeros(1000, np.float32), 0)
    assert not result.wave.any()
    assert result.measured["rt60_s"] is None


@pytest.mark.parametrize("asked_s", [0.2, 0.4, 0.8])
@pytest.mark.parametrize("size_m", [(3.0, 2.5, 2.4), (8.0, 6.0, 3.0)])
def test_a_simulated_room_rings_as_long_as_asked(asked_s, size_m):
    response = room_response(ShoeBox(size_m, asked_s, 1.0, 0.1, (0.5, 0.5)), RATE)
    assert rt60_s(response, RATE) == pytest.approx(asked_s, rel=0.2)


def live_rooms() -> list[ShoeBox]:
    """Small and live: of their reflections most are of an order too high to be computed."""
    rng = np.random.default_rng(0)
    return [
        ShoeBox(
            (rng.uniform(1.5, 3.0), rng.uniform(1.5, 2.5), rng.uniform(2.2, 2.6)),
            rng.uniform(0.6, 3.0),
            rng.uniform(0.3, 2.5),
            rng.random(),
            (rng.random(), rng.random()),
        )
        for _ in range(8)
    ]


@pytest.mark.parametrize("room", live_rooms())
def test_a_small_live_room_rings_as_long_as_asked_and_never_swells(room):
    response = room_response(room, RATE)
    assert rt60_s(response, RATE) == pytest.approx(room.rt60_s, rel=0.1)
    direct = direct_delay(room, RATE)
    assert np.argmax(np.abs(response)) - direct < 0.05 * RATE
    squares = np.square(response[direct:])
    frames = squares[: len(squares) // 800 * 800].reshape(-1, 800)  # of 50 ms
    levels_db = 10 * np.log10(frames.mean(axis=1))
    line_db = levels_db[0] - 60 * 0.05 * np.arange(len(levels_db)) / room.rt60_s
    np.testing.assert_allclose(levels_db, line_db, atol=4.0)


@pytest.mark.parametrize("room", [*live_rooms(), ShoeBox((8, 6, 3), 0.2, 2.5, 0.3, (0.2, 0.8))])
def test_in_a_simulated_room_a_click_is_heard_at_its_moment(room):
    wave = np.zeros(RATE, np.float32)
    wave[RATE // 4] = 0.5
    numbers = dict(zip(("length_m", "width_m", "height_m"), room.size_m, strict=True)) | {
        "rt60_s": room.rt60_s,
        "distance_m": room.distance_m,
        "direction": room.direction,
        "along": room.position[0],
        "across": room.position[1],
    }
    result = SimulatedRoom.apply(Signal(wave, wave, RATE), POOL, **numbers)
    heard = np.abs(np.diff(result.wave))  # less of what is too low to be heard
    around = RATE // 4 - 16
    assert heard[:around].max() < 0.1 * heard.max()
    assert around + np.argmax(heard[around : around + 24]) == pytest.approx(RATE // 4, abs=1)


@pytest.mark.parametrize("asked_s", [0.3, 1.5])
def test_the_same_room_is_the_same_response(asked_s):
    room = ShoeBox((5.0, 4.0, 2.6), asked_s, 1.5, 0.3, (0.2, 0.8))
    logged = ShoeBox((5, 4, np.float64(2.6)), asked_s, 1.5, 0.3, (0.2, 0.8))
    for again in (room, logged):
        np.testing.assert_array_equal(room_response(room, RATE), room_response(again, RATE))


def test_farther_away_the_direct_sound_is_weaker_against_the_room():
    def directness(distance_m: float) -> float:
        response = room_response(ShoeBox((8.0, 6.0, 3.0), 0.5, distance_m, 0.0, (0.5, 0.5)), RATE)
        first = direct_sample(response)
        direct = np.sum(response[: first + RATE // 400] ** 2)
        return float(direct / np.sum(response**2))

    near, middle, far = (directness(distance_m) for distance_m in (0.4, 1.5, 5.0))
    assert near > 2 * middle > 2 * far


def test_both_stand_inside_at_the_asked_distance_where_it_fits():
    rng = np.random.default_rng(0)
    for _ in range(200):
        size_m = tuple(rng.uniform(1.5, 10, 3))
        room = ShoeBox(size_m, 0.4, rng.uniform(0.3, 12), rng.random(), tuple(rng.random(2)))
        speaker, microphone = positions_m(room)
        for point in (speaker, microphone):
            assert all(0 < x < size for x, size in zip(point, size_m, strict=True))
        assert np.linalg.norm(np.subtract(speaker, microphone)) <= max(room.distance_m, 0.35) + 1e-6
    near = ShoeBox((5.0, 4.0, 2.6), 0.4, 1.5, 0.3, (0.2, 0.8))
    assert np.linalg.norm(np.subtract(*positions_m(near))) == pytest.approx(1.5)


def test_a_room_too_large_for_so_short_an_echo_is_as_dead_as_can_be():
    room = ROOM | {"length_m": 40.0, "width_m": 30.0, "height_m": 10.0, "rt60_s": 0.05}
    wave = words(0.3)
    result = SimulatedRoom.apply(Signal(wave, wave, RATE), POOL, **room)
    assert len(result.wave) == len(wave)
    assert np.isfinite(result.wave).all()
