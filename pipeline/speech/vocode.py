"""Stage 4: mels to waveforms."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from models.checkpoint import read_info, shared_checkpoint
from models.mel import convert_mels
from models.voice import waveforms
from pipeline.audio.files import encode_flac
from pipeline.randomness import rng_for
from pipeline.records import CleanClip, MelClip, Reject
from pipeline.speech.synthesize import VoiceConfig

STAGE = "vocode"
_PEAK = 0.95  # louder waves are scaled down: FLAC would clip them


def vocode(
    mels: Sequence[MelClip], config: VoiceConfig, device: str = "cpu", seed: int = 0
) -> Iterator[CleanClip | Reject]:
    """Clips for mels, one at a time: batches of convolutional vocoders are no faster on a CPU
    and pad short clips to long ones. What a vocoder draws depends on `seed` and the clip's id.
    """
    checkpoint = shared_checkpoint(config.vocoder, device)
    spoken_in = read_info(config.acoustic_model).mel
    for clip in mels:
        mel = torch.from_numpy(clip.mel.astype(np.float32))[None].to(device)
        with torch.inference_mode():
            vocoded = waveforms(
                checkpoint.vocoder,
                convert_mels(mel, spoken_in, checkpoint.mel),
                _pitch_of(clip, device),
                [int(rng_for(seed, STAGE, clip.id).integers(2**62))],
            )[0]
        wave = _whole(vocoded.float().cpu().numpy(), mel.shape[2] * checkpoint.mel.hop_length)
        if not np.isfinite(wave).all():
            yield Reject(clip.id, STAGE, "the vocoder's waveform is not finite")
            continue
        peak = float(np.abs(wave).max())
        yield CleanClip(
            id=clip.id,
            vocoder=checkpoint.label,
            sample_rate=checkpoint.mel.sample_rate,
            num_samples=len(wave),
            audio=encode_flac(wave * min(1.0, _PEAK / max(peak, 1e-9)), checkpoint.mel.sample_rate),
        )


def _pitch_of(clip: MelClip, device: str) -> torch.Tensor | None:
    """F0 (1, T) in Hz, None where the acoustic model gave none."""
    if not clip.pitch_hz.size:
        return None
    return torch.from_numpy(clip.pitch_hz.astype(np.float32)).to(device)


def _whole(wave: np.ndarray, num_samples: int) -> np.ndarray:
    """A wave (S,) that lasts as long as its frames: a centred vocoder stops a hop before."""
    return np.pad(wave, (0, max(0, num_samples - len(wave))))
