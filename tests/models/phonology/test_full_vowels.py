"""Which words are said with a full vowel, and by which models."""

import pytest

from models.phonology.alphabets import tokenize
from models.phonology.full_vowels import with_full_vowels

TABLE = ("<pad>", "^", ".", ",", "|ɐ", "|k", "|d", "|æ", "|ˌæ", "ˈæ", "æ", "n", "d", "t", "ɐ")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("^ k ˈæ t | æ n d | ɐ | d ˈæ d .", "^ k ˈæ t | ˌæ n d | ɐ | d ˈæ d ."),
        ("^ k ˈæ t , æ n d | ɐ n | ˈæ t .", "^ k ˈæ t , ˌæ n d | ɐ n | ˈæ t ."),
        ("^ æ n d | ɐ | k ˈæ t .", "^ ˌæ n d | ɐ | k ˈæ t ."),
    ],
)
def test_and_has_a_full_vowel_before_an_article(written, said):
    assert with_full_vowels(written, TABLE) == said


@pytest.mark.parametrize(
    "written",
    [
        "^ k ˈæ t | æ n d | d ˈæ d .",
        "^ æ n d | ɐ n ˈæ d ɐ .",  # and another
        "^ k æ n d | ɐ | d ˈæ d .",  # inside a word
        "^ k ˈæ t | æ n d , ɐ | k ˈæ t .",
        "^ æ n d .",
    ],
)
def test_other_words_stay_as_they_are(written):
    assert with_full_vowels(written, TABLE) == written


def test_a_model_that_did_not_learn_the_vowel_reads_what_is_written():
    table = tuple(symbol for symbol in TABLE if symbol != "|ˌæ")
    line = "^ k ˈæ t | æ n d | ɐ | d ˈæ d ."
    assert with_full_vowels(line, table) == line
    heard = [table[number] for number in tokenize("ipa", table, "cat and a dad", line).ids]
    assert heard == ["^", "|k", "ˈæ", "t", "|æ", "n", "d", "|ɐ", "|d", "ˈæ", "d", "."]


def test_a_model_that_learned_it_reads_it_and_words_keep_their_numbers():
    line = "^ k ˈæ t | æ n d | ɐ | d ˈæ d ."
    tokens = tokenize("ipa", TABLE, "cat and a dad", line)
    assert [TABLE[number] for number in tokens.ids][4:7] == ["|ˌæ", "n", "d"]
    assert tokens.words.tolist()[1:-1] == [0, 0, 0, 1, 1, 1, 2, 3, 3, 3]
