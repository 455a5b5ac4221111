import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from models.engines.engine import Saying
from models.engines.symbols import kokoro_symbols
from models.errors import ConfigError, DataError
from models.training.teaching.kokoro import (
    BETTER,
    MODEL,
    VOCABULARY,
    VOICES,
    KokoroTeacher,
)
from models.training.teaching.teacher import choose_voices
from tests.models.training.teaching.fake_teacher import FakeTeacher


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Kokoro's folder without a network in it."""
    (tmp_path / MODEL).write_bytes(b"model")
    vocabulary = {symbol: number for number, symbol in enumerate(" .ˈabɹɛd", start=1)}
    (tmp_path / VOCABULARY).write_text(json.dumps({"vocab": vocabulary}))
    (tmp_path / VOICES).mkdir()
    for voice in ("af_heart", "bm_fable", "jf_alpha"):
        np.zeros((510, 256), "<f4").tofile(tmp_path / VOICES / f"{voice}.bin")
    return tmp_path


@pytest.mark.parametrize(
    ("phonemes", "accent", "written"),
    [
        ("^ h ə l ˈoʊ , w ˈɜː l d .", "en-us", "həlˈO, wˈɜɹld."),
        ("^ h ə l ˈəʊ | w ˈɜː l d ?", "en-gb", "həlˈQ wˈɜːld?"),
        ("^ b ˈʌ ɾ ɚ .", "en-us", "bˈʌTəɹ."),
        ("^ dʒ ˈɔɪ | tʃ ˈɑː ɹ !", "en-us", "ʤˈY ʧˈɑɹ!"),
        ("^ ˈeɪ | ɐ .", "en-gb", "ˈA ə."),
        ("^ θ ɾ ˈiː | ð ˈɛ ɾ .", "en-us+it(0.6)", "θɾˈi ðˈɛɾ."),
        ("^ f ˈɔː ɾ .", "en-gb+es", "fˈɔːɾ."),
        ("^ t̪ ɾ ˈiː | d̪ ə | ʈ iː .", "en-us+hi(0.9)", "tɾˈi də ʈi."),
    ],
)
def test_our_phonemes_in_kokoros_letters(phonemes: str, accent: str, written: str) -> None:
    assert kokoro_symbols(phonemes, accent) == written


def test_voices_are_all_with_their_accents(folder: Path) -> None:
    np.zeros((510, 256), "<f4").tofile(folder / VOICES / "pm_alex.bin")
    teacher = KokoroTeacher(folder)
    assert teacher.voices == {
        "af_heart": "en-us",
        "bm_fable": "en-gb",
        "jf_alpha": "en-us+ja",
        "pm_alex": "en-us+pt",
    }
    assert teacher.revision.endswith(hashlib.sha256(b"model").hexdigest()[:16])


def test_women_and_men_are_in_balance_among_the_better_voices() -> None:
    assert len(BETTER) == len(set(BETTER)) == 8


def test_a_symbol_kokoro_lacks_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match="Kokoro has no symbol 'θ'"):
        KokoroTeacher(folder).speak(Saying("", "^ θ ɹ ˈɛ d ."), "af_heart", 1.0)


@pytest.mark.parametrize("accent", ["en-us", "en-us+ja(0.4)"])
def test_a_foreign_accents_tap_is_none_of_an_americans(folder: Path, accent: str) -> None:
    written = kokoro_symbols("^ ɾ ˈɛ d .", accent)[0]
    with pytest.raises(DataError, match=f"Kokoro has no symbol {written!r}"):
        KokoroTeacher(folder).speak(Saying("", "^ ɾ ˈɛ d .", accent), "af_heart", 1.0)


def test_a_sentence_that_is_too_long_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match="at most 510"):
        KokoroTeacher(folder).speak(Saying("", "^ " + "a " * 520 + "."), "af_heart", 1.0)


@pytest.mark.parametrize("missing", [MODEL, VOCABULARY])
def test_a_missing_file_says_how_to_get_it(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(DataError, match=f"{missing}: missing; voxloom teach fetch --to"):
        KokoroTeacher(folder)


def test_voices_are_asked_for_with_weights() -> None:
    assert choose_voices(FakeTeacher(), ["ann:2", "bob"]) == {"ann": 2.0, "bob": 1.0}


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("eve", "voice eve: fake has no such voice; allowed: ann, bob"),
        ("ann:0", "voice ann:0: the weight must be a number above 0, found 0"),
        ("ann:much", "voice ann:much: the weight must be a number above 0, found much"),
    ],
)
def test_an_unknown_voice_or_weight_names_what_is_allowed(asked: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_voices(FakeTeacher(), [asked])
    assert str(caught.value) == message
