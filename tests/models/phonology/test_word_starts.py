"""Words that differ only in where one ends and the next begins are not one row of symbols."""

import pytest

from models.phonology.alphabets import tokenize
from models.phonology.phonemes import Phonemizer
from models.phonology.symbols import symbol_ids
from models.phonology.word_starts import (
    begins_word,
    marked_tokens,
    tokens_for,
    unmarked,
    with_marks,
)

CAT = "^ ə | k ˈæ t , ɪ z | ˈɪ n ."
PLAIN = ("<pad>", "^", ",", ".", "n", "t", "z", "k", "ə", "ɪ", "æ", "ˈæ", "ˈɪ")
MARKED = (*PLAIN, "|ə", "|k", "|ˈɪ")


def test_the_first_phone_of_every_word_is_marked() -> None:
    assert " ".join(marked_tokens(CAT)) == "^ |ə |k ˈæ t , |ɪ z |ˈɪ n ."


def test_a_mark_comes_off() -> None:
    assert [unmarked(symbol) for symbol in ("|ˈæ", "t", "|", "^")] == ["ˈæ", "t", "|", "^"]
    assert [begins_word(symbol) for symbol in ("|ˈæ", "t", "|", "^")] == [True, *[False] * 3]


def test_sentences_of_the_same_phones_differ_by_where_words_begin() -> None:
    each, teach = Phonemizer().phonemize(["stamped each.", "stamp teach."])
    assert [unmarked(t).strip("ˈ") for t in marked_tokens(each)] == [
        unmarked(t).strip("ˈ") for t in marked_tokens(teach)
    ]
    assert marked_tokens(each) != marked_tokens(teach)


def test_only_a_model_that_learned_marks_reads_them() -> None:
    assert " ".join(tokens_for(PLAIN, CAT)) == "^ ə k ˈæ t , ɪ z ˈɪ n ."
    assert tokens_for(MARKED, CAT) == marked_tokens(CAT)


@pytest.mark.parametrize(
    ("token", "stand_in"), [("|k", "|k"), ("|ɪ", "|ˈɪ"), ("|ˈæ", "ˈæ"), ("|t", "t"), ("k", "k")]
)
def test_a_phone_that_never_began_a_word_is_read_as_within_one(token: str, stand_in: str) -> None:
    assert symbol_ids([token], MARKED)[0] == MARKED.index(stand_in)


def test_words_are_numbered_as_without_marks() -> None:
    marked, plain = (tokenize("ipa", table, "", CAT) for table in (MARKED, PLAIN))
    assert marked.words.tolist() == plain.words.tolist() == [-1, 0, 1, 1, 1, -1, 2, 2, 3, 3, -1]
    assert [MARKED[number] for number in marked.ids][:4] == ["^", "|ə", "|k", "ˈæ"]


def test_equal_words_between_other_pauses_keep_their_marks() -> None:
    asked = "^ n ˈoʊ | n ˈoʊ , n ˈoʊ ."  # No no, no.
    said = ("^", "n", "ˈoʊ", ",", "n", "ˈoʊ", "n", "ˈoʊ", ".")
    assert with_marks(said, asked) == ("^", "|n", "ˈoʊ", ",", "|n", "ˈoʊ", "|n", "ˈoʊ", ".")


def test_an_alignment_keeps_its_own_pauses_and_phones() -> None:
    said = ("^", "ə", ",", "k", "ˈæ", "d", "ɪ", "z", "ˈɪ", "n", ".")
    assert with_marks(said, CAT) == ("^", "|ə", ",", "|k", "ˈæ", "d", "|ɪ", "z", "|ˈɪ", "n", ".")
