"""A corpus of a few clips: tones with the rhythm of speech."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from models.training.corpus import is_held_out

SAMPLE_RATE = 22050
_NAMES = ("ann", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy")


def babble(seed: int, seconds: float = 0.8) -> np.ndarray:
    """A wave (S,) with syllables four times a second."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    voiced = sum(np.sin(2 * np.pi * 120 * k * times + rng.uniform(0, 6)) / k for k in range(1, 20))
    return (0.1 * voiced * np.sin(2 * np.pi * 2 * times) ** 2).astype(np.float32)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `write_corpus` writes."""
    return write_corpus(tmp_path_factory.mktemp("corpora"))


def write_corpus(root: Path) -> Path:
    """A folder `tones` in LJSpeech layout, read by anna; four sentences of it are held out."""
    (root / "tones" / "wavs").mkdir(parents=True)
    texts = [f"The {a} met {b}." for a in _NAMES for b in _NAMES]
    kept = [text for text in texts if is_held_out(text, 0.05)][:4]
    lines = []
    for number, text in enumerate([*kept, *kept[:1], "Never held out, never heard."]):
        lines.append(f"clip{number}|anna|{text}|{text}")
        soundfile.write(root / "tones" / "wavs" / f"clip{number}.wav", babble(number), SAMPLE_RATE)
    (root / "tones" / "metadata.csv").write_text("\n".join(lines) + "\n")
    return root
