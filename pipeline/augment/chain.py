"""The augmentation chain: each link draws from its own generator, and is then applied."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.errors import DataError
from pipeline.augment.augmentation_log import Entry
from pipeline.augment.links import LINKS
from pipeline.augment.links.link import Drawn, Link, SoundPool
from pipeline.augment.links.signal import Signal
from pipeline.augment.stratified import Rank, StratifiedDraws
from pipeline.randomness import rng_for

PEAK_LIMIT = 0.99
_SPEECH_FALLS_FROM_HZ = 500.0
_SPEECH_DB = -22.0  # active level of the shipped voices, relative to full scale
STAGE = "augment"


@dataclass(frozen=True, slots=True)
class ChainOutput:
    """What came out of the chain: the clip, all links as they were applied, and the gain in dB
    by which the whole was made softer in the end so that it stays below full scale."""

    signal: Signal
    entries: tuple[Entry, ...]
    limit_db: float

    @property
    def noise(self) -> np.ndarray | None:
        """What the clip has beyond the speech alone on the same way; None without noise."""
        speech, wave = self.signal.speech, self.signal.wave
        return None if speech is None or speech is wave else wave - speech


def draw_chain(
    links: Sequence[Link],
    pool: SoundPool,
    seed: int,
    id: str,
    num_samples: int,
    rank: Rank | None = None,
) -> list[tuple[str, Drawn]]:
    """(link, its parameters) for those that happen to the clip `id` of `num_samples`.

    Each link has a generator of its own, named by its kind and by how many of that kind come
    before it, and draws everything whether it happens or not. So another probability changes
    which clips it happens to, and a link that is added, taken out or moved changes no other.
    With a `rank` the draws are even over the clips that share its group.
    """
    seen: Counter[str] = Counter()
    drawn = []
    for link in links:
        name = kind_of(link)
        rng = rng_for(seed, STAGE, f"{id}\x1f{name}\x1f{seen[name]}")
        if rank is not None:
            rng = StratifiedDraws(rng, seed, f"{name}\x1f{seen[name]}", rank)
        seen[name] += 1
        happens = rng.random() < link.probability
        parameters = link.draw(rng, pool, num_samples)
        if happens:
            drawn.append((name, parameters))
    return drawn


def apply_chain(
    wave: np.ndarray,
    drawn: Sequence[tuple[str, Drawn]],
    pool: SoundPool,
    keep_noise: bool = False,
    is_silence: bool = False,
) -> ChainOutput:
    """`wave` (S,) through the links, in order; what passes a peak of 0.99 is made softer.

    A pure function: the same wave and parameters give the same bits. Digital silence stays
    unchanged: it has no level for an SNR. For a clip without speech (`is_silence`) levels are
    relative to an assumed speech level. Raises `DataError` naming the link whose parameters are
    invalid.
    """
    wave = wave.astype(np.float32)
    speech = unheard_speech(len(wave), pool.sample_rate) if is_silence else wave
    signal = Signal(wave, speech, pool.sample_rate)
    if not np.any(wave):
        return ChainOutput(signal, (), 0.0)
    last = max((i for i, (name, _) in enumerate(drawn) if LINKS[name].NEEDS_SPEECH), default=-1)
    entries = []
    for index, (name, parameters) in enumerate(drawn):
        if index > last and not keep_noise and signal.speech is not signal.wave:
            signal = replace(signal, speech=None)
        signal = _applied(signal, name, parameters, pool)
        entries.append(Entry(name, parameters, signal.measured))
    if is_silence:
        signal = replace(signal, speech=np.zeros_like(signal.wave))
    limit_db = _limit_db(signal.wave) if entries else 0.0
    if limit_db:
        factor = np.float32(10 ** (limit_db / 20))
        signal = signal.each(lambda wave: wave * factor)
    return ChainOutput(signal, tuple(entries), limit_db)


def unheard_speech(num_samples: int, sample_rate: int) -> np.ndarray:
    """(S,) with about the spectrum and exactly the level of speech, always the same."""
    from scipy.signal import lfilter

    white = np.random.default_rng(0).standard_normal(num_samples)
    fall = np.exp(-2 * np.pi * _SPEECH_FALLS_FROM_HZ / sample_rate)  # by 6 dB an octave
    shaped = lfilter([1 - fall], [1, -fall], white)
    level = np.sqrt(np.mean(np.square(shaped))) if num_samples else 1.0
    return np.asarray(shaped / level * 10 ** (_SPEECH_DB / 20), np.float32)


def kind_of(link: Link) -> str:
    """The name that a link goes by in configs and logs."""
    return str(getattr(link, "link"))  # noqa: B009  # every kind declares its own


def _applied(signal: Signal, name: str, parameters: Drawn, pool: SoundPool) -> Signal:
    try:
        changed = LINKS[name].apply(signal, pool, **parameters)
    except TypeError as error:
        raise DataError(f"{name}: cannot be applied with {parameters} ({error})") from None
    assert isinstance(changed, Signal)
    return changed


def _limit_db(wave: np.ndarray) -> float:
    """0, or as much below it as brings the peak of `wave` to `PEAK_LIMIT`."""
    peak = float(np.abs(wave).max(initial=0.0))
    return 20 * float(np.log10(PEAK_LIMIT / peak)) if peak > PEAK_LIMIT else 0.0
