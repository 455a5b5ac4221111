"""The augmenter: the chain of a config with its sounds, applied to a clean clip, with a log."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.config import resolve_path
from pipeline.augment.augmentation_log import channel_of, noise_of, room_of
from pipeline.augment.chain import apply_chain, draw_chain
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links.link import Drawn
from pipeline.augment.links.noise import MELNET, OWN_SPEECH
from pipeline.augment.own_speech import own_source
from pipeline.augment.sound_pools import folders_of, load_libraries, sound_pools_of
from pipeline.augment.sounds.babble import babble_library, check_babble
from pipeline.augment.sounds.library import folder_digest, folder_files, load_sounds
from pipeline.augment.sounds.silent_sounds import check_audible
from pipeline.augment.stratified import Rank
from pipeline.records import Augmentation, Channel, Noise, Room
from pipeline.splits import split_of

_CHECK_RATE = 16000


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
    """The augmented clip and its log."""

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

    def augment(self, id: str, wave: np.ndarray, seed: int, is_silence: bool = False) -> Augmented:
        """The clip `wave` (S,) of the utterance `id`; the same for the same seed and id,
        whatever was augmented before. One that `is_silence` has no speech."""
        split = ""
        if self.setting.split:
            split = self.setting.splits.get(id) or split_of(id, seed, self.setting.split)
        rank = None
        if self.config.sampler == "stratified":
            assert self.setting.ranks is not None, "the stratified sampler needs the clips' ranks"
            rank = self.setting.ranks[id]
        pool = self.pools[split].without(own_source(id))
        drawn = draw_chain(self.config.links, pool, seed, id, len(wave), rank)
        return self.apply(wave, drawn, is_silence)

    def apply(
        self, wave: np.ndarray, drawn: Sequence[tuple[str, Drawn]], is_silence: bool = False
    ) -> Augmented:
        """`wave` (S,) through the links of a log."""
        pool = next(iter(self.pools.values()))
        augmented = apply_chain(wave, drawn, pool, self.setting.keep_noise, is_silence)
        return Augmented(
            wave=augmented.signal.wave,
            noise_wave=augmented.noise if self.setting.keep_noise else None,
            noise=noise_of(augmented.entries, pool),
            room=room_of(augmented.entries, pool),
            channel=channel_of(augmented.entries, augmented.limit_db),
            augmentations=tuple(entry.record() for entry in augmented.entries),
            time_scale=augmented.signal.time_scale,
            time_shift_s=augmented.signal.time_shift_s,
        )


def check_augment(config: AugmentConfig, split: Mapping[str, float] | None = None) -> None:
    """Raise `DataError` naming the folder, file or noise class that cannot be used, or
    `CheckpointError` naming the key of a checkpoint.
    """
    libraries = load_libraries(config.links, _CHECK_RATE)
    for library in libraries.values():
        check_audible(library)
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
