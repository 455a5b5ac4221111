"""Evaluation of a MelNet's samples: like speech, and without words, beside held-out recordings.

Three figures of mels alone, the vocoder left out: the long-term spectrum, how fast the loudness
comes and goes (speech does so with its syllables, a few times a second), and what our recognizer
makes of it: words of the corpus that stand in its phones, against the same phones shuffled.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.checkpoint import Checkpoint, load_checkpoint
from models.evaluation.tables import decimal, markdown_table
from models.mel import MelConfig, convert_mels, mel_amplitude, scale_mels
from models.melnet.sampling import RandomDraw, sample
from models.phonology.phonemes import WORD, phones_of
from models.training.features import Features, prepare_features
from models.training.melnet import MelNetTraining, natural_log

_SHORTEST_WORD = 4  # phones: shorter words stand in any row of phones
_VOICES = 4
_BATCH = 12


@dataclass(frozen=True, slots=True)
class Portrait:
    """What can be measured of some minutes of sound."""

    spectrum_db: np.ndarray  # (n_mels,) mean level of each band
    modulation_hz: float
    modulation_depth: float
    phones_per_s: float
    words_per_min: float
    shuffled_words_per_min: float


def portray(mels: Tensor, mel: MelConfig, recognizer: Checkpoint, words: set[str]) -> Portrait:
    """Measure mels (B, n_mels, T); `words` are phones joined by spaces."""
    amplitude = mel_amplitude(mels, mel).clamp(min=1e-5)  # (B, n_mels, T)
    converted = convert_mels(mels, mel, recognizer.mel)
    lengths = torch.full((len(converted),), converted.shape[2])
    phones = recognizer.model.transcribe(converted, lengths)
    minutes = len(mels) * mels.shape[2] * mel.frame_s / 60
    rate_hz, depth = modulation(amplitude, mel.frame_s)
    return Portrait(
        spectrum_db=(20 * amplitude.log10()).mean(dim=(0, 2)).numpy(),
        modulation_hz=rate_hz,
        modulation_depth=depth,
        phones_per_s=sum(map(len, phones)) / (60 * minutes),
        words_per_min=sum(count_words(row, words) for row in phones) / minutes,
        shuffled_words_per_min=sum(count_words(row, words) for row in shuffled(phones)) / minutes,
    )


def modulation(amplitude: Tensor, frame_s: float) -> tuple[float, float]:
    """How the loudness of mel amplitudes (B, n_mels, T) comes and goes: the middle, in Hz, of the
    octave in which it does so most, and its standard deviation as a share of its mean.
    """
    loudness = amplitude.square().sum(dim=1).sqrt()  # (B, T)
    swing = loudness / loudness.mean(dim=1, keepdim=True) - 1
    window = torch.hann_window(swing.shape[1], periodic=False)
    power = torch.fft.rfft(swing * window).abs().square().mean(dim=0).numpy()
    rates_hz = np.fft.rfftfreq(swing.shape[1], frame_s)
    middles_hz = 2 ** np.arange(0, 4, 1 / 3)
    octaves = [
        power[(rates_hz >= middle / 2**0.5) & (rates_hz < middle * 2**0.5)].sum()
        for middle in middles_hz
    ]
    return float(middles_hz[int(np.argmax(octaves))]), float(swing.std())


def count_words(phones: Sequence[str], words: set[str]) -> int:
    """How many of `words` stand in the row of phones, the longest first, none overlapping."""
    longest = max((len(word.split()) for word in words), default=0)
    found = start = 0
    while start < len(phones):
        sizes = range(min(longest, len(phones) - start), _SHORTEST_WORD - 1, -1)
        size = next((n for n in sizes if " ".join(phones[start : start + n]) in words), 0)
        found += size > 0
        start += max(size, 1)
    return found


def shuffled(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """The same phones in rows of the same lengths, in random order: words by chance alone."""
    rng = np.random.default_rng(0)
    pool = [phone for row in rows for phone in row]
    drawn = iter(rng.permutation(pool).tolist())
    return [[next(drawn) for _ in row] for row in rows]


def corpus_words(features: Features) -> set[str]:
    """The words of a corpus as phones joined by spaces, those of four phones or more."""
    spoken = (word for clip in features.clips for word in clip.phonemes.split(f" {WORD} "))
    phones = (phones_of(word) for word in spoken)
    return {" ".join(word) for word in phones if len(word) >= _SHORTEST_WORD}


def real_mels(features: Features, mel: MelConfig, num_frames: int, count: int) -> Tensor:
    """Middles of held-out clips (B, n_mels, T) in the scale of `mel`."""
    clips = [clip for clip in features.held_out() if clip.num_frames >= num_frames][:count]
    middles = []
    for clip in clips:
        first = (clip.num_frames - num_frames) // 2
        middles.append(features.mel(clip)[first : first + num_frames].T.copy())
    return convert_mels(torch.from_numpy(np.stack(middles)), features.mel_config, mel)


def drawn_mels(checkpoint: Checkpoint, num_frames: int, count: int, temperature: float) -> Tensor:
    """(B, n_mels, T) out of nothing, clip i from seed i."""
    parts = []
    for first in range(0, count, _BATCH):
        seeds = range(first, min(first + _BATCH, count))
        draw = RandomDraw.seeded(seeds, temperature)
        parts.append(sample(checkpoint.model, num_frames, len(seeds), draw).mels)
    return torch.cat(parts)


def together(mels: Tensor, mel: MelConfig, voices: int) -> Tensor:
    """Every `voices` of (B, n_mels, T) at once, (B / voices, n_mels, T): their powers add up."""
    whole = mels[: len(mels) // voices * voices]
    power = mel_amplitude(whole, mel).square().view(-1, voices, *mels.shape[1:]).mean(dim=1)
    return scale_mels(power.sqrt().clamp(min=mel.floor), mel)


def report(portraits: dict[str, Portrait]) -> str:
    """A table; the first portrait is what the others' spectra are compared with."""
    first = next(iter(portraits.values()))
    rows = [
        [
            name,
            decimal(float(np.abs(portrait.spectrum_db - first.spectrum_db).mean()), 1),
            decimal(portrait.modulation_hz, 1),
            decimal(portrait.modulation_depth),
            decimal(portrait.phones_per_s, 1),
            decimal(portrait.words_per_min, 1),
            decimal(portrait.shuffled_words_per_min, 1),
        ]
        for name, portrait in portraits.items()
    ]
    header = ["", "spectrum apart, dB", "loudness rate, Hz", "its depth", "phones/s"]
    return markdown_table([*header, "words/min", "by chance"], rows)


def compare(
    checkpoint: Checkpoint, config: MelNetTraining, temperatures: Iterable[float], count: int
) -> dict[str, Portrait]:
    """Held-out recordings, and clips of the same length at each temperature; alone and mixed."""
    features = prepare_features(config.corpus, natural_log(config.mel), config.cache)
    words, frames = corpus_words(features), config.plans[0].segment_frames
    recognizer = load_checkpoint("recognizer")
    sounds = {"recordings": real_mels(features, checkpoint.mel, frames, count)}
    for temperature in temperatures:
        name = f"{checkpoint.name}, temperature {temperature:g}"
        sounds[name] = drawn_mels(checkpoint, frames, count, temperature)
    portraits = {}
    for name, mels in sounds.items():
        for voices in (1, _VOICES):
            mixed = together(mels, checkpoint.mel, voices)
            label = name if voices == 1 else f"{name}, {voices} at once"
            portraits[label] = portray(mixed, checkpoint.mel, recognizer, words)
    return portraits
