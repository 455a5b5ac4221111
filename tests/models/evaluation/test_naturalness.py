import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import ConfigError, DataError
from models.evaluation import naturalness
from models.evaluation.naturalness import (
    CHOOSING_LINES,
    LINES,
    RECORDINGS,
    Line,
    MeasuredClip,
    NaturalnessRequest,
    accent_of,
    compare_pitch,
    evaluate_naturalness,
    findings,
    read_lines,
    table,
)
from models.evaluation.speech import Voices
from models.training.corpus import CorpusConfig, read_corpora
from tests.listeners import HearsOneText, between_silences
from tests.tiny_voices import TinyVoices, save_tiny_expressive_voice


def test_the_lines_are_of_three_kinds_and_as_many_as_asked() -> None:
    assert {line.kind for line in read_lines(LINES)} == {"sentence", "word", "digits"}
    assert len(read_lines(LINES, 2)) == 6


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("# remark\nsentence|Good morning.\nno kind\n", r"lines\.txt:3: expected kind\|text"),
        ("sentence|Hello.\nsentences|Hello.\n", r"lines\.txt:2: kind 'sentences' is none of"),
        ("word|hello\n", r"lines\.txt: no sentence\|text"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, wrong: str, message: str) -> None:
    path = tmp_path / "lines.txt"
    path.write_text(wrong, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_lines(path)


def test_voices_are_chosen_by_other_lines_than_they_are_judged_by() -> None:
    choosing = {line.text.lower() for line in read_lines(CHOOSING_LINES)}
    assert choosing.isdisjoint(line.text.lower() for line in read_lines(LINES))


def test_pitch_is_compared_where_both_are_voiced() -> None:
    asked = np.array([100.0, 100.0, 0.0, 100.0, 0.0])
    result = np.array([200.0, 100.0, 100.0, 0.0, 0.0, 50.0])
    cents, wrong = compare_pitch(asked, result)
    assert cents == pytest.approx(600.0)
    assert wrong == pytest.approx(2 / 5)
    assert compare_pitch(asked, np.zeros(5)) == (None, pytest.approx(3 / 5))


def test_british_teachers_speak_british_english() -> None:
    names = ("kokoro-bf_emma", "kokoro-am_puck", "an4-fbbh")
    assert [accent_of(name) for name in names] == ["en-gb", "en-us", "en-us"]


def _measured(speaker: str, mos: float, edits: int) -> MeasuredClip:
    line = Line("sentence", "good morning")
    return MeasuredClip("a+b", speaker, line, mos, 3.0, edits, 2, "", 0.1, 20.0, 0.1, 120.0, 3.0)


def test_voices_are_listed_most_natural_first_with_the_median_last() -> None:
    rows = [_measured("low", 2.0, 1), _measured("high", 4.0, 0), _measured("mid", 3.0, 0)]
    lines = table(rows).splitlines()[2:]
    assert [line.split("|")[1].split(",")[0].strip() for line in lines] == [
        "high",
        "mid",
        "low",
        "**median",
    ]
    assert "3.00" in lines[-1]
    assert "50.0 %" in lines[2]


def test_every_line_of_every_voice_is_judged(
    tmp_path: Path, tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds: list[float] = []

    def judge(wave: np.ndarray) -> float:
        seconds.append(len(wave) / naturalness.SAMPLE_RATE)
        return 3.5

    monkeypatch.setattr(naturalness, "load_distillmos", lambda: judge)
    monkeypatch.setattr(naturalness, "load_dnsmos", lambda: judge)
    new = save_tiny_expressive_voice(tmp_path / "new")
    systems = (f"{tiny_voices.acoustic_model}+griffin-lim", f"{new}+griffin-lim")
    rows = evaluate_naturalness(NaturalnessRequest(systems, ("all",), per_kind=1), lambda _: None)
    assert len(rows) == 2 * 2 * 3
    assert len(seconds) == 2 * sum(row.line.kind == naturalness.WHOLE for row in rows)
    assert {row.mos for row in rows if row.line.kind != naturalness.WHOLE} == {None}
    assert min(seconds) > 0.1
    old, told = rows[0], rows[-1]
    assert old.pitch_off_cents is old.voicing_wrong is None
    assert told.voicing_wrong is not None
    with pytest.raises(ConfigError, match="none of zoe"):
        evaluate_naturalness(NaturalnessRequest(systems, ("zoe",), per_kind=1), lambda _: None)


def test_judges_hear_voices_trimmed_and_at_one_level(
    tiny_voices: TinyVoices, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[np.ndarray] = []

    def judge(wave: np.ndarray) -> float:
        heard.append(wave)
        return 3.5

    monkeypatch.setattr(naturalness, "load_distillmos", lambda: judge)
    monkeypatch.setattr(naturalness, "load_dnsmos", lambda: lambda wave: 3.0)
    system = f"{tiny_voices.acoustic_model}+griffin-lim"
    request = NaturalnessRequest((system,), ("anna",), per_kind=1)
    for disguised in (between_silences(50, 1.0), between_silences(100, 0.25)):
        with monkeypatch.context() as patch:
            patch.setattr(Voices, "speak_with_pitch", disguised)
            evaluate_naturalness(request, lambda _: None)
    loud, quiet = heard
    np.testing.assert_allclose(quiet, loud, atol=1e-3)


def test_whisper_tells_words_of_every_line_and_surprisal_of_sentences(
    tiny_voices: TinyVoices, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for judge in ("load_distillmos", "load_dnsmos"):
        monkeypatch.setattr(naturalness, judge, lambda: lambda wave: 3.5)
    monkeypatch.setattr(naturalness, "Whisper", lambda folder: HearsOneText("seven", 0.125))
    system = f"{tiny_voices.acoustic_model}+griffin-lim"
    request = NaturalnessRequest((system,), ("anna",), whisper=tmp_path, per_kind=1)
    rows = evaluate_naturalness(request, lambda _: None)
    assert {row.line.kind: row.surprisal for row in rows} == {
        "sentence": 0.125,
        "word": None,
        "digits": None,
    }
    assert {row.hypothesis for row in rows} == {"seven"}
    header, _, *lines = table(rows).splitlines()
    assert "surprisal, nats" in header
    assert all("0.125" in line for line in lines)
    naturalness.write_clips(rows, tmp_path / "clips.csv")
    clips = list(csv.DictReader((tmp_path / "clips.csv").open(encoding="utf-8")))
    assert [clip["surprisal"] for clip in clips] == ["0.125", "", ""]


def test_what_a_voice_loses_against_its_own_recordings_is_told() -> None:
    ours = [_measured("a", 3.0, 0), _measured("b", 3.5, 0), _measured("c", 4.0, 0)]
    theirs = [
        replace(_measured("a", 4.0, 0), system=RECORDINGS, pitch_spread=4.0),
        replace(_measured("b", 3.5, 0), system=RECORDINGS, pitch_spread=2.0),
        replace(_measured("unlike", 5.0, 0), system=RECORDINGS),
    ]
    assert findings(ours) == []
    (line,) = findings([*theirs, *ours])
    assert line.startswith("a+b: 2 voices, distillMOS 0.50 below")
    assert "F0 spread 1.12 x" in line


def test_a_second_system_is_compared_sentence_by_sentence() -> None:
    first = [_measured(name, mos, 0) for name, mos in (("a", 3.0), ("b", 4.0), ("unlike", 1.0))]
    second = [
        replace(_measured("a", 3.1, 0), system="c+d", surprisal=0.05),
        replace(_measured("b", 4.3, 0), system="c+d", surprisal=0.03),
    ]
    words = [replace(row, line=Line("word", "good"), mos=None) for row in second]
    elsewhere = [replace(_measured("slt", 2.0, 0), system="flite:slt")]
    assert findings([*elsewhere, *first, *second, *words]) == [
        "c+d beside a+b, 2 sentences: distillMOS +0.200 (standard error 0.100), "
        "surprisal -0.0600 (standard error 0.0100)"
    ]
    unheard = [replace(row, surprisal=None) for row in second]
    assert findings([*first, *unheard]) == [
        "c+d beside a+b, 2 sentences: distillMOS +0.200 (standard error 0.100)"
    ]
    assert findings([*first, replace(second[0], speaker="only there")]) == []


def test_recordings_are_judged_beside_the_voices(
    tiny_voices: TinyVoices, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for judge in ("load_distillmos", "load_dnsmos"):
        monkeypatch.setattr(naturalness, judge, lambda: lambda wave: 3.5)
    monkeypatch.setattr(naturalness, "_LEAST_WORDS", 1)
    config = CorpusConfig(root=corpus, folders=("tones",), held_out=0.9)
    speakers = {one.speaker for one in read_corpora(config)}
    system = f"{tiny_voices.acoustic_model}+griffin-lim"
    request = NaturalnessRequest((system,), tuple(speakers), per_kind=1, corpus=config)
    rows = evaluate_naturalness(request, lambda _: None)
    assert {row.system for row in rows} == {RECORDINGS, f"{RECORDINGS}+griffin-lim", system}
    original, copy = rows[:2]
    assert original.line == copy.line
    assert original.pitch_off_cents is None
    assert copy.voicing_wrong is not None
    assert copy.voicing_wrong < 0.5
