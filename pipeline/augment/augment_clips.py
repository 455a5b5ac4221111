"""Stage 6: add room, noise and channel to the clean clip, make it the file that is shipped,
and measure that.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from models.waveform import audible, peak_db
from pipeline.audio.delivery import (
    NOISE_DECLARATION,
    Delivery,
    amplified,
    at_rate,
    encode_clip,
    ship,
)
from pipeline.audio.files import clipped_fraction
from pipeline.audio.loudness import loudness_of_filtered_lufs
from pipeline.augment.augmenter import Augmented, Augmenter, AugmentSetting
from pipeline.augment.config import AugmentConfig
from pipeline.records import FinishedClip, JudgedClip, Quality

SILENCE_BELOW_PEAK_DB = 40.0
SILENCE_FRAME_S = 0.02
_NOTHING_DB = -100.0  # below what 16 bits can hold
_AS_IT_COMES = Delivery()


def augment_clips(
    clips: Sequence[JudgedClip],
    augment: AugmentConfig,
    seed: int,
    setting: AugmentSetting | None = None,
    delivery: Delivery = _AS_IT_COMES,
) -> Iterator[FinishedClip]:
    """Augment `clips`, encode them for `delivery` and measure what came of it; `setting` is what
    the build adds to its config's `augment`.
    """
    augmenter: Augmenter | None = None
    for clip in clips:
        sample_rate = delivery.sample_rate or clip.clean.sample_rate
        if augmenter is None or augmenter.sample_rate != sample_rate:
            augmenter = Augmenter(augment, sample_rate, setting)
        wave = at_rate(clip.clean.wave, clip.clean.sample_rate, sample_rate)
        is_silence = clip.performance.is_silence
        augmented = augmenter.augment(clip.id, wave, seed, is_silence)
        shipped_as = delivery.of_silence if is_silence else delivery
        yield _finished(clip, augmented, sample_rate, shipped_as)


def _finished(
    clip: JudgedClip, augmented: Augmented, sample_rate: int, delivery: Delivery
) -> FinishedClip:
    is_recorded = clip.performance.is_recorded
    shipped = ship(augmented.wave, sample_rate, delivery, clip.id, is_recorded)
    noise_audio = b""
    if augmented.noise_wave is not None:
        noise = amplified(augmented.noise_wave, shipped.gain_db)
        noise_audio = encode_clip(noise, sample_rate, "flac", clip.id, NOISE_DECLARATION)
    return FinishedClip(
        id=clip.id,
        sample_rate=sample_rate,
        num_samples=len(shipped.wave),
        audio=shipped.audio,
        noise=augmented.noise,
        room=augmented.room,
        channel=replace(augmented.channel, gain_db=augmented.channel.gain_db + shipped.gain_db),
        quality=measure_quality(shipped.wave, sample_rate),
        augmentations=augmented.augmentations,
        time_scale=augmented.time_scale,
        time_shift_s=augmented.time_shift_s,
        noise_audio=noise_audio,
    )


def measure_quality(wave: np.ndarray, sample_rate: int) -> Quality:
    """What can be measured on the final clip `wave` (S,), float in [-1, 1]."""
    filtered = audible(wave, sample_rate)
    return Quality(
        clipped_fraction=clipped_fraction(wave),
        silence_fraction=round(silence_of_filtered(filtered, sample_rate), 4),
        loudness_lufs=round(loudness_of_filtered_lufs(filtered, sample_rate), 2),
    )


def silence_fraction(wave: np.ndarray, sample_rate: int) -> float:
    """The part of 20 ms frames that lie 40 dB or more below the loudest frame, by what is heard;
    1 for silence.
    """
    return silence_of_filtered(audible(wave, sample_rate), sample_rate)


def silence_of_filtered(wave: np.ndarray, sample_rate: int) -> float:
    """The same of a wave (S,) that is `audible` already."""
    if peak_db(wave) < _NOTHING_DB:
        return 1.0
    frame_samples = max(1, round(SILENCE_FRAME_S * sample_rate))
    frames = wave[: len(wave) // frame_samples * frame_samples].reshape(-1, frame_samples)
    if not len(frames):
        return 0.0
    energies = np.mean(np.square(frames, dtype=np.float64), axis=1)
    return float(np.mean(energies <= energies.max() * 10 ** (-SILENCE_BELOW_PEAK_DB / 10)))
