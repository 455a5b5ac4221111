"""Whisper (arXiv 2212.04356) as a listener: what it hears, and how sure it is of what was meant."""

import functools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.errors import DataError
from models.evaluation.opinions import Wave, import_judge
from models.phonology.phonemes import words_of

_FRAMES = 3000  # half a minute: what it hears at once
_PROMPT = ("<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>")
_SPACE = "Ġ"  # how byte-pair encoding writes the blank before a word
_LEAST = 1e-9  # of a probability
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
            temperature=0.0,  # beyond it words are drawn, and differ from run to run
        )
        return " ".join(segment.text.strip() for segment in segments)

    def surprisal(self, wave: Wave, text: str) -> float | None:
        """The mean of -ln p of the words of `text`, each after those before it, in nats; of a word
        at most 3. None without words, and of waves beyond half a minute.

        It tells voices that are well understood apart by far fewer sentences than errors do: of
        those most have none.
        """
        words = [self._tokens_of(word) for word in text.split() if words_of(word)]
        weighed = self._weigh(wave, [words]) if words else None
        if weighed is None:
            return None
        surprisals = []
        for word, nats in zip(words, weighed[0], strict=True):
            lost = sum(lost for (_, counts), lost in zip(word, nats, strict=True) if counts)
            surprisals.append(min(_LOST, lost))
        return float(np.mean(surprisals))

    def log_likelihoods(self, wave: Wave, texts: Sequence[str]) -> list[float] | None:
        """ln p of each whole text, in nats. None of waves beyond half a minute."""
        weighed = self._weigh(wave, [[*map(self._tokens_of, text.split())] for text in texts])
        if weighed is None:
            return None
        return [-sum(map(sum, words)) for words in weighed]

    def _weigh(
        self, wave: Wave, texts: Sequence[Sequence[Sequence[tuple[int, bool]]]]
    ) -> list[list[list[float]]] | None:
        """-ln p of every token of every word of every text, each after those before it."""
        features = self._whisper.feature_extractor(wave)
        frames = features.shape[1]
        if frames > _FRAMES + 1:
            return None
        padded = np.zeros((len(features), _FRAMES), np.float32)
        padded[:, :frames] = features[:, :_FRAMES]
        encoded = self._whisper.encode(padded)
        weighed = []
        for words in texts:
            tokens = [token for word in words for token, _ in word]
            asked = (encoded, self._prompt, [tokens], [min(frames, _FRAMES)])
            found = self._whisper.model.align(*asked)[0].text_token_probs
            nats = iter([-math.log(max(probability, _LEAST)) for probability in found])
            weighed.append([[next(nats) for _ in word] for word in words])
        return weighed

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
