"""The augmenter: the chain of a config with its sounds, applied to a clean clip, with a log."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from models.config import resolve_path
from pipeline.augment.augmentation_log import channel_of, noise_of, room_of
from pipeline.augment.chain import apply_chain, draw_chain
from pipeline.augment.links import AnyLink, Babble, BackgroundNoise, Gain, RoomResponse
from pipeline.augment.links.link import Drawn
from pipeline.augment.links.noise import MELNET, OWN_SPEECH, check_classes
from pipeline.augment.sound_pools import folders_of, load_libraries, sound_pools_of
from pipeline.augment.sounds.babble import BabbleConfig, babble_library, check_babble
from pipeline.augment.sounds.library import folder_digest, folder_files, load_sounds
from pipeline.augment.sounds.silent_sounds import check_heard
from pipeline.augment.stratified import Rank
from pipeline.distributions import Distribution, Range
from pipeline.records import Augmentation, Channel, Noise, Room
from pipeline.splits import split_of

_USUAL_SNR_DB = Range(5.0, 25.0)
_NO_GAIN_DB = Range(0.0, 0.0)
_CHECK_RATE = 16000


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
        return any(isinstance(link, Babble) and link.own for link in self.links)

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


@dataclass(frozen=True)
class AugmentSetting:
    """What a build adds to its `AugmentConfig`.

    `babble` is the file that `make_babble` made, `own` the folder of `write_own_speech`, `split`
    the shares of the dataset's splits, `cache` the folder for decoded sounds; None for none.
    `keep_noise` keeps the noise alone, too. `ranks` numbers the clips of each intent through the
    build, by id, for the stratified sampler; `splits` are those of clips, by id, whose split is not
    drawn.
    """

    babble: Path | None = None
    own: Path | None = None
    split: Mapping[str, float] | None = None
    cache: Path | None = None
    keep_noise: bool = False
    ranks: Mapping[str, Rank] | None = None
    splits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Augmented:
    """The clip as heard and its log."""

    wave: np.ndarray  # (S,) float32
    noise_wave: np.ndarray | None  # (S,) float32, where it is kept and there is any
    noise: Noise
    room: Room
    channel: Channel
    augmentations: tuple[Augmentation, ...]
    time_scale: float
    time_shift_s: float


class Augmenter:
    """Augments clips of one sample rate. Keeps nothing between calls: safe to share by threads.

    Raises `DataError` when a folder of the config cannot be used.
    """

    def __init__(
        self, config: AugmentConfig, sample_rate: int, setting: AugmentSetting | None = None
    ) -> None:
        self.config = config
        self.sample_rate = sample_rate
        self.setting = setting or AugmentSetting()
        libraries = load_libraries(config.links, sample_rate, self.setting.cache)
        if config.babble and self.setting.babble:
            libraries[MELNET] = babble_library(config.babble, self.setting.babble, sample_rate)
        if config.hears_own_speech and self.setting.own:
            libraries[OWN_SPEECH] = load_sounds(
                self.setting.own, sample_rate, "babble", self.setting.cache
            )
        split, split_sources = self.setting.split, config.split_sources
        self.pools = sound_pools_of(config.links, libraries, sample_rate, split, split_sources)

    def augment(self, id: str, wave: np.ndarray, seed: int) -> Augmented:
        """The clip `wave` (S,) of the utterance `id`; the same for the same seed and id,
        whatever was augmented before."""
        split = ""
        if self.setting.split:
            split = self.setting.splits.get(id) or split_of(id, seed, self.setting.split)
        rank = None
        if self.config.sampler == "stratified":
            assert self.setting.ranks is not None, "the stratified sampler needs the clips' ranks"
            rank = self.setting.ranks[id]
        drawn = draw_chain(self.config.links, self.pools[split], seed, id, len(wave), rank)
        return self.apply(wave, drawn)

    def apply(self, wave: np.ndarray, drawn: Sequence[tuple[str, Drawn]]) -> Augmented:
        """`wave` (S,) through the links of a log."""
        pool = next(iter(self.pools.values()))
        heard = apply_chain(wave, drawn, pool, self.setting.keep_noise)
        return Augmented(
            wave=heard.signal.wave,
            noise_wave=heard.noise if self.setting.keep_noise else None,
            noise=noise_of(heard.entries, pool),
            room=room_of(heard.entries, pool),
            channel=channel_of(heard.entries, heard.limit_db),
            augmentations=tuple(entry.record() for entry in heard.entries),
            time_scale=heard.signal.time_scale,
            time_shift_s=heard.signal.time_shift_s,
        )


def check_augment(config: AugmentConfig, split: Mapping[str, float] | None = None) -> None:
    """Raise `DataError` naming the folder, file or noise class that cannot be used, or
    `CheckpointError` naming the key of a checkpoint.
    """
    libraries = load_libraries(config.links, _CHECK_RATE)
    for library in libraries.values():
        check_heard(library)
    sound_pools_of(config.links, libraries, _CHECK_RATE, split, config.split_sources)
    if config.babble:
        check_babble(config.babble)


def augment_digest(config: AugmentConfig) -> str:
    """16 hex digits over the content of the sound folders, for a shard's key.

    Raises `DataError` for a folder that cannot be used.
    """
    digest = hashlib.blake2b(digest_size=8)
    for folder in folders_of(config.links).values():
        digest.update(f"{folder_digest(resolve_path(folder))}\x1f".encode())
    return digest.hexdigest()


def augment_files(config: AugmentConfig) -> list[Path]:
    """The files that `augment_digest` is over. Raises as it does."""
    folders = folders_of(config.links).values()
    return [path for folder in folders for path in folder_files(resolve_path(folder))]


def _melnets(links: Sequence[AnyLink]) -> Iterator[BabbleConfig]:
    for link in links:
        melnet = link.babble if isinstance(link, BackgroundNoise) else None
        melnet = link.melnet if isinstance(link, Babble) else melnet
        if melnet:
            yield melnet


def _check_probability(probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability: {probability} is not within 0 and 1")
