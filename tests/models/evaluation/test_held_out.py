from pathlib import Path

import pytest

from models.errors import ConfigError, DataError
from models.evaluation.held_out import held_out_recordings
from models.training.corpus import CorpusConfig


def tones(root: Path) -> CorpusConfig:
    return CorpusConfig(root=root, folders=("tones",))


def test_same_sentences_each_time_and_none_twice(corpus: Path) -> None:
    chosen = held_out_recordings(tones(corpus), 4)
    assert all(recording.held_out for recording in chosen)
    assert len({recording.text for recording in chosen}) == 4
    assert held_out_recordings(tones(corpus), 2) == chosen[:2]


def test_speakers_can_be_chosen(corpus: Path) -> None:
    assert len(held_out_recordings(tones(corpus), 4, ["anna", "ben"])) == 4
    with pytest.raises(DataError, match="0 held-out sentences of ben in tones; 1 were asked"):
        held_out_recordings(tones(corpus), 1, ["ben"])


def test_too_few_sentences_are_counted(corpus: Path) -> None:
    with pytest.raises(DataError, match=r"4 held-out sentences .* 60 were asked"):
        held_out_recordings(tones(corpus), 60)


def test_missing_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        held_out_recordings(tones(tmp_path / "nowhere"), 1)
