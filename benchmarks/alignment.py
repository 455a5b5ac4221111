"""Does the recognizer find words where they are? On speech whose times are known exactly.

    python -m benchmarks.alignment [--voices cmu_us_slt_arctic_hts kal_diphone] [--count 40]

Festival (Debian: festival festvox-us-slt-hts festvox-kallpc16k) speaks sentences of
prompts/voice_assistant and says when each of its words ends; the recognizer, which never heard
these voices, aligns the same audio.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.checkpoint import Checkpoint, load_checkpoint
from models.evaluation.tables import markdown_table
from models.mel import LogMel
from models.phonology.accents import as_known
from models.phonology.phonemes import PAUSE, SILENCES, Phonemizer, split_words, words_of
from models.recognition.alignment import align
from pipeline.audio.files import read_audio
from pipeline.records import Sentence
from pipeline.sentences.generate import SentencesConfig, generate

_SCRIPT = """(voice_{voice})
(set! utt (utt.synth (Utterance Text "{text}")))
(utt.save.wave utt "{stem}.wav")
(utt.save.words utt "{stem}.words")
"""


def plain_sentences(count: int) -> list[str]:
    """Sentences without digits or symbols: both sides read them alike."""
    rows = generate(SentencesConfig(Path("prompts/voice_assistant"), 20 * count), seed=1)
    texts = (row.text for row in rows if isinstance(row, Sentence))
    plain = [text for text in texts if re.fullmatch(r"[A-Za-z ,.?!']+", text)]
    return plain[:count]


def spoken_by_festival(texts: Sequence[str], voice: str, folder: Path) -> list[Path]:
    """Stems of `.wav` and `.words` files, one a text."""
    stems = [folder / f"{number:04d}" for number in range(len(texts))]
    script = "".join(
        _SCRIPT.format(voice=voice, text=text, stem=stem)
        for text, stem in zip(texts, stems, strict=True)
    )
    command = ["festival", "--pipe"]
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if "ERROR" in done.stderr or not all(stem.with_suffix(".words").exists() for stem in stems):
        raise SystemExit(f"error: festival cannot speak as {voice}: {done.stderr.strip()[:200]}")
    return stems


def known_ends(words: Path) -> list[tuple[str, float]]:
    """(word, its end in seconds) of each, from the lines behind `#` of a label file."""
    lines = words.read_text(encoding="utf-8").partition("#")[2].splitlines()
    rows = [line.split() for line in lines if len(line.split()) >= 3]
    return [(row[2].lower(), float(row[0])) for row in rows]


def found_ends(wave: np.ndarray, phonemes: str, recognizer: Checkpoint) -> list[float] | None:
    """When each word of `phonemes` ends in `wave` (S,), in seconds; None: it does not fit."""
    known = as_known(phonemes, recognizer.symbols)
    with torch.inference_mode():
        mel = LogMel(recognizer.mel)(torch.from_numpy(wave)[None])[0].T.numpy()
    aligned = align(known, mel, recognizer)
    if aligned is None:
        return None
    times = np.cumsum(aligned.durations) * recognizer.mel.frame_s
    silent = {PAUSE, *SILENCES}
    ends = [
        time for symbol, time in zip(aligned.symbols, times, strict=True) if symbol not in silent
    ]
    last_phones = np.cumsum([len(word) for word in split_words(known)[0]]) - 1
    return [float(ends[last]) for last in last_phones]


def errors_of(texts: Sequence[str], stems: Sequence[Path], recognizer: Checkpoint) -> np.ndarray:
    """Seconds between where words end and where they are found to, later ones positive."""
    errors = []
    for text, stem, phonemes in zip(texts, stems, Phonemizer().phonemize(texts), strict=True):
        known = known_ends(stem.with_suffix(".words"))
        wave = read_audio(stem.with_suffix(".wav"), recognizer.mel.sample_rate)
        found = found_ends(wave, phonemes, recognizer)
        if found is None or [word for word, _ in known] != words_of(text):
            continue  # festival counts its words otherwise
        errors += [at - end for at, (_, end) in zip(found, known, strict=True)]
    return np.array(errors)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--voices", nargs="+", default=["cmu_us_slt_arctic_hts", "kal_diphone"])
    parser.add_argument("--count", type=int, default=40)
    asked = parser.parse_args(arguments)
    if shutil.which("festival") is None:
        raise SystemExit("error: festival is not installed (Debian: apt install festival)")
    torch.set_num_threads(1)
    recognizer, texts, rows = load_checkpoint("recognizer"), plain_sentences(asked.count), []
    for voice in asked.voices:
        with tempfile.TemporaryDirectory() as folder:
            stems = spoken_by_festival(texts, voice, Path(folder))
            off_s = np.abs(errors_of(texts, stems, recognizer))
        within = [f"{np.mean(off_s <= limit):.1%}" for limit in (0.02, 0.05, 0.1)]
        rows.append([voice, str(len(off_s)), f"{1000 * np.median(off_s):.0f}", *within])
    headings = ["voice", "words", "median, ms", "within 20 ms", "50 ms", "100 ms"]
    print(markdown_table(headings, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
