"""Word times of clips whose synthesizer gives none: aligned by the recognizer."""

import numpy as np
import torch

from models.checkpoint import Checkpoint
from models.errors import DataError
from models.mel import LogMel
from models.phonology.accents import as_known
from models.phonology.phonemes import SILENCES, split_words
from models.recognition.alignment import align
from pipeline.audio.files import resample
from pipeline.records import WordTime


def find_words(
    wave: np.ndarray, sample_rate: int, phonemes: str, transcript: str, recognizer: Checkpoint
) -> tuple[WordTime, ...] | None:
    """When each word of `transcript` is said in a clean wave (S,) that says `phonemes`; None where
    they cannot be found in it.
    """
    heard = resample(wave, sample_rate, recognizer.mel.sample_rate)
    mel = LogMel(recognizer.mel)(torch.from_numpy(np.ascontiguousarray(heard))[None])[0]
    known = as_known(phonemes, recognizer.symbols)
    try:
        aligned = align(known, mel.numpy().T, recognizer)
    except DataError:  # a phone that it never learned
        return None
    spoken, words = split_words(known)[0], transcript.split()
    if aligned is None or len(spoken) != len(words):
        return None
    frame_s, ends = recognizer.mel.frame_s, np.cumsum(aligned.durations)
    phones = [at for at, symbol in enumerate(aligned.symbols) if symbol not in SILENCES]
    times, first = [], 0
    for word, own in zip(words, spoken, strict=True):
        begin, last = phones[first], phones[first + len(own) - 1]
        start_s, end_s = (ends[begin] - aligned.durations[begin]) * frame_s, ends[last] * frame_s
        times.append(WordTime(word, round(float(start_s), 4), round(float(end_s), 4)))
        first += len(own)
    return tuple(times)
