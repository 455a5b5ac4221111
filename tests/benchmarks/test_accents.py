from collections.abc import Sequence

import pytest

from benchmarks import accents
from models.phonology.first_languages import FIRST_LANGUAGES
from tests.listeners import HearsOneText

_ONE = ["--whisper", "none", "--voices", "kathleen", "--sentences", "1"]


@pytest.fixture(autouse=True)
def _deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accents, "Whisper", lambda folder: HearsOneText("the"))


def test_every_first_language_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    accents.main([*_ONE, "--strengths", "0.2", "0.9"])
    rows = capsys.readouterr().out.splitlines()[2:]
    assert len(rows) == 1 + len(FIRST_LANGUAGES)
    # One word of the nine is heard.
    assert {row.count("88.9 %") for row in rows} == {2}


def test_an_acoustic_model_that_is_not_there_is_named() -> None:
    with pytest.raises(SystemExit, match=r"error: .*runs/none"):
        accents.main([*_ONE, "--acoustic-model", "runs/none"])


class _Reader:
    """Stands for voices and Whisper: hears otherwise what is not as a native says it."""

    def __init__(self) -> None:
        self.native = ["^ θ ɹ ˈiː .", "^ v ˈɛ ɹ i ."]

    def word_error_rate(self, phonemes: Sequence[str]) -> float:
        return sum(a != b for a, b in zip(phonemes, self.native, strict=True)) / len(self.native)


def test_sentences_are_said_with_each_accent_at_each_strength() -> None:
    rows = accents.by_language(_Reader(), (0.1, 0.3, 0.9))  # type: ignore[arg-type]
    found = {row[0]: row[1:] for row in rows}
    assert found["none"] == ["0.0 %"] * 3
    assert found["`de` German"] == ["0.0 %", "50.0 %", "100.0 %"]  # th from 0.25, r from 0.6


def test_the_hardest_change_comes_first() -> None:
    rows = accents.by_change(_Reader())  # type: ignore[arg-type]
    assert rows[0][1] == "100.0 %"
    assert rows[-1][1] == "50.0 %"
    assert ["`v > f`", "50.0 %", "ar 0.35"] in rows


def test_changes_are_told_with_those_who_make_them(capsys: pytest.CaptureFixture[str]) -> None:
    accents.main([*_ONE, "--changes"])
    printed = capsys.readouterr().out
    # "The gardener trimmed the hedge before the guests arrived." has no w, but an r.
    assert "`w > v`" not in printed
    (tap,) = [row for row in printed.splitlines() if row.startswith("| `ɹ > ɾ`")]
    assert "el 0.40, es 0.40" in tap


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(["--voices", "zoe"], "error: zoe: fastspeech2"), (["--strengths", "2"], "at most 1")],
)
def test_what_is_wrong_is_said_in_a_line(
    wrong: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ending:
        accents.main([*_ONE, *wrong])
    assert message in str(ending.value) + capsys.readouterr().err
