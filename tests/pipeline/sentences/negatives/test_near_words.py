from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from models.errors import DataError
from models.phonology.ipa import transcribed
from pipeline.sentences.negatives.near_words import NearWords, Sounds, load_near_words, sounds_of
from tests.pipeline.tiny_words import write_tiny_words


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> NearWords:
    return NearWords(write_tiny_words(tmp_path_factory.mktemp("words")))


def sounds(arpabet: str) -> Sounds:
    return sounds_of(transcribed(arpabet, "arpabet"))


def test_stress_flaps_and_reduced_vowels_part_no_words() -> None:
    assert sounds_of(["b", "ˈʌ", "ɾ", "ɚ"]) == sounds_of(["b", "ə", "t", "ˈɜː"])


def test_words_by_their_number_of_edits(near: NearWords) -> None:
    by_edits = near.near([sounds("W EY1 T")], 1)
    assert by_edits[0] == ("wait", "weight")
    assert by_edits[1] == ("way", "late", "wade")
    assert set(near.near([sounds("W EY1 T")], 0)) == {0}


def test_a_word_of_two_pronunciations_is_where_it_is_nearest(near: NearWords) -> None:
    assert near.words_sounding(sounds("R EH1 D")) == ("read", "red")
    assert near.words_sounding(sounds("R IY1 D")) == ("read", "reed")
    both = near.near([sounds("R EH1 D"), sounds("R IY1 D")], 1)
    assert both == {0: ("read", "red", "reed"), 1: ("lead",)}


def test_entries_of_several_words_are_no_words(near: NearWords) -> None:
    assert not {"new", "york"} & set(near.words)


def test_sounds_that_no_word_has_are_edits(near: NearWords) -> None:
    assert near.near([("ʘ", "eɪ", "t")], 1) == {1: ("wait", "weight", "late")}


def test_common_words_come_early(near: NearWords) -> None:
    first = Counter(near.shuffled(np.random.default_rng(seed), near.words)[0] for seed in range(50))
    assert len(first) > 5
    again = [near.shuffled(np.random.default_rng(4), near.words) for _ in range(2)]
    assert again[0] == again[1]
    assert sorted(again[0]) == sorted(near.words)


def test_rank_weighs_in_a_long_list(tmp_path: Path) -> None:
    path = tmp_path / "long.dict"
    path.write_text("".join(f"{'x' * 3}{_letters(n)}  AA1\n" for n in range(8000)))
    near = NearWords(path)
    ranks = {word: rank for rank, word in enumerate(near.words)}
    early = near.shuffled(np.random.default_rng(0), near.words)[:500]
    assert np.median([ranks[word] for word in early]) < 3000


def test_a_lexicon_without_a_single_word(tmp_path: Path) -> None:
    path = tmp_path / "towns.dict"
    path.write_text("new-york  N UW1 Y AO1 R K\n")
    with pytest.raises(DataError, match=r"towns\.dict: no single word"):
        NearWords(path)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = write_tiny_words(tmp_path)
    before = load_near_words(path)
    assert load_near_words(path) is before
    path.write_text("light  L AY1 T\n")
    assert load_near_words(path).words == ("light",)


def test_the_shipped_lexicon() -> None:
    near = load_near_words(Path("words/english.dict"))
    assert len(near.words) > 30_000
    assert near.words[:3] == ("the", "of", "and")
    assert "computer" in near.words_sounding(sounds("K AH0 M P Y UW1 T ER0"))


def _letters(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number))
