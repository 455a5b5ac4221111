"""Debian's flite, a small synthesizer with four voices."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from models.engines.engine import Saying, Spoken
from models.errors import DataError

_LONGEST_S = 60  # that it may take


class FliteTeacher:
    """Reads plain words: pauses and final intonation cannot be controlled. awb speaks Scottish
    English, but from American pronunciations. Raises `DataError` when flite is not installed.
    """

    name = "flite"
    revision = "flite"
    licence = "BSD-like (CMU Flite)"
    voices: Mapping[str, str] = dict.fromkeys(("slt", "rms", "awb", "kal16"), "en-us")
    reads_phonemes = False

    def __init__(self) -> None:
        check_installed()

    def speak(self, saying: Saying, voice: str, speed: float) -> Spoken:
        """Raises `DataError` when flite fails on the text."""
        import soundfile

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "spoken.wav"
            try:
                speak_with_flite(saying.text, voice, path, speed)
                wave, rate = soundfile.read(path, dtype="float32")
            except (subprocess.SubprocessError, OSError, soundfile.LibsndfileError) as error:
                raise DataError(f"flite failed ({error})") from None
        return Spoken(wave, rate)


def check_installed() -> None:
    """Raises `DataError` saying how to install flite where it is missing."""
    if shutil.which("flite") is None:
        raise DataError("flite is not installed; on Debian: apt-get install flite")


def speak_with_flite(text: str, voice: str, path: Path, speed: float = 1.0) -> None:
    """Write `text` spoken by one of flite's voices as a 16 kHz WAV."""
    check_installed()
    stretch = f"duration_stretch={1 / speed:.4f}"
    command = ["flite", "-voice", voice, "--setf", stretch, "-t", text, "-o", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=_LONGEST_S)
