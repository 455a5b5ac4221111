"""A candidate beside the checkpoint in use: on real clips, and by which figure."""

from pathlib import Path

import pytest

from models.errors import ConfigError
from models.evaluation.candidate import Contest, _verdict, compare_with_used
from models.evaluation.results import Column, Row, Table, mean_of
from models.evaluation.vocoders import Fidelity
from models.training.corpus import CorpusConfig
from tests.tiny_voices import TinyVoices


def test_the_same_weights_are_no_better(corpus: Path, tiny_voices: TinyVoices) -> None:
    recordings = CorpusConfig(root=corpus, folders=("tones",))
    recognizer = str(tiny_voices.recognizer)
    contest = Contest(recordings, "mel_l1", count=2, recognizer=recognizer)
    voice = tiny_voices.vocoder
    verdict = compare_with_used(voice, voice, contest, report=lambda _: None)
    assert verdict.candidate == verdict.in_use > 0
    assert not verdict.is_better
    assert "griffin-lim" in verdict.table


def _clip(mel_l1: float) -> Fidelity:
    return Fidelity("clip", mel_l1, *[0.0] * 5, 0, 1, *[0.0] * 3)


@pytest.mark.parametrize(("better", "expected"), [("lower", True), ("higher", False)])
def test_the_figure_says_which_way_is_up(better: str, expected: bool) -> None:
    column = Column("mel_l1", "mel L1", mean_of("mel_l1"), better=better)
    rows = (Row("in use", (_clip(0.5),)), Row("candidate", (_clip(0.4),)))
    assert _verdict(Table("clips", rows), [column], column).is_better is expected


def test_one_that_could_not_be_measured_is_no_better() -> None:
    column = Column("mel_l1", "mel L1", mean_of("mel_l1"), better="lower")
    rows = (Row("in use", (_clip(0.5),)), Row("candidate", (), note="other mels"))
    assert not _verdict(Table("clips", rows), [column], column).is_better


def test_a_figure_of_another_table_is_refused(tiny_voices: TinyVoices, tmp_path: Path) -> None:
    contest = Contest(CorpusConfig(tmp_path), "mcd_dtw_db", recognizer=str(tiny_voices.recognizer))
    with pytest.raises(ConfigError, match="figure: 'mcd_dtw_db' is not one of mel_l1, mcd_db"):
        compare_with_used(tiny_voices.vocoder, tiny_voices.vocoder, contest, lambda _: None)
