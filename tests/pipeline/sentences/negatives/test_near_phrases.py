from itertools import islice, pairwise
from pathlib import Path

import numpy as np
import pytest

from models.recognition.edit_distance import edit_distance
from pipeline.sentences.negatives.near_phrases import KINDS, Kind, Phrase, Search
from pipeline.sentences.negatives.near_words import NearWords
from tests.pipeline.tiny_words import write_tiny_words


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> NearWords:
    return NearWords(write_tiny_words(tmp_path_factory.mktemp("words")))


def search(near: NearWords, text: str, most: int = 3, seed: int = 0) -> Search:
    words = tuple(text.split())
    phrase = Phrase(text, words, tuple(near.pronounced[word.lower()] for word in words))
    return Search(phrase, near, np.random.default_rng(seed), most)


def all_of(near: NearWords, text: str, kind: Kind, most: int = 3) -> list[str]:
    return list(islice(search(near, text, most).texts(kind), 2000))


def test_a_word_replaced_by_one_near_to_it_and_never_by_its_like(near: NearWords) -> None:
    texts = all_of(near, "Hey jarvis", "substitution")
    assert {"day jarvis", "way jarvis", "Hey jervis", "Hey harvest"} <= set(texts)
    assert not {"hay jarvis", "Hey jarvis", "Hey doctor"} & set(texts)


def test_two_words_are_replaced_after_all_single_ones(near: NearWords) -> None:
    changed = [
        sum(a != b for a, b in zip(text.split(), ("hey", "jarvis"), strict=True))
        for text in all_of(near, "hey jarvis", "substitution")
    ]
    assert changed == sorted(changed)
    assert set(changed) == {1, 2}


def test_numbers_of_edits_are_interleaved(near: NearWords) -> None:
    first = all_of(near, "wait light", "substitution", most=4)[:4]
    edits = [
        min(
            edit_distance(pronounced, meant)
            for pronounced in near.pronounced[word]
            for meant in near.pronounced[own]
        )
        for text in first
        for word, own in zip(text.split(), ("wait", "light"), strict=True)
        if word != own
    ]
    assert edits == [1, 2, 1, 2]


def test_sounds_grouped_into_other_words(near: NearWords) -> None:
    texts = all_of(near, "jarvis", "regrouping")
    assert {"jar vase", "jar us"} <= set(texts)
    assert all(text != "jarvis" for text in texts)


def test_another_word_after_the_beginning(near: NearWords) -> None:
    texts = all_of(near, "hey red light", "continuation")
    assert {text.rpartition(" ")[0] for text in texts} == {"hey", "hey red"}
    assert len(set(texts)) == len(texts) > len(near.words)
    assert all_of(near, "jarvis", "continuation") == []


def test_parts_of_a_phrase(near: NearWords) -> None:
    texts = set(all_of(near, "hey red jarvis", "partial"))
    assert {"hey", "red", "jarvis", "hey red", "red jarvis", "hey red jar", "us"} <= texts
    assert not {"hey jarvis", "hey red jarvis"} & texts


def test_other_orders(near: NearWords) -> None:
    assert all_of(near, "hey jarvis", "order") == ["jarvis hey"]
    assert len(all_of(near, "the red light", "order")) == 5
    words = "the red light day way"
    for text in all_of(near, words, "order"):
        assert sum(a != b for a, b in zip(text.split(), words.split(), strict=True)) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_and_another_seed_another_order(near: NearWords, kind: Kind) -> None:
    runs = [list(islice(search(near, "hey red jarvis", seed=s).texts(kind), 40)) for s in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]
    assert all(a != b for a, b in pairwise(runs[0]))


def test_a_phrase_of_one_sound_has_no_near_miss_but_does_not_hang(tmp_path: Path) -> None:
    path = tmp_path / "one.dict"
    path.write_text("a  AH0\n")
    near = NearWords(path)
    assert [all_of(near, "a", kind, most=0) for kind in KINDS] == [[]] * len(KINDS)
