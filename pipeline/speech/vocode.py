"""Stage 4: mels to waveforms."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from models.checkpoint import read_info, shared_checkpoint
from models.errors import DataError
from models.mel import convert_mels
from models.voice import waveforms
from pipeline.audio.files import pcm16, resample
from pipeline.randomness import rng_for
from pipeline.records import CleanClip, MelClip, Reject
from pipeline.sentences.own.recording import OwnRecording
from pipeline.speech.other_voices import OtherVoices
from pipeline.speech.own_recordings import NO_RECORDINGS, recorded_wave
from pipeline.speech.synthesize import VoiceConfig

STAGE = "vocode"
_PEAK = 0.95  # louder waves are scaled down: 16 bits would clip them


def vocode(
    mels: Sequence[MelClip],
    config: VoiceConfig,
    device: str = "cpu",
    seed: int = 0,
    texts: Mapping[str, str] | None = None,
    recordings: Mapping[str, OwnRecording] = NO_RECORDINGS,
) -> Iterator[CleanClip | Reject]:
    """Clips for mels, one at a time: batches of convolutional vocoders are no faster on a CPU
    and pad short clips to long ones. What a vocoder draws depends on `seed` and the clip's id.

    Voices that are none of ours speak for themselves, what `texts` says as spoken, by id; of
    `recordings` the sound is read.
    """
    others = OtherVoices(config.sources)
    for clip in mels:
        if clip.id in recordings:
            yield _recorded(clip, recordings[clip.id], config)
        elif clip.performance.speaker in others:
            yield _spoken(clip, (texts or {})[clip.id], others, config)
        else:
            yield _vocoded(clip, config, device, seed)


def _vocoded(clip: MelClip, config: VoiceConfig, device: str, seed: int) -> CleanClip | Reject:
    checkpoint = shared_checkpoint(config.vocoder, device)
    mel = torch.from_numpy(clip.mel.astype(np.float32))[None].to(device)
    with torch.inference_mode():
        vocoded = waveforms(
            checkpoint.vocoder,
            convert_mels(mel, read_info(config.acoustic_model).mel, checkpoint.mel),
            _pitch_of(clip, device),
            [int(rng_for(seed, STAGE, clip.id).integers(2**62))],
        )[0]
    wave = _whole(vocoded.float().cpu().numpy(), mel.shape[2] * checkpoint.mel.hop_length)
    if not np.isfinite(wave).all():
        return Reject(clip.id, STAGE, "the vocoder's waveform is not finite")
    return _clip(clip.id, checkpoint.label, wave, checkpoint.mel.sample_rate)


def _spoken(
    clip: MelClip, text: str, others: OtherVoices, config: VoiceConfig
) -> CleanClip | Reject:
    """At the rate of our own voices: a dataset has one."""
    try:
        wave, sample_rate = others.speak(clip, text)
    except DataError as error:
        return Reject(clip.id, STAGE, str(error), speaker=clip.performance.speaker)
    target = read_info(config.acoustic_model).mel.sample_rate
    return _clip(clip.id, others.release(clip), resample(wave, sample_rate, target), target)


def _recorded(clip: MelClip, recording: OwnRecording, config: VoiceConfig) -> CleanClip | Reject:
    sample_rate = read_info(config.acoustic_model).mel.sample_rate
    try:
        wave = recorded_wave(recording, sample_rate)
    except DataError as error:
        return Reject(clip.id, STAGE, str(error), speaker=recording.speaker)
    return _clip(clip.id, clip.performance.acoustic_model, wave, sample_rate)


def _clip(id: str, vocoder: str, wave: np.ndarray, sample_rate: int) -> CleanClip:
    peak = float(np.abs(wave).max(initial=0.0))
    return CleanClip(
        id=id,
        vocoder=vocoder,
        sample_rate=sample_rate,
        num_samples=len(wave),
        pcm=pcm16(wave * min(1.0, _PEAK / max(peak, 1e-9))).tobytes(),
    )


def _pitch_of(clip: MelClip, device: str) -> torch.Tensor | None:
    """F0 (1, T) in Hz, None where the acoustic model gave none."""
    if not clip.pitch_hz.size:
        return None
    return torch.from_numpy(clip.pitch_hz.astype(np.float32)).to(device)


def _whole(wave: np.ndarray, num_samples: int) -> np.ndarray:
    """A wave (S,) that lasts as long as its frames: a centred vocoder stops a hop before."""
    return np.pad(wave, (0, max(0, num_samples - len(wave))))
