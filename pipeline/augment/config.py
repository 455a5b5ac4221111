"""The section `augment` of a build's config: the links that may be applied to a clip."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pipeline.augment.links import AnyLink, Babble, BackgroundNoise, Gain, RoomResponse
from pipeline.augment.links.noise import check_classes
from pipeline.augment.sounds.babble_config import BabbleConfig
from pipeline.distributions import Distribution, Range

_USUAL_SNR_DB = Range(5.0, 25.0)
_NO_GAIN_DB = Range(0.0, 0.0)


@dataclass(frozen=True)
class NoiseConfig:
    """Short form of the link `background_noise`, whose docstring says what the keys mean."""

    folder: Path
    probability: float = 1.0
    snr_db: Range = _USUAL_SNR_DB
    classes: Mapping[str, float] = field(default_factory=dict)
    babble: BabbleConfig | None = None

    def __post_init__(self) -> None:
        _check_probability(self.probability)
        check_classes(self.classes)


@dataclass(frozen=True)
class RoomConfig:
    """Short form of the link `room_response`."""

    folder: Path
    probability: float = 1.0

    def __post_init__(self) -> None:
        _check_probability(self.probability)


@dataclass(frozen=True)
class AugmentConfig:
    """What may happen to a clip: a `chain` of links, in the order in which they are applied.

    `noise`, `room` and `gain_db` are the short form of a chain of three: room, noise, gain.
    `split_sources` keeps every recording of noise and every measured room to one of train,
    validation and test (null: where a folder has enough of them for each). The `sampler` draws
    each clip's parameters by themselves, or (`stratified`) so that the clips of each intent fill
    all distributions evenly, however few they are.
    """

    noise: NoiseConfig | None = None
    room: RoomConfig | None = None
    gain_db: Range = _NO_GAIN_DB
    chain: tuple[AnyLink, ...] = ()
    split_sources: bool | None = None
    sampler: Literal["independent", "stratified"] = "independent"

    def __post_init__(self) -> None:
        if self.chain and (self.noise or self.room or self.gain_db != _NO_GAIN_DB):
            raise ValueError(
                "chain: noise, room and gain_db are the short form of a chain; write them as links"
            )
        melnets = {replace(melnet, share=1.0) for melnet in _melnets(self.links)}
        if len(melnets) > 1:
            raise ValueError("chain: two links ask for different MelNet babble; a build draws one")

    @property
    def links(self) -> tuple[AnyLink, ...]:
        """The chain, whichever way it is written."""
        return self.chain or tuple(self._short_form())

    @property
    def babble(self) -> BabbleConfig | None:
        """The babble that a MelNet must draw, if a link asks for some."""
        return next(_melnets(self.links), None)

    @property
    def hears_own_speech(self) -> bool:
        """Whether a link puts the dataset's own clips into the background of others."""
        return self.own_voices > 0

    @property
    def own_voices(self) -> int:
        """How many of the dataset's own clips talk at once, at most."""
        own = (link for link in self.links if isinstance(link, Babble) and link.own)
        return max((link.most_voices for link in own), default=0)

    def _short_form(self) -> Iterator[AnyLink]:
        if self.room:
            yield RoomResponse(folder=self.room.folder, probability=self.room.probability)
        if self.noise:
            yield BackgroundNoise(
                folder=self.noise.folder,
                probability=self.noise.probability,
                snr_db=Distribution(low=self.noise.snr_db.low, high=self.noise.snr_db.high),
                classes=self.noise.classes,
                babble=self.noise.babble,
            )
        if self.gain_db != _NO_GAIN_DB:
            yield Gain(gain_db=Distribution(low=self.gain_db.low, high=self.gain_db.high))


def _melnets(links: Sequence[AnyLink]) -> Iterator[BabbleConfig]:
    for link in links:
        melnet = link.babble if isinstance(link, BackgroundNoise) else None
        melnet = link.melnet if isinstance(link, Babble) else melnet
        if melnet:
            yield melnet


def _check_probability(probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability: {probability} is not within 0 and 1")
