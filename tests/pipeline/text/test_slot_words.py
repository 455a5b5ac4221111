from collections.abc import Sequence
from functools import partial

import pytest

from models.phonology.phonemes import words_of
from pipeline.records import Sentence, Slot
from pipeline.text.normalize import normalize
from pipeline.text.slot_words import word_ranges

# Stands in for the grammars, whose readings have tests of their own.
READINGS = {
    "7:30 am": "seven thirty A M",
    "6 p.m.": "six P M",
    "March": "March",
    "3": "three",
    "15": "fifteen",
    "%.": " percent.",
    "% of ": " percent of ",
    "$80": "eighty dollars",
    "$12.95": "twelve dollars ninety five cents",
    "AC": "AC",
    "22": "twenty two",
    "555-01": "five five five, zero one",
}

# written, with each slot value in brackets; spoken; the words of each slot
CASES = [
    ("Call [Mom].", "Call Mom.", ["mom"]),
    ("Wake me at [7:30 am].", "Wake me at seven thirty A M.", ["seven thirty a m"]),
    ("At [6 p.m.], call [Dr. Oh]!", "At six P M, call Doctor Oh!", ["six p m", "doctor oh"]),
    ("[Lamp] on, not [lamp] off.", "Lamp on, not lamp off.", ["lamp", "lamp"]),
    ("Play [One] by [One]", "Play One by One", ["one", "one"]),
    ("Book [March] [3].", "Book March third.", ["march", "third"]),
    ("Dim to [15]%.", "Dim to fifteen percent.", ["fifteen"]),
    (
        "What's [15]% of $[80]?",
        "What's fifteen percent of eighty dollars?",
        ["fifteen", "eighty dollars"],
    ),
    (
        "Pay $[12.95] now",
        "Pay twelve dollars ninety five cents now",
        ["twelve dollars ninety five cents"],
    ),
    ("Turn the [AC] on.", "Turn the A C on.", ["a c"]),
    ("The [AC] [lamp].", "The A C lamp.", ["a c", "lamp"]),
    ('Play "[Hey Jude]", please.', 'Play "Hey Jude", please.', ["hey jude"]),
    ("Read [Mom]'s mail.", "Read Mom's mail.", ["mom's"]),
    ("Dial [555-01]!", "Dial five five five, zero one!", ["five five five zero one"]),
    ("a [22]-minute timer", "a twenty two-minute timer", ["twenty two"]),
    ("[Anna] and Annabel", "Anna and Annabel", ["anna"]),
    ("Annabel and [Anna]", "Annabel and Anna", ["anna"]),
    ("[?] Go", "Go", [""]),
]

# as `CASES`, spoken by the grammars: a unit in the value is in its words, one behind it is not
READ_BY_GRAMMARS = [
    ("Dim it to [15%].", ["fifteen percent"]),
    ("Dim it to [15]%.", ["fifteen"]),
    ("It's [72°F] outside.", ["seventy two degrees fahrenheit"]),
    ("It's [72]°F outside.", ["seventy two"]),
    ("Drive [10 km] north.", ["ten kilometers"]),
    ("Drive [10] km north.", ["ten"]),
    ("Send $[5] to [Mom].", ["five dollars", "mom"]),
    ("Call [George W. Bush] at [7:30].", ["george w bush", "seven thirty"]),
    ("Ask [John Smith III] about [Super Bowl L].", ["john smith the third", "super bowl fifty"]),
    ("Is [Yahoo!]'s mail in the [U.S.]'s best?", ["yahoo's", "u s's"]),
    ("Play [Robert Downey Jr.]'s [movie].", ["robert downey junior's", "movie"]),
    ("Seat [14A], not [A4].", ["fourteen a", "a four"]),
    ("What's [15%] of [$80]?", ["fifteen percent", "eighty dollars"]),
    ("What's [15]% of $[80]?", ["fifteen", "eighty dollars"]),
    (
        "Not [$719], [$84.25].",
        ["seven hundred and nineteen dollars", "eighty four dollars twenty five cents"],
    ),
    ("Say [102] and [3].", ["one hundred and two", "three"]),
    ("Tell [Dr. Oh] it is [6 p.m.].", ["doctor oh", "six p m"]),
    ("Remind me on [May] [5].", ["may", "fifth"]),
    ("Book the [3rd] of [Sept.]", ["third", "september"]),
    ("Who was [Henry VIII]?", ["henry the eighth"]),
    ("Play [Rocky IV] on the [TV].", ["rocky four", "t v"]),
    ("Is it [one] ending in [4417]?", ["one", "four four one seven"]),
    ("Pay [US$50] to [Mom].", ["fifty u s dollars", "mom"]),
    ("Pay [$20-30] now.", ["twenty to thirty dollars"]),
    ("It's [$5]/month.", ["five dollars"]),
    ("Send [₹500] to [Amit].", ["five hundred rupees", "amit"]),
    ("Book [March 5-7] for [Anna].", ["march fifth to seventh", "anna"]),
    ("Come [9am-5pm] on [Mon-Fri], please.", ["nine a m to five p m", "monday to friday"]),
    ("Sent [05-MAR-2024] by [Al].", ["march fifth twenty twenty four", "al"]),
    (
        "Call [+44 20 7946 0958] now.",
        ["plus four four two zero seven nine four six zero nine five eight"],
    ),
    ("Call [999] for [Dr. Oh].", ["nine nine nine", "doctor oh"]),
    ("Drive [100km/h] to [Ft. Worth].", ["one hundred kilometers per hour", "fort worth"]),
    ("Add [2 tbsp] of [oil].", ["two tablespoons", "oil"]),
    ("It has [50 m²] in [Austin, TX].", ["fifty square meters", "austin texas"]),
    ("Invite ~[20] people.", ["twenty"]),
    ("Open [#A1B2] at [AT&T].", ["number a one b two", "a t and t"]),
    ("Get [iOS 17.4.1] for [Mom].", ["ios seventeen point four point one", "mom"]),
    ("Play ‘[Hey Jude]’ on the [TV].", ["hey jude", "t v"]),
    ("Go to [5 Elm Dr.] with [Lou].", ["five elm drive", "lou"]),
    ("My pressure is [120/80] [today].", ["one twenty over eighty", "today"]),
    ("Meet at the [cafe\u0301] at [5].", ["cafe", "five"]),
]


def read(texts: Sequence[str]) -> list[str]:
    return [READINGS.get(text, text.replace("Dr.", "Doctor")) for text in texts]


def result(sentence: Sentence, spoken: str) -> list[str]:
    words = words_of(spoken)
    (ranges,) = word_ranges([sentence], [" ".join(words)], read)
    return [" ".join(words[found.first_word : found.end_word]) for found in ranges]


def sentence_of(marked: str) -> Sentence:
    values = [part.partition("]")[0] for part in marked.split("[")[1:]]
    text = marked.replace("[", "").replace("]", "")
    return Sentence("a-1", text, "a", "b:1", "b", tuple(Slot("s", value) for value in values))


@pytest.mark.parametrize(("marked", "spoken", "expected"), CASES)
def test_the_words_of_a_slot_are_found(marked: str, spoken: str, expected: list[str]) -> None:
    assert result(sentence_of(marked), spoken) == expected


def test_part_of_a_value_lies_within_it() -> None:
    slots = (Slot("contact", "Anna Meier"), Slot("contact.first", "Anna"))
    sentence = Sentence("a-1", "Call Anna Meier now.", "a", "b:1", "b", slots)
    assert result(sentence, "Call Anna Meier now.") == ["anna meier", "anna"]


def test_slots_out_of_order_are_found() -> None:
    slots = (Slot("room", "attic"), Slot("light", "lamp"))
    sentence = Sentence("a-1", "The lamp in the attic.", "a", "b:1", "b", slots)
    assert result(sentence, "The lamp in the attic.") == ["attic", "lamp"]


def test_a_value_the_text_lacks_has_no_words() -> None:
    sentence = Sentence("a-1", "Call Mom.", "a", "b:1", "b", (Slot("contact", "Dad"),))
    assert result(sentence, "Call Mom.") == [""]


def test_sentences_without_slots_have_no_ranges() -> None:
    assert word_ranges([Sentence("a-1", "Stop.", "a", "b:1", "b")], ["stop"], read) == [()]


@pytest.mark.parametrize(("marked", "expected"), READ_BY_GRAMMARS)
def test_slots_are_found_in_what_the_grammars_say(marked: str, expected: list[str]) -> None:
    sentence = sentence_of(marked)
    (spoken,) = normalize([sentence.text], workers=1)
    words = words_of(spoken)
    (ranges,) = word_ranges([sentence], [" ".join(words)], partial(normalize, workers=1))
    assert [" ".join(words[found.first_word : found.end_word]) for found in ranges] == expected
