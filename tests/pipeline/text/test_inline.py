import pytest

from models.errors import DataError
from pipeline.records import (
    InlinePronunciation,
    Pause,
    Reject,
    Sentence,
    Slot,
    SpokenSentence,
    WordRange,
)
from pipeline.sentences.drawing.sampling import Maker
from pipeline.text.inline import check_heteronyms, unmarked
from pipeline.text.spoken import TextConfig, text_frontend


def made(text: str, *slots: Slot) -> Sentence | Reject | None:
    return Maker("books", 1, None).make("ask", "ask:1", text, slots)


def spoken(text: str, *slots: Slot) -> SpokenSentence:
    sentence = made(text, *slots)
    assert isinstance(sentence, Sentence)
    (row,) = text_frontend([sentence], TextConfig(), seed=1)
    assert isinstance(row, SpokenSentence)
    return row


@pytest.mark.parametrize(
    ("marked", "plain", "spans"),
    [
        ("I [read](/ɹˈɛd/) it.", "I read it.", [(2, 6)]),
        ("[Lead](/L EH1 D/) or [lead](/lˈiːd/)?", "Lead or lead?", [(0, 4), (8, 12)]),
        ("See [this](http://example.org/a/) page.", "See [this](http://example.org/a/) page.", []),
        ("Plain.", "Plain.", []),
    ],
)
def test_markup_leaves_the_text(marked: str, plain: str, spans: list[tuple[int, int]]) -> None:
    found = unmarked(marked)
    assert found.text == plain
    assert [(one.start, one.end) for one in found.pronunciations] == spans


def test_the_word_is_said_as_asked_and_no_other() -> None:
    row = spoken("I [read](/ɹˈiːd/) that you read it.")
    assert row.transcript == "i read that you read it"
    words = row.phonemes.removeprefix("^ ").removesuffix(" .").split(" | ")
    assert words[1] == "ɹ ˈiː d"
    assert row.pronounced_words == (WordRange(1, 2),)


def test_what_comes_before_may_be_heard_as_more_words() -> None:
    row = spoken("On 3/4 the [bass](/bˈæs/) was 25 cm long.")
    at = row.transcript.split().index("bass")
    assert row.pronounced_words == (WordRange(at, at + 1),)
    assert row.phonemes.count("b ˈæ s") == 1


def test_slots_lie_where_they_are_without_markup() -> None:
    row = spoken("Play [Nguyen](/wˈɪn/) Trio loud.", Slot("band", "[Nguyen](/wˈɪn/) Trio"))
    assert row.transcript == "play nguyen trio loud"
    assert row.slot_words == (WordRange(1, 3),)
    assert "w ˈɪ n | t" in row.phonemes
    sentence = made("Play [Nguyen](/wˈɪn/) Trio.", Slot("band", "[Nguyen](/wˈɪn/) Trio"))
    assert isinstance(sentence, Sentence)
    assert sentence.slots == (Slot("band", "Nguyen Trio"),)
    assert sentence.text == "Play Nguyen Trio."
    assert sentence.pronunciations == (InlinePronunciation(5, 11, ("w", "ˈɪ", "n")),)


def test_a_break_is_a_pause_behind_the_words_that_come_before_it() -> None:
    row = spoken("Dial 25 <break 300ms> and [read](/ɹˈɛd/). <break 1.5s> Stop.")
    words = row.transcript.split()
    assert row.normalized_text.endswith("and read. Stop.")
    assert row.pauses == (Pause(words.index("and"), 0.3), Pause(words.index("stop"), 1.5))
    assert row.phonemes.count(",") == 2
    assert "ɹ ˈɛ d , s" in row.phonemes


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("Wait <break 1s>call Bob.", "Wait call Bob."),
        ("Wait.<break 1s>Call Bob.", "Wait. Call Bob."),
        ("Wait <break 1s> [Bob](emphasis).", "Wait Bob."),
        ("Wait <break 1s>[Bob](emphasis).", "Wait Bob."),
        ("Wait <break 1s>, Bob.", "Wait, Bob."),
        ("Wait <break 1s> <break 1s>$5.", "Wait $5."),
    ],
)
def test_words_beside_a_break_stay_apart(marked: str, plain: str) -> None:
    assert unmarked(marked).text == plain


@pytest.mark.parametrize(
    ("marked", "told"),
    [
        ("[read](/ɹ€d/)", r"\[read\]\(/ɹ€d/\): `€` .* is no IPA"),
        ("[read](//)", "no phonemes"),
        ("[two words](/a/)", "a word, with a phoneme or more each"),
        ("[...](/a/)", "a word, with a phoneme or more each"),
        ("One <break > two.", "<break >: a length such as 300ms"),
        ("One <break 3 weeks> two.", "<break 3 weeks>: a length such as 300ms or 1.5s, from 50ms"),
        ("One <break 10ms> two.", "from 50ms to 5s, is needed"),
        ("<break 300ms> One.", "<break 300ms>: a break stands between words"),
        ("One. <break 1s>", "<break 1s>: a break stands between words"),
        ("un<break 1s>believable", "<break 1s>: a break stands between words"),
    ],
)
def test_what_cannot_be_said_so_is_named(marked: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        unmarked(marked)
    assert isinstance(made(marked), Reject)


@pytest.mark.parametrize(
    ("text", "accent", "word"),
    [
        ("Keep the [record](verb) here.", "en-us", "ɹ ᵻ k ˈɔː ɹ d"),
        ("Keep the [record](noun) here.", "en-us", "ɹ ˈɛ k ɚ d"),
        ("Keep the [record](noun) here.", "en-gb", "ɹ ˈɛ k ɔː d"),
        ("I never [read](past) it.", "en-us", "ɹ ˈɛ d"),
    ],
)
def test_a_word_is_said_by_its_part_of_speech(text: str, accent: str, word: str) -> None:
    sentence = made(text)
    assert isinstance(sentence, Sentence)
    (row,) = text_frontend([sentence], TextConfig(accent=accent), seed=1)
    assert isinstance(row, SpokenSentence)
    assert "[" not in row.transcript
    assert f" {word} " in row.phonemes
    assert len(row.pronounced_words) == 1


def test_a_part_of_speech_that_tells_nothing_is_refused() -> None:
    plain, pronunciations = unmarked("The [lead](noun) and the [table](noun).")[:2]
    with pytest.raises(DataError, match="espeak-ng says lead alike as noun, verb, past, adjective"):
        check_heteronyms(plain, pronunciations)
    with pytest.raises(DataError, match="one word is needed"):
        unmarked("[to record](verb)")
    assert unmarked("See [this](page).").text == "See [this](page)."


def test_emphasis_is_of_the_words_as_spoken() -> None:
    row = spoken("On 3/4 I [never](emphasis) said [so much](emphasis).")
    words = row.transcript.split()
    found = [" ".join(words[one.first_word : one.end_word]) for one in row.emphasized_words]
    assert found == ["never", "so much"]
    assert row.is_marked
    assert row.phonemes == spoken("On 3/4 I never said so much.").phonemes
