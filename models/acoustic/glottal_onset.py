"""Glottal onsets: the voice closes for a moment before a stressed vowel that begins a word.

American speakers part "our aunt" from "our rant" that way, most often where the vowel is stressed
(Dilley, Shattuck-Hufnagel & Ostendorf 1996, Glottalization of word-initial vowels as a function of
prosodic structure). They do it now and then, so a mean prediction does it by halves, and one is
heard as the other. Here it is done where a consonant comes before.
"""

import math

import torch
from torch import Tensor

from models.mel import MelConfig
from models.phonology.ipa import is_vowel
from models.phonology.phonemes import SILENCES, STRESS_MARKS
from models.phonology.word_starts import begins_word, unmarked

_CLOSED_S = 0.023
CLOSED_GAIN = -15 / 20 * math.log(10)  # log amplitude of what is heard of a closed voice


def is_stressed_onset(symbol: str) -> bool:
    """Whether a symbol is a stressed vowel that begins a word, as `|ˈæ` is."""
    phone = unmarked(symbol)
    return begins_word(symbol) and phone[0] in STRESS_MARKS and is_vowel(phone)


def is_consonant(symbol: str) -> bool:
    """Whether a symbol is a consonant, at the beginning of a word or inside."""
    phone = unmarked(symbol)
    return phone not in SILENCES and phone[0].isalpha() and not is_vowel(phone)


def closures(onsets: Tensor, consonants: Tensor, pace: Tensor, mel: MelConfig) -> Tensor:
    """Frames (B, N) for which the voice is closed before each symbol, 23 ms at a `pace` (B,) of 1.

    `onsets` and `consonants` (B, N) say which symbols may begin with it, and which let the next.
    """
    frames = (_CLOSED_S * mel.sample_rate / mel.hop_length / pace).round().clamp(min=1)
    after_consonant = torch.zeros_like(onsets)
    after_consonant[:, 1:] = consonants[:, :-1]
    return (onsets & after_consonant) * frames.long()[:, None]
