"""From a clean clip to one heard in a place: room response, background noise, gain.

Draw, then apply: `draw` decides everything as plain numbers and file names, `apply` is a pure
function of the wave and those. Both, and what was measured, go into the row.

The mixing is our own: audiomentations draws from the global `random`, takes the signal's plain
RMS for its SNR (pauses count as speech), repeats short noises with a click, and delays words by
the room's direct path.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from models.config import resolve_path
from models.errors import DataError
from pipeline.audio import active_speech_level_db, rms_db
from pipeline.babble import BabbleConfig, babble_library, check_babble
from pipeline.distributions import Range
from pipeline.randomness import rng_for
from pipeline.records import Augmentation, Channel, Noise, Room
from pipeline.rooms import reverberate, rt60_s
from pipeline.sounds import FREE_OF_ATTRIBUTION, SoundLibrary, folder_digest, load_sounds

PEAK_LIMIT = 0.99
CROSSFADE_S = 0.05

# A stretch of noise this far below its whole file is a pause in it (between two barks, say):
# raised to the asked SNR it would only be the recorder's hiss.
_PAUSE_DB = 20.0
_OFFSET_TRIES = 8

_USUAL_SNR_DB = Range(5.0, 25.0)
_NO_GAIN_DB = Range(0.0, 0.0)


@dataclass(frozen=True)
class NoiseConfig:
    """Background noise from `folder`, in `probability` of the clips, at an SNR from `snr_db`.

    A class is drawn first, then one of its files. `classes` are weights by class name: a
    class that is not in them is never drawn; without any, all are drawn equally. `babble` takes
    its share of the noisy clips first.
    """

    folder: Path
    probability: float = 1.0
    snr_db: Range = _USUAL_SNR_DB
    classes: Mapping[str, float] = field(default_factory=dict)
    babble: BabbleConfig | None = None

    def __post_init__(self) -> None:
        _check_probability(self.probability)
        if any(weight < 0 for weight in self.classes.values()):
            raise ValueError("classes: a weight is negative; 0 or more is needed")
        if self.classes and not any(self.classes.values()):
            raise ValueError("classes: all weights are 0; at least one must be positive")


@dataclass(frozen=True)
class RoomConfig:
    """A room response from `folder`, any with the same chance, in `probability` of the clips."""

    folder: Path
    probability: float = 1.0

    def __post_init__(self) -> None:
        _check_probability(self.probability)


@dataclass(frozen=True)
class AugmentConfig:
    """What may happen to a clip; a section that is left out (or null) never happens."""

    noise: NoiseConfig | None = None
    room: RoomConfig | None = None
    gain_db: Range = _NO_GAIN_DB


@dataclass(frozen=True, slots=True)
class NoiseParams:
    """Which noise, from where in its file, and how far below the speech."""

    source: str
    offset_s: float
    snr_db: float


@dataclass(frozen=True, slots=True)
class AugmentParams:
    """Everything drawn for one clip; None for what does not happen to it."""

    noise: NoiseParams | None
    room_source: str | None
    gain_db: float


@dataclass(frozen=True)
class AugmentSounds:
    """The libraries of an `AugmentConfig`, as heard at one sample rate."""

    noise: SoundLibrary | None
    rooms: SoundLibrary | None
    babble: SoundLibrary | None = None

    def noise_library(self, source: str) -> SoundLibrary:
        """The library that holds the noise called `source`, or else that of noises."""
        if self.babble and source in self.babble.by_source:
            return self.babble
        assert self.noise is not None, "noise was drawn from a library that is not given"
        return self.noise


@dataclass(frozen=True, slots=True)
class Augmented:
    """The clip as heard and its ledger."""

    wave: np.ndarray  # (S,) float32
    noise: Noise
    room: Room
    channel: Channel
    augmentations: tuple[Augmentation, ...] = ()


class Augmenter:
    """Augments clips of one sample rate. Keeps nothing between calls: safe to share by threads.

    `babble` is the file that `make_babble` made, where the config asks for it. Raises `DataError`
    when a folder of the config cannot be used. Cheap to make again: the files' content is cached
    by the process.
    """

    def __init__(self, config: AugmentConfig, sample_rate: int, babble: Path | None = None) -> None:
        self.config = config
        self.sample_rate = sample_rate
        self.sounds = load_augment_sounds(config, sample_rate, babble)

    def augment(self, id: str, wave: np.ndarray, seed: int) -> Augmented:
        """The clip `wave` (S,) of the utterance `id`; the same for the same seed and id,
        whatever was augmented before."""
        rng = rng_for(seed, "augment", id)
        params = draw(rng, self.config, self.sounds, num_samples=len(wave))
        return apply(wave, params, self.sounds, self.sample_rate)


def check_augment(config: AugmentConfig) -> None:
    """Raise `DataError` naming the folder, file or noise class that cannot be used, or
    `CheckpointError` naming the key of a checkpoint.
    """
    load_augment_sounds(config, sample_rate=16000)
    if config.noise and config.noise.babble:
        check_babble(config.noise.babble)


def augment_digest(config: AugmentConfig) -> str:
    """16 hex digits over the content of the sound folders, for a shard's key.

    Raises `DataError` for a folder that cannot be used.
    """
    digest = hashlib.blake2b(digest_size=8)
    for section in (config.noise, config.room):
        content = folder_digest(resolve_path(section.folder)) if section else "none"
        digest.update(f"{content}\x1f".encode())
    return digest.hexdigest()


def sound_credits(config: AugmentConfig) -> list[str]:
    """`source (licence): author` of every sound whose licence asks that its author is named."""
    sounds = load_augment_sounds(config, sample_rate=16000)
    return [
        f"{sound.source} ({sound.license}): {sound.attribution}"
        for library in (sounds.noise, sounds.rooms)
        for sound in (library.sounds if library else ())
        if sound.attribution and sound.license not in FREE_OF_ATTRIBUTION
    ]


def load_augment_sounds(
    config: AugmentConfig, sample_rate: int, babble: Path | None = None
) -> AugmentSounds:
    """The sound libraries that `config` names, and that of the file `babble`; `DataError` when
    one cannot be used.
    """
    noise, room = config.noise, config.room
    talking = noise.babble if noise and babble else None
    sounds = AugmentSounds(
        noise=load_sounds(resolve_path(noise.folder), sample_rate, "noise") if noise else None,
        rooms=load_sounds(resolve_path(room.folder), sample_rate, "room") if room else None,
        babble=babble_library(talking, babble, sample_rate) if talking and babble else None,
    )
    if noise and sounds.noise:
        for name in noise.classes:
            if name not in sounds.noise.by_class:
                known = ", ".join(sounds.noise.by_class)
                raise DataError(f"{noise.folder}: no noise class {name!r}; it has {known}")
    return sounds


def draw(
    rng: np.random.Generator, config: AugmentConfig, sounds: AugmentSounds, num_samples: int
) -> AugmentParams:
    """Decide what happens to a clip of `num_samples`.

    Every number is drawn whether it is used or not, so that another probability changes
    which clips are noisy and nothing else about them.
    """
    gain_db = config.gain_db.draw(rng)
    room_source = None
    if config.room and sounds.rooms:
        happens = rng.random() < config.room.probability
        drawn = sounds.rooms.sounds[rng.integers(len(sounds.rooms.sounds))].source
        room_source = drawn if happens else None
    noise = None
    if config.noise and sounds.noise:
        happens = rng.random() < config.noise.probability
        params = _draw_noise(rng, config.noise, sounds, num_samples)
        noise = params if happens else None
    return AugmentParams(noise=noise, room_source=room_source, gain_db=gain_db)


def apply(
    wave: np.ndarray, params: AugmentParams, sounds: AugmentSounds, sample_rate: int
) -> Augmented:
    """`wave` (S,) in the drawn room, with the drawn noise and gain: as long, and in time with it.

    Speech keeps its active level in the room; noise is scaled to the asked distance below it.
    Where the sum would pass a peak of 0.99, all of it is scaled down and the gain that was
    truly applied is recorded. To silence only gain is applied: it has no SNR.
    """
    if not np.any(wave):
        return Augmented(wave.astype(np.float32), Noise(), Room(), Channel(gain_db=params.gain_db))
    speech, noise, room = wave.astype(np.float32), Noise(), Room()
    background = np.zeros_like(speech)
    if params.room_source is not None:
        assert sounds.rooms is not None, "a room was drawn from a library that is not given"
        speech, room = _in_room(speech, params.room_source, sounds.rooms)
    if params.noise is not None:
        library = sounds.noise_library(params.noise.source)
        background, noise = _under(speech, params.noise, library)
    untouched = params.gain_db == 0 and not noise.source and not room.source
    mixed = speech + background
    gain_db = 0.0 if untouched else _safe_gain_db(mixed, params.gain_db)
    mixed = mixed * np.float32(10 ** (gain_db / 20))
    channel = Channel(gain_db=gain_db)
    return Augmented(mixed, noise, room, channel, tuple(_ledger(params, noise, room, channel)))


def _ledger(
    params: AugmentParams, noise: Noise, room: Room, channel: Channel
) -> Iterator[Augmentation]:
    """What was applied, in order, as drawn and as measured."""
    if room.source:
        yield _entry("room_response", {"source": room.source}, {"rt60_s": room.rt60_s})
    if params.noise and noise.source:
        measured = {"snr_db": noise.measured_snr_db}
        drawn = asdict(params.noise) | {"class": noise.noise_class}
        yield _entry("background_noise", drawn, measured)
    if params.gain_db or channel.gain_db:
        yield _entry("gain", {"gain_db": params.gain_db}, {"gain_db": channel.gain_db})


def _entry(
    link: str, parameters: Mapping[str, object], measured: Mapping[str, object]
) -> Augmentation:
    return Augmentation(
        link, json.dumps(parameters, sort_keys=True), json.dumps(measured, sort_keys=True)
    )


def _draw_noise(
    rng: np.random.Generator, config: NoiseConfig, sounds: AugmentSounds, num_samples: int
) -> NoiseParams:
    snr_db = config.snr_db.draw(rng)
    assert sounds.noise is not None, "noise is asked for, and its library is not given"
    source = _draw_from_folder(rng, config, sounds.noise)
    if config.babble and rng.random() < config.babble.share:
        assert sounds.babble is not None, "babble is asked for, and its file is not given"
        source = sounds.babble.sounds[0].source
    library = sounds.noise_library(source)
    offset = _draw_offset(rng, library, source, num_samples)
    return NoiseParams(source, offset_s=offset / library.sample_rate, snr_db=snr_db)


def _draw_from_folder(rng: np.random.Generator, config: NoiseConfig, library: SoundLibrary) -> str:
    names = [name for name in library.by_class if config.classes.get(name, not config.classes)]
    weights = np.array([config.classes.get(name, 1.0) for name in names])
    sound_class = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    sounds = library.by_class[sound_class]
    return sounds[int(rng.integers(len(sounds)))].source


def _draw_offset(
    rng: np.random.Generator, library: SoundLibrary, source: str, num_samples: int
) -> int:
    """The sample of the noise file to begin at: the first drawn one that does not fall into a
    pause, else the loudest of those tried."""
    noise = library.wave(source)
    room_to_move = len(noise) - num_samples
    latest = room_to_move if room_to_move >= 0 else len(noise) - 1
    offsets = rng.integers(latest + 1, size=_OFFSET_TRIES)
    whole_db = rms_db(noise)
    levels_db = []
    for offset in offsets:
        segment = noise_segment(noise, int(offset), num_samples, library.sample_rate)
        levels_db.append(rms_db(segment))
        if levels_db[-1] > whole_db - _PAUSE_DB:
            break
    return int(offsets[int(np.argmax(levels_db))])


def noise_segment(noise: np.ndarray, offset: int, num_samples: int, sample_rate: int) -> np.ndarray:
    """(num_samples,) of `noise` from sample `offset` on.

    A noise that ends too early begins again: its last 50 ms fade into its first, at equal
    power, so that the seam is not heard.
    """
    if offset + num_samples <= len(noise):
        return noise[offset : offset + num_samples]
    fade = min(round(CROSSFADE_S * sample_rate), len(noise) // 2)
    period = len(noise) - fade
    angle = (np.arange(fade, dtype=np.float32) + 0.5) / max(fade, 1) * np.float32(np.pi / 2)
    loop = noise[:period].copy()
    loop[:fade] = noise[:fade] * np.sin(angle) + noise[period:] * np.cos(angle)
    return loop[(offset + np.arange(num_samples)) % period]


def _in_room(speech: np.ndarray, source: str, library: SoundLibrary) -> tuple[np.ndarray, Room]:
    """(`speech` (S,) as heard in the room, its record)."""
    response, rate = library.wave(source), library.sample_rate
    record = Room(source, library.by_source[source].license, rt60_s=rt60_s(response, rate))
    return reverberate(speech, response, rate), record


def _under(
    speech: np.ndarray, params: NoiseParams, library: SoundLibrary
) -> tuple[np.ndarray, Noise]:
    """(the noise (S,) scaled to its place under `speech`, its record)."""
    sound = library.by_source[params.source]
    offset = round(params.offset_s * library.sample_rate)
    segment = noise_segment(library.wave(params.source), offset, len(speech), library.sample_rate)
    speech_db, noise_db = active_speech_level_db(speech, library.sample_rate), rms_db(segment)
    if not np.isfinite(noise_db):
        return np.zeros_like(speech), Noise()
    scaled = segment * np.float32(10 ** ((speech_db - params.snr_db - noise_db) / 20))
    record = Noise(
        noise_class=sound.sound_class,
        source=sound.source,
        license=sound.license,
        offset_s=params.offset_s,
        snr_db=params.snr_db,
        measured_snr_db=speech_db - rms_db(scaled),
    )
    return scaled, record


def _safe_gain_db(wave: np.ndarray, gain_db: float) -> float:
    """`gain_db`, or as much of it as keeps the peak of `wave` within `PEAK_LIMIT`."""
    peak = float(np.abs(wave).max(initial=0.0))
    return min(gain_db, 20 * float(np.log10(PEAK_LIMIT / peak))) if peak > 0 else gain_db


def _check_probability(probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"probability: {probability} is not within 0 and 1")
