"""The sentences that evaluations use: held out from every training run, the same ones each time."""

import hashlib
from collections.abc import Collection

from models.errors import DataError
from models.phonology.phonemes import words_of
from models.training.corpus import CorpusConfig, Recording, read_corpora


def held_out_recordings(
    corpus: CorpusConfig, count: int, speakers: Collection[str] | None = None
) -> list[Recording]:
    """The first `count` held-out recordings, of these speakers if given, in a fixed random order.

    No two have the same words. Raises `ConfigError` when the corpus is not there and
    `DataError` when it holds out fewer sentences than asked.
    """
    by_words: dict[str, Recording] = {}
    for recording in read_corpora(corpus):
        if recording.held_out and (speakers is None or recording.speaker in speakers):
            by_words.setdefault(" ".join(words_of(recording.text)), recording)
    if len(by_words) < count:
        of_speakers = "" if speakers is None else f" of {', '.join(sorted(speakers)) or 'nobody'}"
        raise DataError(
            f"{corpus.root}: {len(by_words)} held-out sentences{of_speakers} in "
            f"{', '.join(corpus.folders) or 'it'}; {count} were asked for"
        )
    order = sorted(by_words, key=lambda words: hashlib.blake2b(words.encode()).digest())
    return [by_words[words] for words in order[:count]]


def held_out_by_speaker(
    corpus: CorpusConfig, speakers: Collection[str], count: int, least_words: int
) -> dict[str, list[Recording]]:
    """At most `count` held-out recordings of each of these speakers that has any, with at least
    so many words, in a fixed random order. Raises `ConfigError` when the corpus is not there.
    """
    found: dict[str, list[Recording]] = {}
    for recording in read_corpora(corpus):
        long_enough = len(words_of(recording.text)) >= least_words
        if recording.held_out and recording.speaker in speakers and long_enough:
            found.setdefault(recording.speaker, []).append(recording)
    return {
        speaker: sorted(own, key=lambda one: hashlib.blake2b(one.id.encode()).digest())[:count]
        for speaker, own in sorted(found.items())
    }
