import pytest

from models.errors import DataError
from models.phonology.phonemes import (
    ENDS,
    PAUSE,
    SILENCES,
    START,
    WORD,
    Phonemizer,
    _assemble,
    join_words,
    part_words,
    phones_of,
    split_words,
    tokens_of,
    words_of,
)


@pytest.fixture(scope="module")
def phonemizer() -> Phonemizer:
    return Phonemizer("en-us")


def spoken_words(phonemes: str) -> list[list[str]]:
    """The phones of each word of a phoneme string."""
    words: list[list[str]] = [[]]
    for token in phonemes.split():
        if token in (WORD, *SILENCES):
            words.append([])
        else:
            words[-1].append(token)
    return [word for word in words if word]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("the twenty-first of May", ["the", "twenty", "first", "of", "may"]),
        ("It’s o'clock, isn't it?", ["it's", "o'clock", "isn't", "it"]),
        ("the boys' room", ["the", "boys'", "room"]),
        ("  ", []),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_words_of(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "one of the lights in the kitchen",  # espeak-ng says `of the` and `in the` as one word
        "I want to go to the store for a while.",
        "It was on the day that he had been there.",
        "what is the weather going to be",
        "twenty-first of June at seven p m",
        "he would have been there, if it had not been for a flat tire.",
    ],
)
def test_as_many_words_as_the_text_has(phonemizer: Phonemizer, text: str) -> None:
    phonemes = phonemizer.phonemize([text])[0]
    assert len(spoken_words(phonemes)) == len(words_of(text))
    assert phonemes.split()[0] == START
    assert phonemes.split()[-1] in ENDS


def test_words_run_together_are_parted_where_they_meet(phonemizer: Phonemizer) -> None:
    words = spoken_words(phonemizer.phonemize(["the end of the road"])[0])
    assert [word[0] for word in words][2:] == ["ʌ", "ð", "ɹ"]
    assert [word[-1] for word in words][2:4] == ["v", "ə"]


@pytest.mark.parametrize(
    ("text", "boundary", "end"),
    [
        ("hello world", WORD, "."),
        ("hello, world.", PAUSE, "."),
        ("hello (world)!", PAUSE, "!"),
        ("hello. world?", PAUSE, "?"),
        ("hello - world", PAUSE, "."),
        ("hello-world", WORD, "."),
    ],
)
def test_punctuation_is_pause_and_end(
    phonemizer: Phonemizer, text: str, boundary: str, end: str
) -> None:
    tokens = phonemizer.phonemize([text])[0].split()
    inner = [token for token in tokens[1:-1] if token in (WORD, PAUSE)]
    assert (inner, tokens[-1]) == ([boundary], end)


def test_stress_is_glued_to_the_vowel(phonemizer: Phonemizer) -> None:
    assert phonemizer.phonemize(["hello"]) == ["^ h ə l ˈoʊ ."]
    noun, verb = phonemizer.phonemize(["an object", "to object"])
    assert "ˈɑː" in noun.split()
    assert "ˈɛ" in verb.split()


def test_joined_symbols_are_split(phonemizer: Phonemizer) -> None:
    car, fire, store = phonemizer.phonemize(["car", "fire", "store"])
    assert car == "^ k ˈɑː ɹ ."
    assert fire.split()[2:4] == ["ˈaɪ", "ɚ"]
    assert store == "^ s t ˈɔː ɹ ."


def test_texts_without_words_do_not_shift_their_neighbours(phonemizer: Phonemizer) -> None:
    alone = phonemizer.phonemize(["one"])[0]
    first, empty, last = phonemizer.phonemize(["one", "", "one"])
    assert first == last == alone
    assert phones_of(empty) == []
    assert phonemizer.phonemize([]) == []


def test_accents_differ_and_unknown_ones_are_refused() -> None:
    american, british = (Phonemizer(a).phonemize(["a bath"])[0] for a in ("en-us", "en-gb"))
    assert american != british
    with pytest.raises(DataError, match=r"accent xx-yy: .*en-us"):
        Phonemizer("xx-yy")


def test_word_without_phonemes_is_named() -> None:
    # espeak-ng spells out whatever it does not know, so only its answer can be played here.
    with pytest.raises(DataError, match="`hm` in `oh hm`"):
        _assemble("oh hm", ["oh", "hm"], [["oʊ"]], {"oh": ("oʊ",), "hm": ()})


@pytest.mark.parametrize("word", ["book" * 600, "é" * 51, "x" * 101])
def test_a_word_that_would_end_the_process_is_named(phonemizer: Phonemizer, word: str) -> None:
    with pytest.raises(DataError, match=rf"^`{word[:20]}...`: a word of .* bytes; at most 100$"):
        phonemizer.phonemize(["Hello.", f"Say {word} now."])
    assert phonemizer.phonemize([word[:50]])[0].startswith("^ ")


def test_tokens_and_phones_of_a_phoneme_string() -> None:
    phonemes = "^ h ə l ˈoʊ , w ˈɜː l d | ˌʌ p ?"
    words, boundaries = split_words(phonemes)
    assert [" ".join(word) for word in words] == ["h ə l ˈoʊ", "w ˈɜː l d", "ˌʌ p"]
    assert boundaries == [",", "|", "?"]
    assert join_words(words, boundaries) == phonemes
    assert " ".join(tokens_of(phonemes)) == "^ h ə l ˈoʊ , w ˈɜː l d ˌʌ p ?"
    assert " ".join(phones_of(phonemes)) == "h ə l oʊ w ɜː l d ʌ p"


@pytest.mark.parametrize(
    ("phones", "words", "parts"),
    [
        ("ʌ v ð ə", ["ʌ v", "ð ə"], ["ʌ v", "ð ə"]),
        ("ʌ v ð ɪ", ["ˈʌ v", "ð ə"], ["ʌ v", "ð ɪ"]),  # stress and one vowel differ
        ("ɑː n ð ə d eɪ", ["ɔ n", "ð ə", "d ˈeɪ"], ["ɑː n", "ð ə", "d eɪ"]),
        ("h i d b ɪ n", ["h iː", "h æ d", "b ɪ n"], ["h i", "d", "b ɪ n"]),  # a word shrinks
        ("a b", ["a", "x", "b"], ["a", "x", "b"]),  # a word vanished: it keeps its own phones
    ],
)
def test_part_words(phones: str, words: list[str], parts: list[str]) -> None:
    found = part_words(phones.split(), [tuple(word.split()) for word in words])
    assert found == [part.split() for part in parts]
