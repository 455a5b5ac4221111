import re

import pytest

from models.errors import DataError
from models.phonology.alphabets import NO_WORD, PUBLIC_ENGLISH, Tokens, arpabet, tokenize
from models.phonology.phonemes import SILENCES, WORD, Phonemizer, tokens_of, words_of
from models.phonology.symbols import symbol_ids

# As CMUdict has them; of several pronunciations, the one that espeak-ng speaks.
CMUDICT = """
    about       AH0 B AW1 T
    actions     AE1 K SH AH0 N Z
    again       AH0 G EH1 N
    alarm       AH0 L AA1 R M
    around      ER0 AW1 N D
    before      B IH0 F AO1 R
    better      B EH1 T ER0
    bird        B ER1 D
    book        B UH1 K
    bottle      B AA1 T AH0 L
    boy         B OY1
    button      B AH1 T AH0 N
    car         K AA1 R
    chair       CH EH1 R
    church      CH ER1 CH
    city        S IH1 T IY0
    computer    K AH0 M P Y UW1 T ER0
    doctor      D AA1 K T ER0
    during      D UH1 R IH0 NG
    eight       EY1 T
    eleven      IH0 L EH1 V AH0 N
    father      F AA1 DH ER0
    few         F Y UW1
    finger      F IH1 NG G ER0
    fire        F AY1 ER0
    five        F AY1 V
    four        F AO1 R
    garage      G ER0 AA1 ZH
    happy       HH AE1 P IY0
    hello       HH AH0 L OW1
    hour        AW1 ER0
    house       HH AW1 S
    human       HH Y UW1 M AH0 N
    hurry       HH ER1 IY0
    idea        AY0 D IY1 AH0
    judge       JH AH1 JH
    kitchen     K IH1 CH AH0 N
    ladder      L AE1 D ER0
    language    L AE1 NG G W IH0 JH
    lights      L AY1 T S
    measure     M EH1 ZH ER0
    memory      M EH1 M ER0 IY0
    music       M Y UW1 Z IH0 K
    near        N IH1 R
    new         N UW1
    nine        N AY1 N
    north       N AO1 R TH
    nurse       N ER1 S
    orange      AO1 R IH0 N JH
    party       P AA1 R T IY0
    people      P IY1 P AH0 L
    player      P L EY1 ER0
    power       P AW1 ER0
    quick       K W IH1 K
    radio       R EY1 D IY0 OW2
    roses       R OW1 Z IH0 Z
    seven       S EH1 V AH0 N
    should      SH UH1 D
    sing        S IH1 NG
    six         S IH1 K S
    start       S T AA1 R T
    station     S T EY1 SH AH0 N
    sure        SH UH1 R
    table       T EY1 B AH0 L
    there       DH EH1 R
    think       TH IH1 NG K
    this        DH IH1 S
    thought     TH AO1 T
    three       TH R IY1
    timer       T AY1 M ER0
    today       T AH0 D EY1
    twelve      T W EH1 L V
    twenty      T W EH1 N T IY0
    two         T UW1
    umbrella    AH0 M B R EH1 L AH0
    very        V EH1 R IY0
    vision      V IH1 ZH AH0 N
    voice       V OY1 S
    wanted      W AO1 N T IH0 D
    water       W AO1 T ER0
    weather     W EH1 DH ER0
    woman       W UH1 M AH0 N
    word        W ER1 D
    world       W ER1 L D
    worry       W ER1 IY0
    yes         Y EH1 S
    zero        Z IH1 R OW0
"""

# Where espeak-ng speaks otherwise: as we write it, and as CMUdict does.
DIFFERENT = """
    bedroom     B EH1 D R UW0 M             B EH1 D R UW2 M
    character   K AE1 R IH0 K T ER0         K EH1 R IH0 K T ER0
    dog         D AA1 G                     D AO1 G
    except      EH0 K S EH1 P T             IH0 K S EH1 P T
    here        HH IH1 R                    HH IY1 R
    increase    IH1 NG K R IY0 S            IH1 N K R IY2 S
    million     M IH1 L IY0 AH0 N           M IH1 L Y AH0 N
    minute      M IH1 N IH0 T               M IH1 N AH0 T
    regular     R EH1 G Y UH0 L ER0         R EH1 G Y AH0 L ER0
    thirteen    TH ER1 T IY0 N              TH ER1 T IY1 N
    tomorrow    T AH0 M AA1 R OW0           T AH0 M AA1 R OW2
    video       V IH1 D IY0 OW0             V IH1 D IY0 OW2
"""

# In a sentence, where espeak-ng leaves their stress out.
FUNCTION_WORDS = """
    a      AH0
    an     AH0 N
    and    AE1 N D
    for    F AO1 R
    in     IH1 N
    is     IH1 Z
    it     IH1 T
    of     AH1 V
    the    DH AH0
    to     T AH0
    was    W AH1 Z
    you    Y UW1
    with   W IH1 DH
"""


@pytest.fixture(scope="module")
def phonemizer() -> Phonemizer:
    return Phonemizer("en-us")


def _phones(phonemes: str) -> list[str]:
    return [token for token in phonemes.split() if token not in (WORD, *SILENCES)]


def _entries(table: str) -> list[list[str]]:
    """The lines of a table, parted at two spaces or more."""
    return [re.split(r"\s{2,}", line.strip()) for line in table.strip().splitlines()]


def test_words_are_in_arpabet_as_in_cmudict(phonemizer: Phonemizer) -> None:
    words, expected = zip(*_entries(CMUDICT), strict=True)
    assert len(words) >= 60
    spoken = phonemizer.phonemize(words)
    ours = {w: " ".join(arpabet(_phones(p))) for w, p in zip(words, spoken, strict=True)}
    assert ours == dict(zip(words, expected, strict=True))


@pytest.mark.parametrize(("word", "ours", "cmudict"), _entries(DIFFERENT))
def test_words_that_espeak_speaks_unlike_cmudict(
    phonemizer: Phonemizer, word: str, ours: str, cmudict: str
) -> None:
    assert " ".join(arpabet(_phones(phonemizer.phonemize([word])[0]))) == ours
    assert ours != cmudict


def test_function_words_have_stress_as_in_a_dictionary(phonemizer: Phonemizer) -> None:
    expected = dict(_entries(FUNCTION_WORDS))
    sentence = "it was a part of the plan for you and it is in an hour with him to the day"
    spoken = phonemizer.phonemize([sentence])[0]
    words = [part.split() for part in spoken.strip("^ .").split("|")]
    by_word = {w: " ".join(arpabet(p)) for w, p in zip(sentence.split(), words, strict=True)}
    assert {word: by_word[word] for word in expected} == expected


def test_the_public_table() -> None:
    assert len(PUBLIC_ENGLISH) == len(set(PUBLIC_ENGLISH)) == 148
    assert PUBLIC_ENGLISH[:12] == tuple("_-!'(),.:;? ")
    assert PUBLIC_ENGLISH[12] == "A"
    assert PUBLIC_ENGLISH[64:69] == ("@AA", "@AA0", "@AA1", "@AA2", "@AE")
    assert PUBLIC_ENGLISH[-1] == "@ZH"


def _read(tokens: Tokens, table: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(table[i], int(word)) for i, word in zip(tokens.ids, tokens.words, strict=True)]


def test_ipa_is_the_phoneme_string() -> None:
    phonemes = "^ h ə l ˈoʊ , w ˈɜː l d | ˌʌ p ?"
    table = ("<pad>", *dict.fromkeys(tokens_of(phonemes)))
    tokens = tokenize("ipa", table, "Hello, world up?", phonemes)
    assert tokens.ids.tolist() == symbol_ids(tokens_of(phonemes), table).tolist()
    assert tokens.words.tolist() == [-1, 0, 0, 0, 0, -1, 1, 1, 1, 1, 2, 2, -1]


def test_arpabet_has_pauses_inside_and_no_silence_around() -> None:
    table = (*PUBLIC_ENGLISH, "@sp")
    tokens = tokenize("arpabet", table, "Oh, a bird!", "^ ˈoʊ , ɐ | b ˈɜː d !")
    assert _read(tokens, table) == [
        ("@OW1", 0), ("@sp", NO_WORD), ("@AH0", 1), ("@B", 2), ("@ER1", 2), ("@D", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "spelled", "words"),
    [
        ("Go on.", "go on.", [0, 0, -1, 1, 1, -1]),
        ("  Go  on", "go on.", [0, 0, -1, 1, 1, -1]),
        ("It’s “É”?", "it's e?", [0, 0, 0, 0, -1, 1, -1]),
        ("a-b", "a-b.", [0, -1, 1, -1]),
        ("no!  ", "no!", [0, 0, -1]),
    ],
)
def test_characters_are_plain_text_with_an_end(text: str, spelled: str, words: list[int]) -> None:
    tokens = tokenize("characters", PUBLIC_ENGLISH, text, "")
    assert "".join(symbol for symbol, _ in _read(tokens, PUBLIC_ENGLISH)) == spelled
    assert tokens.words.tolist() == words


@pytest.mark.parametrize("alphabet", ["ipa", "arpabet", "characters"])
def test_every_word_has_symbols_of_its_own(phonemizer: Phonemizer, alphabet: str) -> None:
    text = "In the twenty-first century, isn't that odd? It's one of the boys' ideas: go, go!"
    phonemes = phonemizer.phonemize([text])[0]
    table = (*PUBLIC_ENGLISH, "@sp", *dict.fromkeys(tokens_of(phonemes)))
    words = [w for w in tokenize(alphabet, table, text, phonemes).words.tolist() if w != NO_WORD]
    assert words == sorted(words)
    assert set(words) == set(range(len(words_of(text))))


@pytest.mark.parametrize(
    ("alphabet", "text", "phonemes", "message"),
    [
        ("ipa", "odd click", "^ ˈɑː d | ʘ a .", r"click: phoneme ʘ: the voice never learned it"),
        ("arpabet", "odd click", "^ ˈɑː d | ʘ a .", r"click: phoneme @ʘ: the voice never learned"),
        ("characters", "it is 3", "^ ɪ t .", r"3: character 3: the voice never learned it"),
        ("characters", "so & so", "^ s oʊ .", r"^character &: the voice never learned it"),
    ],
)
def test_unknown_symbols_are_named_with_their_word(
    alphabet: str, text: str, phonemes: str, message: str
) -> None:
    table = (*PUBLIC_ENGLISH, "@sp", "^", "ɑː", "ˈɑː", "d", "a", ".")
    with pytest.raises(DataError, match=message):
        tokenize(alphabet, table, text, phonemes)
