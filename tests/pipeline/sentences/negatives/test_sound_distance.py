from pathlib import Path

import pytest

from pipeline.sentences.negatives.near_words import NearWords
from pipeline.sentences.negatives.sound_distance import Distances, Speech
from pipeline.text.pronunciations import Lexicon, load_lexicon
from tests.pipeline.tiny_words import write_tiny_words


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> NearWords:
    return NearWords(write_tiny_words(tmp_path_factory.mktemp("words")))


def distance(speech: Speech, text: str, phrase: str) -> float:
    return Distances(speech.ways([phrase])).to_phrase(speech.ways([text])[0], 0)


def inside(speech: Speech, text: str, phrases: list[str], below: float = 0.1) -> bool:
    return Distances(speech.ways(phrases)).any_inside(speech.ways([text])[0], below)


def test_shares_of_the_phrases_sounds(near: NearWords) -> None:
    speech = Speech(near, Lexicon(), ["en-us"])
    assert distance(speech, "late", "wait") == pytest.approx(1 / 3)
    assert distance(speech, "weight", "wait") == 0
    assert distance(speech, "jarvis", "hey jarvis") == pytest.approx(2 / 8)
    assert distance(speech, "hey doctor day wait", "day") > 1


def test_every_pronunciation_counts(near: NearWords) -> None:
    speech = Speech(near, Lexicon(), ["en-us"])
    assert distance(speech, "read", "red") == 0
    assert distance(speech, "read", "reed") == 0
    assert distance(speech, "red", "reed") > 0


def test_a_phrase_inside_a_text(near: NearWords) -> None:
    speech = Speech(near, Lexicon(), ["en-us"])
    assert inside(speech, "please say hey jarvis now", ["doctor", "hey jarvis"])
    assert inside(speech, "they hay jarvis", ["hey jarvis"])
    assert not inside(speech, "hey jar", ["hey jarvis"])
    assert inside(speech, "hey jar", ["hey jarvis"], below=0.5)


def test_accents_make_homophones(near: NearWords) -> None:
    american = Speech(near, Lexicon(), ["en-us"])
    both = Speech(near, Lexicon(), ["en-us", "en-gb"])
    assert not inside(american, "caught", ["court"])
    assert inside(both, "caught", ["court"])


def test_the_users_own_words_win(near: NearWords, tmp_path: Path) -> None:
    path = tmp_path / "own.dict"
    path.write_text("red  Z UW1 M\nlife  Z UW1 M\n")
    speech = Speech(near, load_lexicon([path]), ["en-us"])
    assert distance(speech, "red", "life") == 0
    assert speech.word_ways(["red light"])[0][0] == (("z", "uː", "m"),)
    assert len(speech.word_ways(["red", "the read"])[1][1]) == 2
