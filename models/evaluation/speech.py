"""Speech of the systems under evaluation: recordings, flite, and voices trained here.

Every source gives waveforms (S,) in [-1, 1], trimmed and brought to one level and one rate, so
that a recognizer is fed all of them alike.
"""

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from models.checkpoint import (
    Checkpoint,
    check_role,
    check_vocoder_fits,
    load_checkpoint,
)
from models.errors import DataError
from models.mel import MelConfig, convert_mels
from models.phonology.alphabets import tokenize
from models.speakers.mixing import check_voice_names, checkpoint_with_voices
from models.speakers.names import MOST_GENERATED, canonical_name
from models.training.corpus import Recording
from models.training.measured import read_wave, trim_and_level
from models.training.teaching.flite import speak_with_flite
from models.voice import Controls, waveforms

ALL = "all"
_BATCH_SIZE = 8


@dataclass(frozen=True, slots=True)
class ProsodySettings:
    """How the trained voices speak; the defaults are what they learned."""

    pace: float = 1.0
    pitch_semitones: float = 0.0
    energy: float = 1.0

    def __post_init__(self) -> None:
        if not 0.3 <= self.pace <= 3.0:
            raise ValueError(f"pace: from 0.3 to 3.0, found {self.pace}")
        if self.energy <= 0:
            raise ValueError(f"energy: above 0, found {self.energy}")


def recorded(recordings: Sequence[Recording], mel: MelConfig) -> list[np.ndarray]:
    """The corpus's own clips."""
    return [
        trim_and_level(read_wave(recording.path, mel.sample_rate), mel) for recording in recordings
    ]


def spoken_by_flite(texts: Sequence[str], voice: str, mel: MelConfig) -> list[np.ndarray]:
    """Debian's flite. Raises `DataError` where it is not installed or fails."""
    waves = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        for text in texts:
            try:
                speak_with_flite(text, voice, path)
            except (subprocess.SubprocessError, OSError) as error:
                raise DataError(f"flite -voice {voice} failed on `{text}` ({error})") from None
            waves.append(trim_and_level(read_wave(path, mel.sample_rate), mel))
    return waves


@dataclass(frozen=True, slots=True)
class Choice:
    """Which voices are heard: known speakers, mixes, generated ones (of `seed` and `spread`), and
    `all` for all known ones; none for those alone.
    """

    names: tuple[str, ...] = ()
    seed: int = 0
    spread: float = 1.0


class Spoken(NamedTuple):
    """A waveform (S,) and the pitch of every frame (T,) that its model asked for, in Hz and 0
    where unvoiced; None of models that ask for none.
    """

    wave: np.ndarray
    pitch_hz: np.ndarray | None


class Voices:
    """An acoustic model and a vocoder that fit each other, and the `names` of those who speak.

    Raises `CheckpointError` for checkpoints, `ConfigError` for a voice that cannot be made.
    """

    def __init__(
        self, acoustic: str, vocoder: str, device: str = "cpu", choice: Choice = Choice()
    ) -> None:
        check_vocoder_fits(
            check_role(acoustic, "acoustic", "acoustic model"),
            check_role(vocoder, "vocoder", "vocoder"),
        )
        loaded = load_checkpoint(acoustic, device)
        self.known = loaded.speakers
        self.names = _chosen(choice.names or (ALL,), loaded)
        self.acoustic = checkpoint_with_voices(loaded, self.names, choice.seed, choice.spread)
        self.vocoder: Checkpoint = load_checkpoint(vocoder, device)
        self._device = device

    def speak(
        self,
        texts: Sequence[str],
        phonemes: Sequence[str],
        speaker: str,
        prosody: ProsodySettings,
        mel: MelConfig,
    ) -> list[np.ndarray]:
        """One speaker's waveforms for texts and their phoneme strings, at the rate of `mel`."""
        spoken = self.speak_with_pitch(texts, phonemes, speaker, prosody)
        waves = [wave for wave, _ in spoken]
        if not all(np.isfinite(wave).all() for wave in waves):
            raise DataError(f"{self.acoustic.name}: speaker {speaker}: a waveform is not finite")
        return [trim_and_level(_resampled(wave, self.vocoder.mel, mel), mel) for wave in waves]

    def speak_with_pitch(
        self, texts: Sequence[str], phonemes: Sequence[str], speaker: str, prosody: ProsodySettings
    ) -> list[Spoken]:
        """As `speak`, at the vocoder's rate, untrimmed, with the pitch that was asked for."""
        info = self.acoustic.info
        tokens = [
            tokenize(info.alphabet, info.symbols, text, line).ids
            for text, line in zip(texts, phonemes, strict=True)
        ]
        return [
            spoken
            for first in range(0, len(tokens), _BATCH_SIZE)
            for spoken in self._speak_batch(tokens[first : first + _BATCH_SIZE], speaker, prosody)
        ]

    @torch.inference_mode()
    def _speak_batch(
        self, tokens: Sequence[np.ndarray], speaker: str, prosody: ProsodySettings
    ) -> Iterator[Spoken]:
        """Of symbol ids, each (N,)."""
        symbols = torch.zeros(len(tokens), max(map(len, tokens)), dtype=torch.long)
        for row, ids in zip(symbols, tokens, strict=True):
            row[: len(ids)] = torch.from_numpy(ids)
        each = torch.ones(len(tokens), device=self._device)
        speech = self.acoustic.acoustic_model.synthesize(
            symbols.to(self._device),
            torch.tensor([len(ids) for ids in tokens], device=self._device),
            each.long() * self.acoustic.speakers.index(speaker),
            Controls(
                pace=each * prosody.pace,
                pitch_semitones=each * prosody.pitch_semitones,
                energy=each * prosody.energy,
                pitch_range=each,
            ),
        )
        mels = convert_mels(speech.mels, self.acoustic.mel, self.vocoder.mel)
        for row, length in enumerate(speech.lengths.tolist()):
            pitch_hz = None if speech.pitch_hz is None else speech.pitch_hz[row : row + 1, :length]
            wave = waveforms(self.vocoder.vocoder, mels[row : row + 1, :, :length], pitch_hz)
            asked = None if pitch_hz is None else pitch_hz[0].cpu().numpy()
            yield Spoken(wave[0].float().cpu().numpy(), asked)


def _chosen(names: Sequence[str], acoustic: Checkpoint) -> tuple[str, ...]:
    """The canonical names of the voices, each once."""
    known = acoustic.speakers
    written = [part for name in names for part in (known if name == ALL else (name,))]
    chosen = tuple(dict.fromkeys(canonical_name(name) for name in written))
    check_voice_names(chosen, known, acoustic.name, MOST_GENERATED)
    return chosen


def _resampled(wave: np.ndarray, ours: MelConfig, theirs: MelConfig) -> np.ndarray:
    if ours.sample_rate == theirs.sample_rate:
        return wave
    import soxr

    return soxr.resample(wave, ours.sample_rate, theirs.sample_rate)
