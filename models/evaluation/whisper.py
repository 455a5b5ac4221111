"""Whisper (arXiv 2212.04356) as a listener: what it hears, and how sure it is of what was meant."""

import functools
import math
from pathlib import Path

import numpy as np

from models.errors import DataError
from models.evaluation.opinions import Wave, import_judge
from models.phonology.phonemes import words_of

_FRAMES = 3000  # half a minute: what it hears at once
_PROMPT = ("<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>")
_SPACE = "Ġ"  # how byte-pair encoding writes the blank before a word
_LOST = 3.0  # nats, of a word that is lost, however far


class Whisper:
    """A folder with a Whisper for CTranslate2, by the package faster-whisper; waves (S,) are at
    `SAMPLE_RATE`. Raises `DataError` for a folder without one.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "model.bin").is_file():
            raise DataError(f"{folder}: no Whisper for CTranslate2 there: model.bin is missing")
        self._whisper = import_judge("faster_whisper").WhisperModel(
            str(folder), device="cpu", compute_type="int8", cpu_threads=1
        )
        self._tokenizer = self._whisper.hf_tokenizer
        self._prompt = [self._tokenizer.token_to_id(name) for name in _PROMPT]
        self._tokens_of = functools.cache(self._tokenize)

    def transcribe(self, wave: Wave) -> str:
        """What it hears in (S,)."""
        segments, _ = self._whisper.transcribe(
            wave,
            language="en",
            beam_size=5,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        return " ".join(segment.text.strip() for segment in segments)

    def surprisal(self, wave: Wave, text: str) -> float | None:
        """The mean of -ln p of the words of `text`, each after those before it, in nats; of a word
        at most 3. None without words, and of waves beyond half a minute.

        It tells voices that are well understood apart by far fewer sentences than errors do: of
        those most have none.
        """
        words = [word for word in text.split() if words_of(word)]
        features = self._whisper.feature_extractor(wave)
        frames = features.shape[1]
        if not words or frames > _FRAMES + 1:
            return None
        padded = np.zeros((len(features), _FRAMES), np.float32)
        padded[:, :frames] = features[:, :_FRAMES]
        tokens = [self._tokens_of(word) for word in words]
        every = [token for word in tokens for token, _ in word]
        encoded = self._whisper.encode(padded)
        found = self._whisper.model.align(encoded, self._prompt, [every], [min(frames, _FRAMES)])
        probabilities = iter(found[0].text_token_probs)
        surprisals = []
        for word in tokens:
            bits = [(-math.log(max(next(probabilities), 1e-9)), counts) for _, counts in word]
            surprisals.append(min(_LOST, sum(nats for nats, counts in bits if counts)))
        return float(np.mean(surprisals))

    def _tokenize(self, word: str) -> list[tuple[int, bool]]:
        """The tokens of a word after a blank; whether each counts: punctuation does not."""
        ids = self._tokenizer.encode(f" {word}", add_special_tokens=False).ids
        names = [self._tokenizer.id_to_token(id) for id in ids]
        if names[0] == _SPACE:  # a tokenizer that lacks merges: the longest tokens there are
            names = self._longest(_SPACE + "".join(names[1:]))
        known = self._vocabulary
        return [(known[name], any(map(str.isalnum, name.strip(_SPACE)))) for name in names]

    def _longest(self, text: str) -> list[str]:
        """`text` in the fewest bites, each the longest token that comes next."""
        names = []
        while text:
            ends = range(len(text), 0, -1)
            names.append(next(text[:end] for end in ends if text[:end] in self._vocabulary))
            text = text.removeprefix(names[-1])
        return names

    @functools.cached_property
    def _vocabulary(self) -> dict[str, int]:
        vocabulary: dict[str, int] = self._tokenizer.get_vocab()
        return vocabulary
