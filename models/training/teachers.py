"""Synthetic helpers for training: Debian's flite reads a corpus's sentences in other voices.

    python -m models.training.teachers CORPUS_FOLDER OUT --voices rms:400 awb:200

Hearing one sentence from several speakers teaches the acoustic model which part of a sound
is the phone and which the speaker. Held-out sentences are not read. Helper voices never ship.
"""

import argparse
import shutil
import subprocess
from pathlib import Path

from models.errors import DataError
from models.phonology.phonemes import words_of
from models.training.corpus import CorpusConfig, Recording, read_corpora


def speak_with_flite(text: str, voice: str, path: Path) -> None:
    """Write `text` spoken by one of flite's voices (slt, awb, rms, kal16) as a 16 kHz WAV."""
    if shutil.which("flite") is None:
        raise DataError("flite is not installed; on Debian: apt-get install flite")
    command = ["flite", "-voice", voice, "-t", text, "-o", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def make_teacher_corpus(sentences: list[Recording], voice: str, count: int, out: Path) -> Path:
    """A corpus folder `out/flite-VOICE` of the first `count` sentences."""
    folder = out / f"flite-{voice}"
    (folder / "wavs").mkdir(parents=True, exist_ok=True)
    lines = []
    for sentence in sentences[:count]:
        clip_id = f"{voice}_{sentence.id}"
        text = " ".join(words_of(sentence.text))
        speak_with_flite(text, voice, folder / "wavs" / f"{clip_id}.wav")
        lines.append(f"{clip_id}|flite-{voice}|{text}|{text}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--voices", nargs="+", default=["rms:400", "awb:200"])
    arguments = parser.parse_args()
    sentences = [
        recording
        for recording in read_corpora(CorpusConfig(root=arguments.corpus))
        if not recording.held_out
    ]
    for voice in arguments.voices:
        name, _, count = voice.partition(":")
        print(make_teacher_corpus(sentences, name, int(count or len(sentences)), arguments.out))


if __name__ == "__main__":
    main()
