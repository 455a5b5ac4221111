"""One recording as a cache holds it: its wave trimmed and levelled, its mel and pitch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from models.errors import DataError
from models.mel import LogMel, MelConfig
from models.sound_files import read_frames
from models.training.corpus import TrimConfig
from models.waveform import audible, channels_cancel, mono, peak_db

TOO_SHORT = "too short"
TRIM = TrimConfig()
_ACTIVE_DBFS = -25.0  # the level every clip is brought to: corpora differ by 7 dB
_SHORTEST_S = 0.1  # less is no speech, and too short to have a pitch
_SOFTEST_DB = -60.0  # a peak below it is a recorder's own noise

Problem = tuple[str, str] | None  # its kind, and what was found


@dataclass(frozen=True, slots=True)
class Measured:
    """What a cache holds of one clip of S samples and T frames, or why it cannot."""

    wave: np.ndarray  # (S,) int16
    mel: np.ndarray  # (T, n_mels) float16
    pitch_hz: np.ndarray  # (T,) float16
    trimmed_s: float = 0.0
    problem: Problem = None  # with all else empty


def measure_clip(path: Path, mel_config: MelConfig, trim: TrimConfig = TRIM) -> Measured:
    """What a cache holds of a sound file; its `problem` where that is nothing."""
    try:
        frames, rate = read_frames(path, str(path))
    except DataError as error:
        return _unmeasured(mel_config, "no sound that can be read", str(error))
    if problem := _why_unusable(frames, rate):
        return _unmeasured(mel_config, *problem)
    wave = audible(_at_rate(mono(frames), rate, mel_config.sample_rate), mel_config.sample_rate)
    shortest, first = max(mel_config.n_fft, round(_SHORTEST_S * mel_config.sample_rate)), 0
    if len(wave) >= shortest:
        first = speech_span(wave, mel_config, trim)[0]
        wave = trim_and_level(wave, mel_config, trim)
    if len(wave) < shortest:
        found_s, least_s = len(wave) / mel_config.sample_rate, shortest / mel_config.sample_rate
        return _unmeasured(mel_config, TOO_SHORT, f"{found_s:.2f} s of speech, of {least_s:.2f}")
    num_frames = len(wave) // mel_config.hop_length
    wave = wave[: num_frames * mel_config.hop_length]
    mel = LogMel(mel_config)(torch.from_numpy(wave)[None])[0].T.numpy()  # (T, n_mels)
    mel = mel[:num_frames]  # centred frames are one more
    return Measured(
        wave=np.round(wave * 32767).astype(np.int16),
        mel=mel.astype(np.float16),
        pitch_hz=pitch_of(wave, mel_config).astype(np.float16),
        trimmed_s=first / mel_config.sample_rate,
    )


def _unmeasured(mel: MelConfig, kind: str, found: str) -> Measured:
    nothing = np.zeros((0, mel.n_mels), np.float16)
    return Measured(np.zeros(0, np.int16), nothing, nothing[:, 0], problem=(kind, found))


def _why_unusable(frames: np.ndarray, rate: int) -> Problem:
    """Why the samples (S, C) of a clip cannot be trained on."""
    if not len(frames):
        return "silent", "it holds no samples"
    if not np.isfinite(frames).all():
        number = int((~np.isfinite(frames)).sum())
        return "NaN or infinite samples", f"{number} of {frames.size}"
    if channels_cancel(frames):
        return "channels that cancel out", f"its {frames.shape[1]} channels are opposite"
    highest_db = peak_db(audible(mono(frames), rate))
    if highest_db < _SOFTEST_DB:
        found = f"peak {highest_db:.0f} dB of full scale above 20 Hz, {_SOFTEST_DB:.0f} is needed"
        return "silent", found
    return None


def read_wave(path: Path, sample_rate: int) -> np.ndarray:
    """A sound file as mono float32 at `sample_rate`. Raises `DataError` naming the file."""
    frames, rate = read_frames(path, str(path))
    return _at_rate(mono(frames), rate, sample_rate)


def _at_rate(wave: np.ndarray, from_rate: int, to_rate: int) -> np.ndarray:
    import soxr

    return wave if from_rate == to_rate else soxr.resample(wave, from_rate, to_rate)


def trim_and_level(wave: np.ndarray, mel: MelConfig, trim: TrimConfig = TRIM) -> np.ndarray:
    """Cut silence at both edges and bring the speech to the level all clips share."""
    first, last = speech_span(wave, mel, trim)
    frames, level_db = _levels(wave, mel.hop_length, mel.hop_length)
    wave = wave[first:last]
    active_db = 10 * np.log10((frames[level_db > level_db.max() - 25] ** 2).mean() + 1e-10)
    gain = 10 ** ((_ACTIVE_DBFS - active_db) / 20)
    return wave * min(gain, 0.99 / (np.abs(wave).max() + 1e-9))


def speech_span(wave: np.ndarray, mel: MelConfig, trim: TrimConfig = TRIM) -> tuple[int, int]:
    """The first sample of a wave (S,) that trimming keeps, and the first after it."""
    hop = trim.hop_length or mel.hop_length
    length = min(trim.frame_length or mel.hop_length, len(wave))
    level_db = _levels(wave, length, hop)[1]
    loud = np.flatnonzero(level_db > level_db.max() - trim.below_loudest_db)
    margin = round(trim.margin_s * mel.sample_rate)
    first, last = int(loud[0]) * hop, int(loud[-1]) * hop + length
    return max(0, first - margin), min(len(wave), last + margin)


def _levels(wave: np.ndarray, length: int, hop: int) -> tuple[np.ndarray, np.ndarray]:
    """A wave (S,) as frames (T, length), one every `hop`, and the level of each in dB (T,)."""
    frames = np.lib.stride_tricks.sliding_window_view(wave, length)[::hop]
    return frames, 10 * np.log10((frames**2).mean(axis=1) + 1e-10)


def pitch_of(wave: np.ndarray, mel: MelConfig) -> np.ndarray:
    """Fundamental frequency of each mel frame in Hz, 0 where unvoiced (Praat's autocorrelation).

    (S,) -> (S // hop_length,). Raises `DataError` where praat-parselmouth is not installed.
    """
    try:
        import parselmouth
    except ModuleNotFoundError:
        raise DataError("praat-parselmouth is not installed: pip install -e '.[train]'") from None

    num_frames = len(wave) // mel.hop_length
    sound = parselmouth.Sound(wave.astype(np.float64), mel.sample_rate)
    track = sound.to_pitch_ac(time_step=mel.frame_s, pitch_floor=65.0, pitch_ceiling=500.0)
    centers_s = (np.arange(num_frames) + 0.5) * mel.frame_s
    nearest = np.abs(track.xs()[None, :] - centers_s[:, None]).argmin(axis=1)
    pitch = track.selected_array["frequency"][nearest]
    inside = np.abs(track.xs()[nearest] - centers_s) <= mel.frame_s
    return np.where(inside, pitch, 0.0)
