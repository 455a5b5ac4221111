"""Times that are known are read rightly, and words of a recording are found in order."""

import shutil
from pathlib import Path

import pytest

from benchmarks.alignment import found_ends, known_ends, main, plain_sentences
from benchmarks.judge import held_out
from models.checkpoint import load_checkpoint
from models.phonology.phonemes import split_words
from models.training.corpus import CorpusConfig

RECORDINGS = Path(__file__).parents[1] / "recordings"


def test_ends_of_words_are_read_from_a_label_file(tmp_path: Path) -> None:
    labels = tmp_path / "a.words"
    labels.write_text("separator ;\n#\n\t0.57 100 Call\n0.88 100 Mary\n")
    assert known_ends(labels) == [("call", 0.57), ("mary", 0.88)]


def test_sentences_hold_nothing_that_is_read_in_two_ways() -> None:
    texts = plain_sentences(20)
    assert len(texts) == 20
    assert not any(character.isdigit() for text in texts for character in text)


def test_words_are_found_one_after_the_other_within_the_recording() -> None:
    recognizer = load_checkpoint("recognizer")
    for clip in held_out(CorpusConfig(RECORDINGS), limit=3):
        ends = found_ends(clip.wave, clip.phonemes, recognizer)
        assert ends is not None
        assert len(ends) == len(split_words(clip.phonemes)[0])
        assert ends == sorted(ends)
        assert 0 < ends[0] < ends[-1] <= len(clip.wave) / 22050 + 0.02


@pytest.mark.skipif(shutil.which("festival") is None, reason="festival is not installed")
def test_an_unknown_voice_is_one_line() -> None:
    with pytest.raises(SystemExit, match="error: festival cannot speak as nobody"):
        main(["--voices", "nobody", "--count", "2"])
