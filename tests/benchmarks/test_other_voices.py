"""flite and espeak-ng as corpora."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.other_voices import ESPEAK_VOICES, FLITE_VOICES, espeak, flite, make_corpus
from models.errors import DataError
from models.training.corpus import CorpusConfig, read_corpora


def test_espeak_speaks_in_every_voice_faster_and_higher() -> None:
    for voice in ESPEAK_VOICES[:: len(ESPEAK_VOICES) // 6]:
        slow, rate = espeak("seven", voice, 0.7, 0.0)
        fast, _ = espeak("seven", voice, 1.4, 0.0)
        assert rate == 22050
        assert 0.1 < len(fast) / rate < len(slow) / rate < 3
        assert np.abs(slow).max() > 0.05
    low, high = (espeak("seven", "en-us+m1", 1.0, semitones)[0] for semitones in (-4.0, 4.0))
    assert not np.array_equal(low, high)


def test_a_voice_that_is_not_there_is_told() -> None:
    with pytest.raises(DataError, match="espeak-ng has no voice xx-none"):
        espeak("seven", "xx-none", 1.0, 0.0)


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_flite_speaks_faster_and_higher() -> None:
    for voice in FLITE_VOICES:
        slow, rate = flite("seven", voice, 0.7, 0.0)
        fast, _ = flite("seven", voice, 1.4, 0.0)
        assert rate == 16000
        assert 0.2 < len(fast) / rate < len(slow) / rate < 3
        assert 0.05 < np.abs(fast).max() <= 1


def test_a_corpus_has_every_word_as_often_and_the_same_voices_again(tmp_path: Path) -> None:
    folders = [
        make_corpus(tmp_path / side / "espeak-ng", ("one", "two"), 6, ESPEAK_VOICES, espeak, seed=1)
        for side in "ab"
    ]
    first, again = (read_corpora(CorpusConfig(root=folder, held_out=0.0)) for folder in folders)
    assert [clip.text for clip in first] == ["one", "two"] * 3
    assert len({clip.speaker for clip in first}) > 1
    assert [clip.speaker for clip in first] == [clip.speaker for clip in again]
    for ours, theirs in zip(first, again, strict=True):
        # espeak-ng carries a fraction of a sample from one text to the next
        frames = [soundfile.info(str(clip.path)).frames for clip in (ours, theirs)]
        assert abs(frames[0] - frames[1]) <= 2
