"""The kinds of links that an augmentation chain may have."""

from typing import get_args

from pipeline.links.codec import Codec
from pipeline.links.level import Clipping, DcOffset, Gain
from pipeline.links.link import Link
from pipeline.links.noise import Babble, BackgroundNoise
from pipeline.links.room import RoomResponse, SimulatedRoom
from pipeline.links.silence import Silence, Trim
from pipeline.links.speaker import Formant, Pitch, Speed
from pipeline.links.spectrum import BandLimit, Equalizer, Microphone
from pipeline.links.transmission import PacketLoss, Radio, Telephone

AnyLink = (
    Speed
    | Pitch
    | Formant
    | Silence
    | Trim
    | RoomResponse
    | SimulatedRoom
    | BackgroundNoise
    | Babble
    | Microphone
    | Equalizer
    | BandLimit
    | Gain
    | Clipping
    | DcOffset
    | Telephone
    | Radio
    | Codec
    | PacketLoss
)
LINKS: dict[str, type[Link]] = {kind.link: kind for kind in get_args(AnyLink)}
