"""Stage 6: put the clean clip into its place (room, noise, gain) and measure the result."""

import functools
import warnings
from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.audio import decode_audio, encode_flac
from pipeline.augment import AugmentConfig, Augmented, Augmenter, AugmentSetting
from pipeline.judge import clipped_fraction
from pipeline.records import FinishedClip, JudgedClip, Quality

SILENCE_BELOW_PEAK_DB = 40.0
SILENCE_FRAME_S = 0.02
QUIETEST_LUFS = -70.0  # the absolute gate of ITU-R BS.1770: nothing quieter is measured
LOUDNESS_BLOCK_S = 0.4


def finish(
    clips: Sequence[JudgedClip],
    augment: AugmentConfig,
    seed: int,
    setting: AugmentSetting | None = None,
) -> Iterator[FinishedClip]:
    """Augment and measure `clips`; `setting` is what the build adds to its config's `augment`."""
    augmenter: Augmenter | None = None
    for clip in clips:
        wave, sample_rate = decode_audio(clip.audio)
        if augmenter is None or augmenter.sample_rate != sample_rate:
            augmenter = Augmenter(augment, sample_rate, setting)
        heard = augmenter.augment(clip.id, wave, seed)
        yield _finished(clip.id, heard, sample_rate)


def _finished(id: str, heard: Augmented, sample_rate: int) -> FinishedClip:
    return FinishedClip(
        id=id,
        sample_rate=sample_rate,
        num_samples=len(heard.wave),
        audio=encode_flac(heard.wave, sample_rate),
        noise=heard.noise,
        room=heard.room,
        channel=heard.channel,
        quality=measure_quality(heard.wave, sample_rate),
        augmentations=heard.augmentations,
        time_scale=heard.time_scale,
        time_shift_s=heard.time_shift_s,
        noise_audio=b"" if heard.noise_wave is None else encode_flac(heard.noise_wave, sample_rate),
    )


def measure_quality(wave: np.ndarray, sample_rate: int) -> Quality:
    """What can be measured on the final clip `wave` (S,), float in [-1, 1]."""
    return Quality(
        clipped_fraction=clipped_fraction(wave),
        silence_fraction=round(silence_fraction(wave, sample_rate), 4),
        loudness_lufs=round(loudness_lufs(wave, sample_rate), 2),
    )


def silence_fraction(wave: np.ndarray, sample_rate: int) -> float:
    """The part of 20 ms frames that lie 40 dB or more below the loudest frame; 1 for silence."""
    frame_samples = max(1, round(SILENCE_FRAME_S * sample_rate))
    frames = wave[: len(wave) // frame_samples * frame_samples].reshape(-1, frame_samples)
    if not len(frames):
        return 0.0
    energies = np.mean(np.square(frames, dtype=np.float64), axis=1)
    return float(np.mean(energies <= energies.max() * 10 ** (-SILENCE_BELOW_PEAK_DB / 10)))


def loudness_lufs(wave: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness by ITU-R BS.1770; -70 for silence.

    A clip shorter than one 0.4 s block is padded with silence to one block.
    """
    missing = round(LOUDNESS_BLOCK_S * sample_rate) + 1 - len(wave)
    padded = np.pad(wave, (0, max(0, missing))).astype(np.float64)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore")
        loudness = float(_meter(sample_rate).integrated_loudness(padded))
    return max(loudness, QUIETEST_LUFS) if np.isfinite(loudness) else QUIETEST_LUFS


@functools.cache
def _meter(sample_rate: int):  # type: ignore[no-untyped-def]  # pyloudnorm has no types
    import pyloudnorm

    return pyloudnorm.Meter(sample_rate, block_size=LOUDNESS_BLOCK_S)
