"""Room responses computed by pyroomacoustics: the image sources of a rectangular room."""

import math
from dataclasses import dataclass

import numpy as np

from pipeline.augment.sounds.room_responses import direct_sample, rt60_s
from pipeline.randomness import rng_for

_MARGIN_M = 0.2  # between a person or a microphone and the walls
_MOUTH_M, _MICROPHONE_M = 1.5, 1.2
_HIGHEST_ORDER = 60  # reflections beyond it are left out: the time grows with its cube
_MOST_ABSORBENT = 0.99
_SOUND_M_PER_S = 343.0  # pyroomacoustics' own
_DELAY_SAMPLES = 40  # of its interpolation
_FRAME_S = 0.01  # in which the level of a decay is measured


@dataclass(frozen=True, slots=True)
class ShoeBox:
    """A room of `size_m` (length, width, height), who stands where in it, and how long it rings.

    `direction` from microphone to speaker is a share of a full turn, `position` how far along and
    across the room the two stand, as shares of the space that is left for them.
    """

    size_m: tuple[float, float, float]
    rt60_s: float
    distance_m: float
    direction: float
    position: tuple[float, float]


def room_response(room: ShoeBox, sample_rate: int) -> np.ndarray:
    """The impulse response (H,) float32 between speaker and microphone.

    Image sources leave grazing reflections, so a room rings longer than Sabine's formula says; the
    response is damped, or drawn out, to fall by 60 dB within `rt60_s`. Where reflections of so high
    an order would be needed that they are left out, decaying noise takes their place. The same room
    gives the same samples, in any thread.
    """
    absorption, order = _absorption(room)
    response = _image_response(room, absorption, min(order, _HIGHEST_ORDER), sample_rate)
    if order <= _HIGHEST_ORDER:
        return _ringing(response, room.rt60_s, sample_rate)
    return _continued(response, room, sample_rate)


def direct_delay(room: ShoeBox, sample_rate: int) -> int:
    """The index in the room's response at which the direct sound arrives."""
    return _arrival(math.dist(*positions_m(room)), sample_rate)


def positions_m(
    room: ShoeBox,
) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Where the speaker and the microphone stand, both within the room."""
    heights = [min(height, room.size_m[2] - _MARGIN_M) for height in (_MOUTH_M, _MICROPHONE_M)]
    flat = math.sqrt(max(room.distance_m**2 - (heights[0] - heights[1]) ** 2, 0.0025))
    angle = 2 * math.pi * room.direction
    offset = [flat * math.cos(angle), flat * math.sin(angle)]
    spaces = [size - 2 * _MARGIN_M for size in room.size_m[:2]]
    fits = min(1.0, *(space / max(abs(o), 1e-9) for space, o in zip(spaces, offset, strict=True)))
    offset = [o * fits for o in offset]
    # The two span a box of |offset|; `position` says where in the free space it lies.
    corners = [
        _MARGIN_M + share * (space - abs(o))
        for share, space, o in zip(room.position, spaces, offset, strict=True)
    ]
    microphone = [corner + max(0.0, -o) for corner, o in zip(corners, offset, strict=True)]
    speaker = [coordinate + o for coordinate, o in zip(microphone, offset, strict=True)]
    return (speaker[0], speaker[1], heights[0]), (microphone[0], microphone[1], heights[1])


def _image_response(room: ShoeBox, absorption: float, order: int, sample_rate: int) -> np.ndarray:
    """(H,) float64: the direct sound and all reflections up to `order`."""
    import pyroomacoustics

    pyroomacoustics.constants.set("num_threads", 1)  # else sums come in any order
    box = pyroomacoustics.ShoeBox(
        list(room.size_m),
        fs=sample_rate,
        materials=pyroomacoustics.Material(absorption),
        max_order=order,
    )
    speaker, microphone = positions_m(room)
    box.add_source(list(speaker))
    box.add_microphone(list(microphone))
    box.compute_rir()
    return np.asarray(box.rir[0][0], dtype=np.float64)


def _arrival(distance_m: float, sample_rate: int) -> int:
    return _DELAY_SAMPLES + round(distance_m / _SOUND_M_PER_S * sample_rate)


def _absorption(room: ShoeBox) -> tuple[float, int]:
    """The walls' energy absorption by Sabine's formula, and the order of reflections it needs."""
    import pyroomacoustics

    try:
        absorption, order = pyroomacoustics.inverse_sabine(room.rt60_s, list(room.size_m))
        return float(absorption), int(order)
    except ValueError:  # so dead a room would have to absorb more than everything
        return _MOST_ABSORBENT, 3


def _ringing(response: np.ndarray, wanted_s: float, sample_rate: int) -> np.ndarray:
    """`response` (H,) with its decay changed to `wanted_s`, from the direct sound on."""
    found_s = rt60_s(response, sample_rate)
    if found_s is None:
        return response.astype(np.float32)
    times_s = np.arange(len(response)) / sample_rate - direct_sample(response) / sample_rate
    change_db = -60.0 * times_s * (1 / wanted_s - 1 / found_s)
    return (
        response * 10 ** (np.minimum(change_db, 0.0 if found_s > wanted_s else 60.0) / 20)
    ).astype(np.float32)


def _continued(response: np.ndarray, room: ShoeBox, sample_rate: int) -> np.ndarray:
    """`response` (H,) as far as it holds all reflections, its decay changed to the wanted one, and
    noise that decays in the same way after it."""
    direct, end = direct_delay(room, sample_rate), _all_arrive_before(room, sample_rate)
    times_s = (np.arange(direct + round(room.rt60_s * sample_rate)) - direct) / sample_rate
    start = direct + (end - direct) // 4  # the first reflections are few, and no decay yet
    found_db_per_s, level_db = _decay_line(response[start:end], times_s[start:end], sample_rate)
    wanted_db_per_s = -60.0 / room.rt60_s
    early = np.pad(response[:end], (0, len(times_s) - end))
    early *= 10 ** ((wanted_db_per_s - found_db_per_s) * times_s / 20)
    noise = _own_generator(room).standard_normal(len(times_s))
    noise *= 10 ** ((level_db + wanted_db_per_s * times_s) / 20)
    fade = round(_FRAME_S * sample_rate)
    angle = np.clip((np.arange(len(times_s)) - end + fade) / fade, 0.0, 1.0) * np.pi / 2
    return (np.cos(angle) * early + np.sin(angle) * noise).astype(np.float32)


def _own_generator(room: ShoeBox) -> np.random.Generator:
    """The same for the same numbers, whatever their type is."""
    numbers = (*room.size_m, room.rt60_s, room.distance_m, room.direction, *room.position)
    return rng_for(0, "simulated_room", " ".join(f"{number:.17g}" for number in numbers))


def _all_arrive_before(room: ShoeBox, sample_rate: int) -> int:
    """The sample before which no reflection above the highest order arrives: one that is reflected
    n times along a side of the room comes from n - 1 lengths of that side away, or farther."""
    per_m = math.hypot(*(1.0 / size for size in room.size_m))
    return _arrival((_HIGHEST_ORDER - 2) / per_m, sample_rate)


def _decay_line(response: np.ndarray, times_s: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """(dB per second, dB at 0 s) of the line through the levels of `response` (H,) at `times_s`."""
    frame = round(_FRAME_S * sample_rate)
    length = len(response) // frame * frame
    powers = np.square(response[:length]).reshape(-1, frame).mean(axis=1)
    middles_s = times_s[:length].reshape(-1, frame).mean(axis=1)
    levels_db = 10 * np.log10(np.maximum(powers, powers.max() * 1e-9))
    slope, level_db = np.polyfit(middles_s, levels_db, deg=1)
    return float(slope), float(level_db)
