"""The sentences that evaluations use: held out from every training run, the same ones each time."""

import hashlib
from pathlib import Path

from models.errors import DataError
from models.phonemes import words_of
from models.training.corpus import CorpusConfig, Recording, read_corpora

FOLDERS = ("kathleen", "ljspeech")


def held_out_recordings(root: Path, folders: tuple[str, ...], count: int) -> list[Recording]:
    """The first `count` held-out recordings of the folders below `root`, in a fixed random order.

    No two have the same words. Raises `ConfigError` when the corpus is not there and
    `DataError` when it holds out fewer sentences than asked.
    """
    recordings = read_corpora(CorpusConfig(root=root, folders=folders))
    by_words: dict[str, Recording] = {}
    for recording in recordings:
        if recording.held_out:
            by_words.setdefault(" ".join(words_of(recording.text)), recording)
    if len(by_words) < count:
        raise DataError(
            f"{root}: {len(by_words)} held-out sentences in {', '.join(folders) or 'it'}; "
            f"{count} were asked for"
        )
    order = sorted(by_words, key=lambda words: hashlib.blake2b(words.encode()).digest())
    return [by_words[words] for words in order[:count]]
