"""Links that add sounds under the speech: background noise, several at once, people talking.

The mixing is our own: audiomentations draws from the global `random`, takes the signal's plain
RMS for its SNR (pauses count as speech), and repeats short noises with a click.
"""

import bisect
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from pipeline.audio.files import active_speech_level_db, rms_db
from pipeline.augment.links.link import AuditShape, Drawn, Link, SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.augment.sounds.babble_config import CLASS, BabbleConfig
from pipeline.augment.sounds.library import Sound, SoundLibrary
from pipeline.distributions import Distribution, within

CROSSFADE_S = 0.05
# Names in `SoundPool`: the babble that a MelNet drew, and the dataset's own speech.
MELNET, OWN_SPEECH = "<melnet>", "<own>"

# A stretch of noise this far below its whole file is a pause in it (between two barks, say):
# raised to the asked SNR it would only be the recorder's hiss.
_PAUSE_DB = 20.0
_OFFSET_TRIES = 8
_NOTHING_DB = -100.0  # what filtering leaves of silence, below what 16 bits can hold
_STEP_S = 0.01  # between the stretches that are looked at where all tries were pauses
_MOST_AT_ONCE = 32

_USUAL_SNR_DB = Distribution(low=5.0, high=25.0)


@dataclass(frozen=True, kw_only=True)
class BackgroundNoise(
    Link, licence="noise", audit=AuditShape(recordings="sources", starts_s="offsets_s")
):
    """Noise from `folder`, `count` recordings at once, `snr_db` below the active speech level.

    For each a class is drawn first, then one of its files. `classes` are weights by class name:
    a class that is not in them is never drawn; without any, all are drawn equally. `babble`
    takes its share of the noisy clips first.
    """

    NEEDS_SPEECH: ClassVar[bool] = True

    link: Literal["background_noise"] = "background_noise"
    folder: Path
    snr_db: Distribution = _USUAL_SNR_DB
    count: Distribution = Distribution(value=1.0)
    classes: Mapping[str, float] = field(default_factory=dict)
    babble: BabbleConfig | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_classes(self.classes)
        _check_count(self.count, "count")
        within(self.snr_db, -100, 100, "snr_db")

    def folders(self) -> dict[str, Path]:
        return {str(self.folder): self.folder}

    def draw(self, rng: np.random.Generator, pool: SoundPool, num_samples: int) -> Drawn:
        snr_db, count = self.snr_db.draw(rng), round(self.count.draw(rng))
        talks = rng.random() < (self.babble.share if self.babble else 0.0)
        library = pool.part(str(self.folder))
        shares = class_shares(self.classes, library)
        most = round(self.count.bounds[1])
        drawn = [draw_sound(rng, shares, library, num_samples) for _ in range(most)][:count]
        if self.babble:
            melnet = pool.part(MELNET)
            babble = draw_sound(rng, {CLASS: 1.0}, melnet, num_samples, pool.stretch)
            drawn = [babble] if talks else drawn
        return {"snr_db": snr_db, **_by_parameter(drawn)}

    @staticmethod
    def apply(
        signal: Signal,
        pool: SoundPool,
        *,
        snr_db: float,
        sources: Sequence[str],
        offsets_s: Sequence[float],
        classes: Sequence[str],
    ) -> Signal:
        return add_under(signal, pool, sources, offsets_s, snr_db)


@dataclass(frozen=True, kw_only=True)
class Babble(Link, licence="noise", audit=AuditShape(recordings="sources", starts_s="offsets_s")):
    """People talking at once: `voices` clips of speech from `folder`, or with `own` from the
    dataset itself, or what a MelNet draws.

    `folder` may be an earlier dataset's `data`, whose speakers then talk in the background. No clip
    is drawn twice where there are enough. Of the dataset's own those of the row's split talk, but
    never the row itself; one that is alone in its split stays without babble.
    """

    NEEDS_SPEECH: ClassVar[bool] = True

    link: Literal["babble"] = "babble"
    folder: Path | None = None
    melnet: BabbleConfig | None = None
    own: bool = False
    voices: Distribution = Distribution(choice={3: 1, 4: 1, 5: 1, 6: 1})
    snr_db: Distribution = _USUAL_SNR_DB

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.folder is not None) + (self.melnet is not None) + self.own != 1:
            raise ValueError("folder: give either a folder of speech, or melnet, or own: true")
        _check_count(self.voices, "voices")
        within(self.snr_db, -100, 100, "snr_db")

    @property
    def most_voices(self) -> int:
        """How many talk at once, at most."""
        return round(self.voices.bounds[1])

    def folders(self) -> dict[str, Path]:
        return {str(self.folder): self.folder} if self.folder else {}

    def libraries(self) -> tuple[str, ...]:
        return (OWN_SPEECH,) if self.own else super().libraries()

    def draw(self, rng: np.random.Generator, pool: SoundPool, num_samples: int) -> Drawn:
        snr_db, voices = self.snr_db.draw(rng), round(self.voices.draw(rng))
        if self.melnet:
            library, stretch, most, voices = pool.part(MELNET), pool.stretch, 1, 1
        else:
            (name,) = self.libraries()
            library, stretch = pool.part(name), (0.0, 1.0)
            most = self.most_voices if library.sounds else 0
        shares, taken = class_shares({}, library), defaultdict[str, set[int]](set)
        drawn = [draw_sound(rng, shares, library, num_samples, stretch, taken) for _ in range(most)]
        drawn = [(CLASS, source, offset_s) for _, source, offset_s in drawn]
        return {"snr_db": snr_db, **_by_parameter(drawn[:voices])}

    apply = staticmethod(BackgroundNoise.apply)


def check_classes(classes: Mapping[str, float]) -> None:
    """Raise `ValueError` for invalid weights of classes."""
    if any(weight < 0 for weight in classes.values()):
        raise ValueError("classes: a weight is negative; 0 or more is needed")
    if classes and not any(classes.values()):
        raise ValueError("classes: all weights are 0; at least one must be positive")


def class_shares(classes: Mapping[str, float], library: SoundLibrary) -> dict[str, float]:
    """Class -> probability, for the classes that `library` has and `classes` wants."""
    weights = {name: classes.get(name, float(not classes)) for name in library.by_class}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items() if weight > 0}


def draw_sound(
    rng: np.random.Generator,
    shares: Mapping[str, float],
    library: SoundLibrary,
    num_samples: int,
    stretch: tuple[float, float] = (0.0, 1.0),
    taken: Mapping[str, set[int]] | None = None,
) -> tuple[str, str, float]:
    """(class, source, second in it to begin at) of a noise for a clip of `num_samples`.

    What it draws is added to `taken`, the numbers of each class's sounds that are not drawn again.
    """
    ends = list(itertools.accumulate(shares.values()))
    which = min(bisect.bisect_right(ends, rng.random()), len(ends) - 1)
    sound_class = list(shares)[which]
    sounds: Sequence[Sound] = library.by_class[sound_class]
    number = _untaken(rng.random(), len(sounds), set() if taken is None else taken[sound_class])
    source = sounds[number].source
    tries = rng.random(_OFFSET_TRIES)
    offset = _audible_offset(library.wave(source), tries, num_samples, library.sample_rate, stretch)
    return sound_class, source, offset / library.sample_rate


def _untaken(draw: float, count: int, taken: set[int]) -> int:
    """The number below `count` at the share `draw` of those that are not `taken`, which it then is;
    once all are, all are free again.
    """
    if len(taken) == count:
        taken.clear()
    number = int(draw * (count - len(taken)))
    for other in sorted(taken):
        number += number >= other
    taken.add(number)
    return number


def add_under(
    signal: Signal,
    pool: SoundPool,
    sources: Sequence[str],
    offsets_s: Sequence[float],
    snr_db: float,
) -> Signal:
    """`signal` with the named sounds, equally loud, their sum `snr_db` below the active speech.

    To silence nothing is added, for it has no SNR; nor is a noise that is silent.
    """
    assert signal.speech is not None, "a link that adds noise needs the speech"
    rate, num_samples = signal.sample_rate, len(signal.wave)
    noise = np.zeros(num_samples, dtype=np.float32)
    for source, offset_s in zip(sources, offsets_s, strict=True):
        segment = noise_segment(pool.wave(source), round(offset_s * rate), num_samples, rate)
        level_db = rms_db(segment)
        if level_db > _NOTHING_DB:
            noise += segment * np.float32(10 ** (-level_db / 20))
    speech_db, noise_db = active_speech_level_db(signal.speech, rate), rms_db(noise)
    if not np.isfinite(speech_db) or noise_db <= _NOTHING_DB:
        return signal.unchanged(snr_db=None)
    noise *= np.float32(10 ** ((speech_db - snr_db - noise_db) / 20))
    return signal.with_noise(noise, snr_db=speech_db - rms_db(noise))


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


def _audible_offset(
    noise: np.ndarray,
    tries: np.ndarray,
    num_samples: int,
    sample_rate: int,
    stretch: tuple[float, float],
) -> int:
    """The sample of `noise` to begin at: the first of `tries` (shares of what may be chosen)
    that does not fall into a pause. Where all do, the first `try` chooses among what is none.
    """
    first, end = (round(share * len(noise)) for share in stretch)
    latest = end - num_samples if end - first >= num_samples else end - 1
    offsets = first + (tries * (max(latest, first) + 1 - first)).astype(int)
    whole_db = rms_db(noise)
    for offset in offsets:
        segment = noise_segment(noise, int(offset), num_samples, sample_rate)
        if rms_db(segment) > whole_db - _PAUSE_DB:
            return int(offset)
    step = max(1, round(_STEP_S * sample_rate))
    steps = np.arange(first, max(latest, first) + 1, step)
    energy = np.concatenate([[0.0], np.cumsum(np.square(noise, dtype=np.float64))])
    ends = np.minimum(steps + num_samples, len(noise))
    powers = (energy[ends] - energy[steps]) / np.maximum(ends - steps, 1)
    loud = steps[powers > powers.max() * 10 ** (-_PAUSE_DB / 10)]
    if not len(loud):
        return int(offsets[0])
    number, within = divmod(tries[0] * len(loud), 1.0)  # anywhere in a step, or clips repeat
    return min(int(loud[int(number)]) + int(within * step), max(latest, first))


def _by_parameter(drawn: Sequence[tuple[str, str, float]]) -> Drawn:
    return {
        "classes": [sound_class for sound_class, _, _ in drawn],
        "sources": [source for _, source, _ in drawn],
        "offsets_s": [offset_s for _, _, offset_s in drawn],
    }


def _check_count(count: Distribution, key: str) -> None:
    within(count, 1, _MOST_AT_ONCE, key)
    if any(number != round(number) for number in count.probabilities() or {}):
        raise ValueError(f"{key}: whole numbers are needed")
