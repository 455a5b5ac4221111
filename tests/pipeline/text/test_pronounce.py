from collections import Counter
from pathlib import Path

import pytest

from models.config import read_yaml
from models.errors import DataError
from models.phonology.accents import ACCENTS, as_known
from models.phonology.alphabets import tokenize
from models.phonology.phonemes import Phonemizer, tokens_of, unstressed, words_of
from pipeline.text.pronounce import Pronouncer
from pipeline.text.pronunciations import load_lexicon
from pipeline.text.variants import VariantsConfig

MIXED = {"en-us": 0.7, "en-gb": 0.2, "en-gb-scotland": 0.1}


def test_accents_are_drawn_by_weight_and_by_id_alone() -> None:
    pronouncer = Pronouncer(MIXED)
    drawn = {f"id-{number}": pronouncer.draw_accent(f"id-{number}", 3) for number in range(2000)}
    counts = Counter(drawn.values())
    for accent, share in MIXED.items():
        assert counts[accent] / 2000 == pytest.approx(share, abs=0.03)
    backwards = Pronouncer(dict(reversed(MIXED.items())))
    assert all(backwards.draw_accent(id, 3) == accent for id, accent in drawn.items())
    assert any(pronouncer.draw_accent(id, 4) != accent for id, accent in drawn.items())


def test_one_accent_takes_no_draw_and_a_weight_of_zero_is_none() -> None:
    assert Pronouncer({"en-gb": 0.3, "en-us": 0}).draw_accent("id", 0) == "en-gb"


def test_every_sentence_is_said_in_its_own_accent() -> None:
    ids = [f"id-{number}" for number in range(12)]
    mixed = Pronouncer({"en-us": 1, "en-gb": 1}).pronounce(ids, ["a hot bath"] * 12, seed=0)
    alone = {
        accent: Pronouncer({accent: 1}).pronounce(["x"], ["a hot bath"], 0)[0].phonemes
        for accent in ("en-us", "en-gb")
    }
    assert {row.accent for row in mixed} == set(alone)
    assert all(row.phonemes == alone[row.accent] for row in mixed)


def test_the_lexicon_wins_over_espeak_and_over_variants(tmp_path: Path) -> None:
    path = tmp_path / "own.dict"
    path.write_text("water  W AO1 T ER0\na  EY1\n")
    pronouncer = Pronouncer({"en-us": 1}, load_lexicon([path]), VariantsConfig(flapping=1.0))
    (row,) = pronouncer.pronounce(["x"], ["a better water"], 0)
    assert row.phonemes == "^ ˈeɪ | b ˈɛ ɾ ɚ | w ˈɔː t ɚ ."


def test_a_phoneme_that_the_voice_does_not_know_names_the_word(tmp_path: Path) -> None:
    path = tmp_path / "own.dict"
    path.write_text("click  kʘ\n")
    (row,) = Pronouncer({"en-us": 1}, load_lexicon([path])).pronounce(["x"], ["a click"], 0)
    assert isinstance(row.phonemes, str)
    with pytest.raises(DataError, match="click: phoneme ʘ: the voice never learned it"):
        tokenize("ipa", ("^", "ɐ", "k", "."), "a click", row.phonemes)


CHECKOUT = Path(__file__).parents[3]
SAID_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve thirteen twenty"


def domain_words() -> list[str]:
    """Every word in the files of the shipped domain."""
    files = [path for path in (CHECKOUT / "prompts/voice_assistant").rglob("*") if path.is_file()]
    texts = [path.read_text(encoding="utf-8") for path in files]
    words = {word for text in [*texts, SAID_NUMBERS] for word in words_of(text)}
    return sorted(word for word in words if word.isascii() and not word.isdigit())


@pytest.mark.parametrize("accent", ACCENTS)
def test_the_shipped_voice_says_a_whole_domain_in_every_accent(accent: str) -> None:
    words = domain_words()
    assert len(words) > 500
    spoken = Phonemizer(accent).phonemize(words)
    for kind in ("fastspeech2", "recognizer"):
        info = read_yaml(CHECKOUT / "models" / "pretrained" / kind / "checkpoint.yaml")
        known = {unstressed(symbol) for symbol in info["symbols"]} | {"^", "."}
        lost = {
            (word, token)
            for word, phonemes in zip(words, spoken, strict=True)
            for token in tokens_of(as_known(phonemes, known))
            if unstressed(token) not in known
        }
        assert lost == set()
