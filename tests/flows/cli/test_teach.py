"""`voxloom teach`: what is said by default and from a file, and errors of a line."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from flows import teacher_lines
from flows.cli import app as cli
from models.training.corpus import CorpusConfig, read_corpora
from models.training.teaching.lines import texts_of_voices
from models.training.teaching.plan import PaceConfig
from models.training.teaching.render import read_provenance
from tests.models.training.teaching.fake_teacher import FakeTeacher


@pytest.fixture(autouse=True)
def fake_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    real = teacher_lines.open_teacher

    def opened(name: str, model: Path | None) -> object:
        if name == "reader":
            teacher = FakeTeacher()
            teacher.reads_phonemes = False
            return teacher
        return FakeTeacher() if name == "fake" else real(name, model)

    monkeypatch.setattr(teacher_lines, "open_teacher", opened)


def _run(*arguments: object) -> int:
    try:
        cli.main(["teach", *map(str, arguments)])
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def test_lines_of_a_file_are_said_in_every_voice_with_numbers_spelled_out(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("Wake me at 7.\n\nSeven A M.\n")
    assert _run("speak", tmp_path / "out", "--teacher", "fake", "--lines", lines) == 0
    recordings = read_corpora(CorpusConfig(root=tmp_path / "out"))
    assert [(clip.speaker, clip.text) for clip in recordings] == [
        ("fake-ann", "Wake me at seven."),
        ("fake-bob", "Wake me at seven."),
        ("fake-ann", "Seven A M."),
        ("fake-bob", "Seven A M."),
    ]


def test_the_letter_a_is_pronounced_as_one() -> None:
    assert teacher_lines.pronounce("Seven A M.", "en-us").split()[-5] == "ˈeɪ"


def test_a_foreign_accent_is_pronounced_by_its_changes() -> None:
    assert teacher_lines.pronounce("three", "en-us") == "^ θ ɹ ˈiː ."
    assert teacher_lines.pronounce("three", "en-us+de(0.9)") == "^ s ʁ ˈiː ."


def test_lines_are_said_with_an_accent_where_that_is_asked_for(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("Three.\nThirty years.\n")
    options = ("--teacher", "fake", "--lines", lines, "--accented", "1")
    assert _run("speak", tmp_path / "out", *options) == 0
    rows = read_provenance(tmp_path / "out")
    assert [row["accent"].partition("+")[0] for row in rows] == ["en-us", "en-gb"] * 2
    for row in rows:
        assert row["phonemes"] == teacher_lines.pronounce(row["normalized_text"], row["accent"])
        assert "(" in row["accent"]


def test_a_share_of_accents_above_one_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run("speak", tmp_path / "out", "--teacher", "fake", "--accented", "1.1") == 2
    assert "--accented" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_kokoros_voices_of_other_languages_speak_only_when_named() -> None:
    class Kokoro(FakeTeacher):
        name = "kokoro"
        voices: Mapping[str, str] = {
            "af_heart": "en-us",
            "af_nicole": "en-us",
            "jf_alpha": "en-us+ja",
            "pm_alex": "en-us+pt",
        }

    assert teacher_lines.usual_voices(Kokoro()) == ["af_heart:2"]


def test_by_default_all_kinds_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teacher_lines, "_FROM_EACH_DOMAIN", 20)
    monkeypatch.setattr(teacher_lines, "texts_of_voices", partial(texts_of_voices, most=25))
    requests = teacher_lines.plan_lines({"ann": 1.0}, [], seed=1, pace=PaceConfig())
    kinds = {request.line.kind for request in requests[:150]}
    assert kinds >= {"domain", "word", "digits", "spelling", "command", "name", "time", "sum"}
    assert not any(character.isdigit() for row in requests for character in row.line.text)


def test_the_last_field_of_metadata_is_read(tmp_path: Path) -> None:
    (tmp_path / "metadata.csv").write_text("a1|anna|Room 5.|Room five.\n")
    assert teacher_lines.read_texts(tmp_path / "metadata.csv") == ["Room five."]


@pytest.mark.parametrize("changed", [("--slowest", "1.1"), ("--accented", "1")])
def test_other_options_than_those_of_the_clips_there_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changed: tuple[str, str]
) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("Three.\n")
    options = ("--teacher", "fake", "--lines", lines)
    assert _run("speak", tmp_path / "out", *options) == 0
    assert _run("speak", tmp_path / "out", *options) == 0
    assert _run("speak", tmp_path / "out", *options, *changed) == 1
    assert "was said with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Fine.\n...\n", "lines.txt:2: `...` has no words; a line is a sentence"),
        ("Fine.\nA line | with a bar\n", "lines.txt:2: `A line | with a bar` has a bar"),
        ("", "lines.txt: is empty"),
        (None, "lines.txt: cannot be read"),
    ],
)
def test_a_bad_file_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str
) -> None:
    lines = tmp_path / "lines.txt"
    if content is not None:
        lines.write_text(content)
    assert _run("speak", tmp_path / "out", "--teacher", "fake", "--lines", lines) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--teacher", "parrot"], "teacher parrot: unknown; allowed: kokoro, flite"),
        ([], "kokoro needs --model DIR"),
        (["--teacher", "fake", "--voice", "eve"], "voice eve: fake has no such voice"),
        (["--teacher", "fake", "--slowest", "3"], "--slowest: 0.5 <= slowest <= fastest"),
        (["--teacher", "fake", "--minutes", "nan"], "--minutes: a finite number above 0"),
        (["--teacher", "fake", "--minutes", "-1"], "--minutes: a finite number above 0, found -1"),
        (["--teacher", "fake", "--minutes", "0"], "--minutes: a finite number above 0, found 0"),
        (
            ["--teacher", "fake", "--lines", "a.txt", "--reading", "b.txt"],
            "--reading: is mixed into what is said without --lines",
        ),
        (["--teacher", "reader", "--accented", "0.5"], "--accented 0.5: fake reads words, not"),
    ],
)
def test_wrong_options_end_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert _run("speak", tmp_path / "out", *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_voices_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("voices", "--teacher", "fake") == 0
    assert capsys.readouterr().out.split() == ["ann", "en-us", "bob", "en-gb"]
