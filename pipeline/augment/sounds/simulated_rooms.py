"""Room responses computed by pyroomacoustics: the image sources of a rectangular room."""

import math
from dataclasses import dataclass

import numpy as np

from pipeline.augment.sounds.room_responses import direct_sample, rt60_s

_MARGIN_M = 0.2  # between a person or a microphone and the walls
_MOUTH_M, _MICROPHONE_M = 1.5, 1.2
_HIGHEST_ORDER = 60  # reflections beyond it are left out: the time grows with its cube
_MOST_ABSORBENT = 0.99


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
    response is damped, or drawn out, to fall by 60 dB within `rt60_s`. The same room gives the
    same samples, in any thread.
    """
    import pyroomacoustics

    pyroomacoustics.constants.set("num_threads", 1)  # else sums come in any order
    absorption, order = _absorption(room)
    box = pyroomacoustics.ShoeBox(
        list(room.size_m),
        fs=sample_rate,
        materials=pyroomacoustics.Material(absorption),
        max_order=min(order, _HIGHEST_ORDER),
    )
    speaker, microphone = positions_m(room)
    box.add_source(list(speaker))
    box.add_microphone(list(microphone))
    box.compute_rir()
    return _ringing(np.asarray(box.rir[0][0], dtype=np.float64), room.rt60_s, sample_rate)


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
