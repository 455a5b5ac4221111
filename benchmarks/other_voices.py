"""The same words from other synthesizers: flite's voices and espeak-ng's variants, as corpora.

    python -m benchmarks.other_voices prompts/digits/lexicons/digit.txt runs/probe --count 4000

Each clip has a voice, a pace and a pitch of its own, drawn as widely as our own voices draw
theirs. `runs/probe/flite` and `runs/probe/espeak-ng` are corpora: `wavs/` beside `metadata.csv`.
"""

import argparse
import ctypes
import functools
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import soundfile

from models.errors import DataError
from pipeline.randomness import rng_for

FLITE_VOICES = {"slt": 170.0, "awb": 130.0, "rms": 105.0, "kal16": 105.0}  # their pitch in Hz
_ACCENTS = ("en-us", "en", "en-gb-x-rp", "en-gb-scotland")
_SPEAKERS = (*(f"m{n}" for n in range(1, 9)), *(f"f{n}" for n in range(1, 6)), "croak")
ESPEAK_VOICES = tuple(f"{accent}+{who}" for accent in _ACCENTS for who in _SPEAKERS)
PACE, SEMITONES = (0.7, 1.4), (-4.0, 4.0)

# espeak-ng/speak_lib.h
_SYNCHRONOUS, _UTF8, _RATE, _PITCH = 2, 1, 1, 3
_USUAL_WORDS_A_MINUTE, _USUAL_PITCH, _PITCH_STEPS_A_SEMITONE = 175, 50, 5

Speak = Callable[[str, str, float, float], tuple[np.ndarray, int]]


def flite(text: str, voice: str, pace: float, semitones: float) -> tuple[np.ndarray, int]:
    """(wave (S,), its rate) by Debian's flite. Raises `DataError` where it is not installed."""
    if shutil.which("flite") is None:
        raise DataError("flite is not installed; on Debian: apt-get install flite")
    pitch_hz = FLITE_VOICES[voice] * 2 ** (semitones / 12)
    prosody = [f"duration_stretch={1 / pace:.4f}", f"int_f0_target_mean={pitch_hz:.1f}"]
    options = [part for setting in prosody for part in ("--setf", setting)]
    command = ["flite", "-voice", voice, *options, "-t", text, "-o", "/dev/stdout"]
    spoken = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    # Written to a pipe, the header's lengths are unknown: 44 bytes of it, then 16 bit samples.
    rate = int.from_bytes(spoken[24:28], "little")
    return np.frombuffer(spoken[44:], dtype="<i2").astype(np.float32) / 32768, rate


def espeak(text: str, voice: str, pace: float, semitones: float) -> tuple[np.ndarray, int]:
    """(wave (S,), its rate) by the espeak-ng that `espeakng-loader` brings along."""
    engine = _Espeak.shared()
    return engine.speak(text, voice, pace, semitones), engine.sample_rate


class _Espeak:
    """The library, which has one global state and gives its samples to a callback."""

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = espeakng_loader.get_data_path().encode()
        self.sample_rate = int(self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0))
        if self.sample_rate <= 0:
            raise DataError(f"espeak-ng does not start with its data in {data.decode()}")
        self._blocks: list[np.ndarray] = []
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        self._callback = kind(self._hear)  # kept: the library does not own it
        self._library.espeak_SetSynthCallback(self._callback)

    @classmethod
    @functools.cache
    def shared(cls) -> "_Espeak":
        return cls()

    def _hear(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _: object) -> int:
        if samples and count > 0:
            self._blocks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        return 0

    def speak(self, text: str, voice: str, pace: float, semitones: float) -> np.ndarray:
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise DataError(f"espeak-ng has no voice {voice}")
        pitch = _USUAL_PITCH + round(semitones * _PITCH_STEPS_A_SEMITONE)
        self._library.espeak_SetParameter(_RATE, round(_USUAL_WORDS_A_MINUTE * pace), 0)
        self._library.espeak_SetParameter(_PITCH, min(max(pitch, 0), 99), 0)
        self._blocks.clear()
        written = ctypes.create_string_buffer(text.encode())
        self._library.espeak_Synth(written, len(written), 0, 0, 0, _UTF8, None, None)
        if not self._blocks:
            raise DataError(f"espeak-ng says nothing for `{text}` as {voice}")
        return np.concatenate(self._blocks).astype(np.float32) / 32768


def make_corpus(
    folder: Path, words: Sequence[str], count: int, voices: Sequence[str], speak: Speak, seed: int
) -> Path:
    """`count` clips, the words in turn, as a corpus in `folder`."""
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    lines = []
    for number in range(count):
        word = words[number % len(words)]
        name = f"{word}-{number:05d}"
        rng = rng_for(seed, folder.name, name)
        voice = str(rng.choice(voices))
        wave, rate = speak(word, voice, float(rng.uniform(*PACE)), float(rng.uniform(*SEMITONES)))
        soundfile.write(folder / "wavs" / f"{name}.flac", wave, rate)
        lines.append(f"{name}|{folder.name}-{voice}|{word}|{word}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    return folder


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", type=Path, help="a word a line")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=4000, help="clips of each synthesizer")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    words = [line.strip() for line in asked.words.read_text(encoding="utf-8").splitlines()]
    words = [word for word in words if word and not word.startswith("#")]
    for name, voices, speak in (
        ("flite", tuple(FLITE_VOICES), flite),
        ("espeak-ng", ESPEAK_VOICES, espeak),
    ):
        print(make_corpus(asked.out / name, words, asked.count, voices, speak, asked.seed))


if __name__ == "__main__":
    main()
