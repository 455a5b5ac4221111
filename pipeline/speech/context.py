"""Context: words spoken between others, as people count or list, and cut out of them.

A voice that learned from sentences says a word alone badly. Between others it is said as it was
learned. What is around it is cut away from the spectrogram, before there is a waveform.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from models.mel import MelConfig
from models.phonology.foreign_accents import parse_accent
from models.phonology.phonemes import PAUSE, WORD, Phonemizer, join_words, split_words
from pipeline.distributions import Distribution, within
from pipeline.records import SpokenSentence, WordTime

_MOST_PHRASES = 10
_EDGE_FRAMES = 4  # of silence, before and behind
_FEW = Distribution(choice={0: 1.0, 1: 1.0, 2: 1.0})
_USUAL_MARGIN_S = Distribution(low=0.02, high=0.08)


@dataclass(frozen=True)
class ContextConfig:
    """The context of every sentence, which is cut away: `before` and `after` it so many of
    `phrases`, with a pause at each joint with probability `pause`. `margin_s` of it stay.
    """

    phrases: tuple[str, ...]
    before: Distribution = _FEW
    after: Distribution = _FEW
    pause: float = 0.6
    margin_s: Distribution = _USUAL_MARGIN_S

    def __post_init__(self) -> None:
        if not self.phrases or not all(phrase.strip() for phrase in self.phrases):
            raise ValueError("phrases: at least one is needed, and none may be empty")
        within(self.before, 0, _MOST_PHRASES, "before")
        within(self.after, 0, _MOST_PHRASES, "after")
        within(self.margin_s, 0.0, 0.5, "margin_s")
        if not 0 <= self.pause <= 1:
            raise ValueError(f"pause: {self.pause}; from 0 to 1 is allowed")


class InContext(NamedTuple):
    """A sentence with others around it: its own words begin at `first_word`; `around` is the
    text with `...` in its place, and `margin_s` stays on both sides of it.
    """

    sentence: SpokenSentence
    first_word: int
    around: str
    margin_s: float


class Cut(NamedTuple):
    """A sentence alone: its mel (n_mels, T), its F0 (1, T) or (0, 0), and where its words lie."""

    mel: np.ndarray
    pitch_hz: np.ndarray
    words: tuple[WordTime, ...]


def put_in_context(
    sentence: SpokenSentence, config: ContextConfig, rng: np.random.Generator
) -> InContext:
    """Draw the context of the sentence. Raises `DataError` for a phrase that is no speech."""
    counts = [round(config.before.draw(rng)), round(config.after.draw(rng))]
    drawn = [rng.choice(config.phrases, count).tolist() for count in counts]
    joints = iter(np.where(rng.random(sum(counts) + 2) < config.pause, PAUSE, WORD).tolist())
    words: list[list[str]] = []
    boundaries: list[str] = []
    own = sentence.phonemes
    native = parse_accent(sentence.accent).native
    before, after = ([_phonemes(phrase, native) for phrase in part] for part in drawn)
    first_word = 0
    for position, phonemes in enumerate([*before, own, *after]):
        if words:
            boundaries[-1] = next(joints)
        if position == len(before):
            first_word = len(words)
        part, behind = split_words(phonemes)
        words += part
        boundaries += behind
    texts = [*drawn[0], "...", *drawn[1]]
    whole = replace(
        sentence,
        normalized_text=" ".join([*drawn[0], sentence.normalized_text, *drawn[1]]),
        phonemes=join_words(words, boundaries),
    )
    return InContext(whole, first_word, " ".join(texts), config.margin_s.draw(rng))


def cut_out(
    mel: np.ndarray,
    pitch_hz: np.ndarray,
    words: Sequence[WordTime],
    margin_s: float,
    config: MelConfig,
) -> Cut:
    """The part of a log-mel (n_mels, T) and its F0 (1, T), or (0, 0), that says `words`, with
    `margin_s` on both sides of it and a moment of silence before and behind.
    """
    first = max(0, round((words[0].start_s - margin_s) / config.frame_s))
    last = min(mel.shape[1], round((words[-1].end_s + margin_s) / config.frame_s))
    silence = np.full((mel.shape[0], _EDGE_FRAMES), config.silence, mel.dtype)
    shift_s = (_EDGE_FRAMES - first) * config.frame_s
    moved = tuple(
        WordTime(word.word, round(word.start_s + shift_s, 4), round(word.end_s + shift_s, 4))
        for word in words
    )
    unvoiced = np.zeros((len(pitch_hz), _EDGE_FRAMES), pitch_hz.dtype)
    return Cut(
        np.concatenate([silence, mel[:, first:last], silence], axis=1),
        np.concatenate([unvoiced, pitch_hz[:, first:last], unvoiced], axis=1),
        moved,
    )


@functools.lru_cache(maxsize=4096)
def _phonemes(phrase: str, accent: str) -> str:
    return Phonemizer(accent).phonemize([phrase])[0]
