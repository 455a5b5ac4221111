from pathlib import Path

import pytest

from models.errors import ConfigError
from models.phonology.phonemes import words_of
from pipeline.records import Reject, Sentence, Slot, SpokenSentence, WordRange
from pipeline.sentences.generate import SentencesConfig, generate
from pipeline.text.pronunciations import load_lexicon, with_domain
from pipeline.text.spoken import MOST_CHARACTERS, TextConfig, check_text, text_frontend
from tests.pipeline.normalization_pairs import REJECTED


def sentences(*texts: str) -> list[Sentence]:
    return [
        Sentence(f"test-{index}", text, "test", "test:1", "test")
        for index, text in enumerate(texts)
    ]


def spoken(*texts: str) -> list[SpokenSentence | Reject]:
    return list(text_frontend(sentences(*texts), TextConfig(workers=1), seed=0))


def test_row_holds_spoken_form_transcript_and_phonemes() -> None:
    (row,) = spoken("Wake me at 7:30, please!")
    assert isinstance(row, SpokenSentence)
    assert row.id == "test-0"
    assert row.normalized_text == "Wake me at seven thirty, please!"
    assert row.transcript == "wake me at seven thirty please"
    assert row.phonemes.startswith("^ w ˈeɪ k |")
    assert row.phonemes.endswith("!")
    assert row.accent == "en-us"


def test_rejects_stand_in_their_place_and_say_why() -> None:
    rows = spoken("Call Mom.", "Call 😀.", "Привет", "?!", "Call Dad.")
    assert [row.id for row in rows] == [f"test-{index}" for index in range(5)]
    assert [type(row) for row in rows] == [SpokenSentence, Reject, Reject, Reject, SpokenSentence]
    reasons = [row.reason for row in rows if isinstance(row, Reject)]
    assert reasons == [
        "cannot say `😀` (grinning face, U+1F600) at character 6",
        "cannot say `П` (cyrillic capital letter pe, U+041F) at character 1",
        "nothing to say: no words in the text",
    ]


def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    longest = "a " * (MOST_CHARACTERS // 2)
    rows = spoken("Call Mom.", longest + "b", "Call Dad.", longest)
    assert [type(row) for row in rows] == [SpokenSentence, Reject, SpokenSentence, SpokenSentence]
    assert isinstance(rows[1], Reject)
    assert rows[1].reason == "5,001 characters; a sentence has at most 5,000"
    assert isinstance(rows[2], SpokenSentence)
    assert rows[2].transcript == "call dad"


def test_a_word_that_is_too_long_rejects_its_sentence_alone() -> None:
    first, overlong, last = spoken("Call Mom.", f"Call {'book' * 500}.", "Call Dad.")
    assert isinstance(first, SpokenSentence)
    assert isinstance(last, SpokenSentence)
    assert isinstance(overlong, Reject)
    assert overlong.reason == "`bookbookbookbookbook...`: a word of 2,000 bytes; at most 100"


@pytest.mark.parametrize(("written", "reason"), REJECTED)
def test_what_no_rule_reads_is_a_reject_that_names_it(written: str, reason: str) -> None:
    (row,) = spoken(written)
    assert isinstance(row, Reject)
    assert row.reason == reason


def test_the_letter_a_is_not_the_article() -> None:
    (row,) = spoken("Play a song at 7 am.")
    assert isinstance(row, SpokenSentence)
    assert row.transcript == "play a song at seven a m"
    assert "| ɐ | s ˈɔ ŋ |" in row.phonemes
    assert row.phonemes.endswith("| ˈeɪ | ˈɛ m .")


def test_the_words_of_slots_are_those_of_the_transcript() -> None:
    slots = (Slot("contact", "Mom"), Slot("time", "7:30 am"), Slot("amount", "12.95"))
    text = "Tell Mom's phone, at 7:30 am, that I owe $12.95."
    (row,) = text_frontend(
        [Sentence("test-0", text, "test", "test:1", "test", slots)], TextConfig(workers=1), seed=0
    )
    assert isinstance(row, SpokenSentence)
    words = row.transcript.split()
    result = [" ".join(words[slot.first_word : slot.end_word]) for slot in row.slot_words]
    assert result == ["mom's", "seven thirty a m", "twelve dollars ninety five cents"]
    assert row.slot_words[0] == WordRange(1, 2)


def test_generated_sentences_are_all_spoken_word_by_word() -> None:
    config = SentencesConfig(Path("prompts/voice_assistant"), 150)
    written = [row for row in generate(config, seed=9) if isinstance(row, Sentence)]
    for row in text_frontend(written, TextConfig(workers=1), seed=9):
        assert isinstance(row, SpokenSentence), row
        assert row.transcript.replace(" ", "").replace("'", "").isalpha()
        marks = [token for token in row.phonemes.split() if token in ("|", ",", ".", "?", "!")]
        assert len(marks) == len(words_of(row.normalized_text))


def test_unknown_accent_is_named() -> None:
    with pytest.raises(ConfigError, match=r"text\.accent: tlh-ish"):
        check_text(TextConfig(accent="tlh-ish"))


def test_a_lexicon_wins_over_espeak() -> None:
    lexicon = with_domain(load_lexicon([]), {"nice": "niːs"}, "travel")
    rows = list(text_frontend(sentences("Fly to Nice."), TextConfig(workers=1), 0, lexicon))
    assert "n ˈiː s" in rows[0].phonemes
    assert "n ˈiː s" not in spoken("Fly to Nice.")[0].phonemes


@pytest.mark.parametrize(
    "marks", ["''", '""', "‘’", "“”", "‚‘", "„“", "«»", "‹›", "``", "′′", "❝❞"]
)
@pytest.mark.parametrize("word", ["stop", "the boss", "don't", "Tuesday night", "lights"])
def test_no_mark_ends_in_a_transcript(marks: str, word: str) -> None:
    quoted = f"{marks[0]}{word}{marks[1]}"
    plain, *rows = spoken(
        f"Play {word} now.",
        f"Play {quoted} now.",
        f"Play ({quoted}) now.",
        f"Play {quoted}\u200b now.",
    )
    assert isinstance(plain, SpokenSentence)
    for row in rows:
        assert isinstance(row, SpokenSentence)
        assert row.transcript == plain.transcript


def test_an_apostrophe_stays_where_it_belongs_to_the_word() -> None:
    rows = spoken("The dogs' owner's o'clock isn't fishin'.", "It 's o' war' s'")
    transcripts = [row.transcript for row in rows if isinstance(row, SpokenSentence)]
    assert transcripts == ["the dogs' owner's o'clock isn't fishin'", "it s o' war s'"]
