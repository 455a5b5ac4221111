from pathlib import Path

import numpy as np
import pytest

from models.errors import ConfigError, DataError
from models.evaluation import contrasts
from models.evaluation.contrasts import (
    PAIRS,
    ContrastRequest,
    Heard,
    evaluate_contrasts,
    read_pairs,
    table,
    write_words,
)
from models.evaluation.speech import Voices
from models.phonology.phonemes import Phonemizer, phones_of
from models.recognition.edit_distance import edit_distance
from tests.listeners import between_silences
from tests.tiny_voices import TinyVoices


class _Prefers:
    """Finds the sentence likelier in which one of these words comes, however it sounds."""

    def __init__(self, *words: str) -> None:
        self._words = words
        self.waves: list[np.ndarray] = []

    def log_likelihoods(self, wave: np.ndarray, texts: list[str]) -> list[float] | None:
        self.waves.append(wave)
        return [-1.0 if set(text.split()) & set(self._words) else -3.0 for text in texts]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.txt"
    path.write_text("# remark\nvoicing|bag back\nvowels|bet bat\n", encoding="utf-8")
    return path


def test_each_pair_differs_in_one_sound() -> None:
    pairs = read_pairs(PAIRS)
    assert len(pairs) > 100
    phonemizer = Phonemizer("en-us")
    for contrast, (word, other) in pairs:
        said, instead = map(phones_of, phonemizer.phonemize([word, other]))
        assert edit_distance(said, instead) == 1, (contrast, word, other)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("vowels|bet", r"pairs\.txt:2: expected contrast\|word other"),
        ("bet bat", r"pairs\.txt:2: expected"),
        ("vowels|bet bet", r"pairs\.txt:2: expected .* two different words"),
        ("vowels|bet bat but", r"pairs\.txt:2: expected"),
        ("", r"pairs\.txt: no contrast"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, told: str) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text(f"# remark\n{line}\n", encoding="utf-8")
    with pytest.raises(DataError, match=told):
        read_pairs(path)


def test_every_word_of_every_voice_is_chosen_from_its_pair(
    tiny_voices: TinyVoices, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = _Prefers("back", "bet")
    monkeypatch.setattr(contrasts, "Whisper", lambda folder: listener)
    system = f"{tiny_voices.acoustic_model}+griffin-lim"
    reports: list[str] = []
    request = ContrastRequest((system,), tmp_path, ("all",), pairs)
    rows = evaluate_contrasts(request, reports.append)
    assert len(rows) == 2 * 4
    assert {(row.word, row.other): row.margin for row in rows} == {
        ("bag", "back"): -2.0,
        ("back", "bag"): 2.0,
        ("bet", "bat"): 2.0,
        ("bat", "bet"): -2.0,
    }
    assert min(len(wave) for wave in listener.waves) > 0.1 * contrasts.SAMPLE_RATE
    assert reports[0].endswith("anna: 50.0 % chosen right")
    write_words(rows, tmp_path / "words.csv")
    assert len((tmp_path / "words.csv").read_text(encoding="utf-8").splitlines()) == 1 + 8
    nobody = ContrastRequest((system,), tmp_path, ("zoe",), pairs)
    with pytest.raises(ConfigError, match="none of zoe"):
        evaluate_contrasts(nobody, reports.append)


def test_the_listener_hears_voices_trimmed_and_at_one_level(
    tiny_voices: TinyVoices, pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = _Prefers("back", "bet")
    monkeypatch.setattr(contrasts, "Whisper", lambda folder: listener)
    system = f"{tiny_voices.acoustic_model}+griffin-lim"
    request = ContrastRequest((system,), tmp_path, ("anna",), pairs)
    for disguised in (between_silences(50, 1.0), between_silences(100, 0.25)):
        with monkeypatch.context() as patch:
            patch.setattr(Voices, "speak_with_pitch", disguised)
            evaluate_contrasts(request, lambda _: None)
    half = len(listener.waves) // 2
    for loud, quiet in zip(listener.waves[:half], listener.waves[half:], strict=True):
        np.testing.assert_allclose(quiet, loud, atol=1e-3)


def test_contrasts_are_told_by_system_and_a_sure_choice_counts_five() -> None:
    rows = [
        Heard("a+b", "anna", "voicing", "bag", "back", -1.0),
        Heard("a+b", "anna", "voicing", "back", "bag", 30.0),
        Heard("a+b", "anna", "vowels", "bet", "bat", 1.0),
        Heard("kokoro", "kokoro-af_nova", "voicing", "bag", "back", 2.0),
        Heard("kokoro", "kokoro-af_nova", "vowels", "bet", "bat", 2.0),
    ]
    header, _, voicing, vowels, every = table(rows).splitlines()
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in (voicing, vowels, every)]
    assert "a+b: right" in header
    assert "kokoro: right" in header
    assert cells == [
        ["voicing", "1", "50.0 %", "2.00", "100.0 %", "2.00"],
        ["vowels", "1", "100.0 %", "1.00", "100.0 %", "2.00"],
        ["**all**", "2", "66.7 %", "1.67", "100.0 %", "2.00"],
    ]
