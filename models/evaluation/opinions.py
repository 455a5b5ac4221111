"""External judges, from packages that bring their weights (extra `judges`): predicted naturalness,
and voices as vectors; and how words that were heard are counted.

Each takes a wave (S,) float32 in [-1, 1] at `SAMPLE_RATE`.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import DataError
from models.evaluation.numerals import parts_of
from models.phonology.phonemes import words_of
from models.recognition.edit_distance import nearest_distance

SAMPLE_RATE = 16_000
_MOST_TEXTS = 100  # of the readings of all numerals together
Wave = NDArray[np.float32]
Opinion = Callable[[Wave], float]

_SPELLINGS = {
    "mr": "mister", "mrs": "missus", "dr": "doctor", "okay": "ok", "oh": "zero",
    "labelled": "labeled", "practised": "practiced",
}  # fmt: skip


def load_distillmos() -> Opinion:
    """Predicted mean opinion score, 1 to 5 (DistillMOS, arXiv 2502.05356)."""
    import torch

    with redirect_stdout(StringIO()):  # it prints where its weights lie
        model = import_judge("distillmos").ConvTransformerSQAModel().eval()

    @torch.inference_mode()
    def score(wave: Wave) -> float:
        return float(model(torch.from_numpy(wave)[None]))

    return score


def load_dnsmos() -> Opinion:
    """The overall score of DNSMOS P.835 (arXiv 2110.01763), 1 to 5."""
    dnsmos = import_judge("speechmos.dnsmos")

    def score(wave: Wave) -> float:
        return float(dnsmos.run(np.clip(wave, -1, 1), SAMPLE_RATE)["ovrl_mos"])

    return score


def load_resemblyzer() -> Callable[[Wave], NDArray[np.float64] | None]:
    """A voice as a vector (256,) of length 1, by Resemblyzer's d-vectors (GE2E, arXiv 1710.10467),
    which were trained on thousands of speakers; None where it hears no voice.
    """
    package = import_judge("resemblyzer", extra="resemblyzer")
    encoder = package.VoiceEncoder("cpu", verbose=False)

    def embed(wave: Wave) -> NDArray[np.float64] | None:
        voiced = package.preprocess_wav(wave) if np.any(wave) else wave[:0]
        return np.asarray(encoder.embed_utterance(voiced), np.float64) if len(voiced) else None

    return embed


def word_errors(reference: str, hypothesis: str) -> tuple[int, int]:
    """Edits between two texts, and the number of words of the reference.

    Each numeral counts as whichever of its readings comes nearest; words that differ only in where
    they are parted are no errors.
    """
    heard = _read_out(hypothesis)
    found = []
    for meant in _texts(_read_out(reference)):
        is_equal = any("".join(words) == "".join(meant) for words in _texts(heard))
        found.append((0 if is_equal else nearest_distance(heard, meant), len(meant)))
    return min(found)


def _spelled(text: str) -> list[str]:
    words = words_of(text.replace("-", " ").replace("%", " percent"))
    return [_SPELLINGS.get(word, word) for word in words]


def _read_out(text: str) -> list[list[list[str]]]:
    """The words of a text in parts, each in all its readings."""
    return [
        [_spelled(reading) for reading in ([part] if isinstance(part, str) else part)]
        for part in parts_of(text)
    ]


def _texts(parts: Sequence[Sequence[Sequence[str]]]) -> Iterator[list[str]]:
    """The words of texts that take one reading of each part: all there are, or the first ones."""
    for chosen in itertools.islice(itertools.product(*parts), _MOST_TEXTS):
        yield list(itertools.chain(*chosen))


def mean(values: Sequence[float | None]) -> float | None:
    """Of those that are there; None of none."""
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def import_judge(name: str, extra: str = "judges") -> Any:
    """A module of the extra; raises `DataError` saying how to install it where it is missing."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        package = name.partition(".")[0]
        raise DataError(f"{package} is not installed: pip install -e '.[{extra}]'") from None
