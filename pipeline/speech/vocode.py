"""Stage 4: mels to waveforms."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from models.checkpoint import read_info, shared_checkpoint
from models.cuda_graphs import play
from models.errors import DataError
from models.mel import convert_mels
from models.precision import in_precision
from models.voice import PitchedVocoder, waveforms
from pipeline.audio.files import pcm16, resample
from pipeline.randomness import rng_for
from pipeline.records import NOBODY, CleanClip, MelClip, Reject
from pipeline.sentences.negatives.silence_config import SilenceConfig
from pipeline.sentences.own.recording import OwnRecording
from pipeline.speech.batches import FRAMES_STEP, Budget, Shape, budget_of, in_batches, padded
from pipeline.speech.other_voices import OtherVoices
from pipeline.speech.own_recordings import NO_RECORDINGS, recorded_wave
from pipeline.speech.silence import silent_wave
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
    budget: Budget | None = None,
    silence: SilenceConfig | None = None,
) -> Iterator[CleanClip | Reject]:
    """Clips for mels, in batches of fixed shape (`budget`; None: that of the device) where F0 is
    known and the vocoder takes it; else one at a time. What a vocoder draws depends on `seed` and
    the clip's id.

    Voices that are none of ours speak for themselves, what `texts` says as spoken, by id; of
    `recordings` the sound is read, and for a clip without speech `silence` makes it.
    """
    others = OtherVoices(config.sources)
    ours = [
        clip
        for clip in mels
        if clip.id not in recordings
        and clip.performance.speaker not in others
        and not clip.performance.is_silence
    ]
    vocoded = _vocoded(ours, config, device, seed, budget or budget_of(device, STAGE))
    for clip in mels:
        if clip.performance.is_silence:
            yield _silent(clip, silence, seed, config)
        elif clip.id in recordings:
            yield _recorded(clip, recordings[clip.id], config)
        elif clip.performance.speaker in others:
            yield _spoken(clip, (texts or {})[clip.id], others, config)
        else:
            yield next(vocoded)


def _vocoded(
    mels: Sequence[MelClip], config: VoiceConfig, device: str, seed: int, budget: Budget | None
) -> Iterator[CleanClip | Reject]:
    voice = _Voice(config, device, seed)
    waves: Iterable[np.ndarray] = map(voice.wave, mels)
    if budget is not None and voice.takes_pitch and all(clip.pitch_hz.size for clip in mels):
        if mels:
            longest = _num_frames(mels[0])
            budget.measure(
                lambda size, length: voice.waves([mels[0]] * size, (max(length, longest),))
            )
        waves = in_batches(mels, _shape, voice.waves, budget)
    for clip, wave in zip(mels, waves, strict=True):
        yield voice.clip(clip, wave)


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


def _silent(
    clip: MelClip, silence: SilenceConfig | None, seed: int, config: VoiceConfig
) -> CleanClip:
    assert silence is not None, f"{clip.id}: a clip without speech, and no silence"
    sample_rate = read_info(config.acoustic_model).mel.sample_rate
    wave = silent_wave(silence, clip.id, seed, sample_rate)
    return _clip(clip.id, NOBODY, wave, sample_rate)


def _clip(id: str, vocoder: str, wave: np.ndarray, sample_rate: int) -> CleanClip:
    peak = float(np.abs(wave).max(initial=0.0))
    return CleanClip(
        id=id,
        vocoder=vocoder,
        sample_rate=sample_rate,
        num_samples=len(wave),
        pcm=pcm16(wave * min(1.0, _PEAK / max(peak, 1e-9))).tobytes(),
    )


class _Voice:
    """The loaded vocoder of a build, and the scale of its acoustic model's mels."""

    def __init__(self, config: VoiceConfig, device: str, seed: int) -> None:
        vocoder = shared_checkpoint(config.vocoder, device)
        self._checkpoint = replace(vocoder, model=in_precision(vocoder.model, config.precision))
        self._spoken_in = read_info(config.acoustic_model).mel
        self._device, self._seed = device, seed

    @property
    def takes_pitch(self) -> bool:
        return isinstance(self._checkpoint.vocoder, PitchedVocoder)

    def wave(self, clip: MelClip) -> np.ndarray:
        """The wave (S,) of a clip, computed alone."""
        mels, pitch_hz = _padded([clip], "mel", _num_frames(clip)), None
        if clip.pitch_hz.size:
            pitch_hz = _pitch([clip], _num_frames(clip)).to(self._device)
        with torch.inference_mode():
            vocoder, mels = self._checkpoint.vocoder, self._converted(mels).to(self._device)
            wave = waveforms(vocoder, mels, pitch_hz, [self._seed_of(clip)])[0]
        return np.asarray(wave.float().cpu().numpy())

    def waves(self, clips: Sequence[MelClip], shape: Shape) -> list[np.ndarray]:
        """The waves of a batch, each clip padded to `shape`, (T,)."""
        (num_frames,) = shape
        mels = self._converted(_padded(clips, "mel", num_frames))
        seeds, hop = [self._seed_of(clip) for clip in clips], self._checkpoint.mel.hop_length
        lengths = torch.tensor([_num_frames(clip) for clip in clips])
        pitch_hz = _pitch(clips, num_frames)
        with torch.inference_mode():
            vocoder: PitchedVocoder = self._checkpoint.model
            sources = mels, pitch_hz, vocoder.noise(seeds, num_frames), lengths
            waves = play(self._device, vocoder.from_sources, *sources).float().numpy()
        return [wave[: _num_frames(clip) * hop] for wave, clip in zip(waves, clips, strict=True)]

    def clip(self, clip: MelClip, wave: np.ndarray) -> CleanClip | Reject:
        """The record of a clip with its wave; a reject where that is not finite."""
        mel = self._checkpoint.mel
        wave = _whole(wave, _num_frames(clip) * mel.hop_length)
        if not np.isfinite(wave).all():
            return Reject(clip.id, STAGE, "the vocoder's waveform is not finite")
        return _clip(clip.id, self._checkpoint.label, wave, mel.sample_rate)

    def _converted(self, mels: torch.Tensor) -> torch.Tensor:
        return convert_mels(mels, self._spoken_in, self._checkpoint.mel)

    def _seed_of(self, clip: MelClip) -> int:
        return int(rng_for(self._seed, STAGE, clip.id).integers(2**62))


def _num_frames(clip: MelClip) -> int:
    return clip.mel.shape[1]


def _shape(clip: MelClip) -> Shape:
    return (padded(_num_frames(clip), FRAMES_STEP),)


def _pitch(clips: Sequence[MelClip], num_frames: int) -> torch.Tensor:
    """F0 (B, T) in Hz."""
    return _padded(clips, "pitch_hz", num_frames)[:, 0]


def _padded(clips: Sequence[MelClip], name: str, num_frames: int) -> torch.Tensor:
    """The arrays (M, T) of this name, padded with 0: (B, M, `num_frames`)."""
    arrays = [getattr(clip, name).astype(np.float32) for clip in clips]
    padded = [np.pad(one, ((0, 0), (0, num_frames - one.shape[1]))) for one in arrays]
    return torch.from_numpy(np.stack(padded))


def _whole(wave: np.ndarray, num_samples: int) -> np.ndarray:
    """A wave (S,) that lasts as long as its frames: a centred vocoder stops a hop before."""
    return np.pad(wave, (0, max(0, num_samples - len(wave))))
