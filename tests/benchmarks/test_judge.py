"""The judge on real recordings: whole ones pass, broken ones do not."""

from pathlib import Path

import pytest

from benchmarks.judge import BREAKS, WHOLE, WRONG_TEXT, clips_of, flagged, held_out, main
from models.training.corpus import CorpusConfig
from pipeline.judging.judge import Judge, JudgeConfig

RECORDINGS = Path(__file__).parents[1] / "recordings"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(JudgeConfig())


@pytest.fixture(scope="module")
def recordings() -> list:
    return held_out(CorpusConfig(RECORDINGS))


def test_the_recordings_are_ones_that_nothing_was_trained_on(recordings: list) -> None:
    assert len(recordings) == 12


def test_no_whole_recording_is_flagged(judge: Judge, recordings: list) -> None:
    assert [found for found in flagged(clips_of(WHOLE, recordings), judge) if found[1]] == []


def test_of_broken_ones_at_least_95_percent_are(judge: Judge, recordings: list) -> None:
    found = {
        kind: [bool(faults) for _, faults in flagged(clips_of(kind, recordings), judge)]
        for kind in (*BREAKS, WRONG_TEXT)
    }
    everything = [caught for of_kind in found.values() for caught in of_kind]
    assert sum(everything) / len(everything) >= 0.95, found


def test_the_table_has_a_row_for_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--corpus", str(RECORDINGS), "--limit", "2"]) == 0
    printed = capsys.readouterr().out
    assert [kind for kind in (WHOLE, *BREAKS, WRONG_TEXT) if f"| {kind} " not in printed] == []


def test_a_corpus_that_is_not_there_is_one_line() -> None:
    with pytest.raises(SystemExit, match=r"error: .*nowhere"):
        main(["--corpus", "nowhere"])
