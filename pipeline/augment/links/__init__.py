"""The kinds of links that an augmentation chain may have."""

from typing import get_args

from pipeline.augment.links.codec import Codec
from pipeline.augment.links.level import Clipping, DcOffset, Gain
from pipeline.augment.links.link import Link
from pipeline.augment.links.noise import Babble, BackgroundNoise
from pipeline.augment.links.room import RoomResponse, SimulatedRoom
from pipeline.augment.links.silence import Silence, Trim
from pipeline.augment.links.speaker import Formant, Pitch, Speed
from pipeline.augment.links.spectrum import BandLimit, Equalizer, Microphone
from pipeline.augment.links.transmission import PacketLoss, Radio, Telephone

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
