"""Rules put around NeMo's grammars, one pair of strings a line."""

import pytest

from pipeline.text.spoken_overlay import after, before, digit_by_digit

BEFORE = [
    ("It’s “fine” – really…", 'It\'s "fine" - really...'),
    ("Café Łódź", "Cafe Lodz"),
    ("Bake ½ a cake", "Bake 1/2 a cake"),
    ("Call 555-0123", "Call five five five, zero one two three"),
    ("Call (415) 555-0123", "Call four one five, five five five, zero one two three"),
    ("Dial 911", "Dial nine one one"),
    (
        "Card 4111 1111 1111 1111",
        "Card " + ", ".join(["four one one one", *["one one one one"] * 3]),
    ),
    ("Set a timer for 1h 20m", "Set a timer for 1 hour 20 minutes"),
    ("It expires 04/28", "It expires oh four 28"),
    ("Run 5 m", "Run 5 meters"),
    ("It costs $5 m", "It costs five million dollars"),
    ("Open 24/7", "Open twenty four seven"),
    ("At 14:00", "At 14 hundred"),
    ("I am 5'11\"", "I am 5 feet 11 inches"),
    ("What is 3 x 4?", "What is 3 times 4 ?"),
    ("Henry VIII", "Henry the 8th"),
    ("Chapter IX", "Chapter 9"),
    ("Tell Henry I am late", "Tell Henry I am late"),
    ("Start the IV fluids", "Start the I V fluids"),
    ("Turn on the 60 W bulb", "Turn on the 60 watt bulb"),
    ("Save 5 GB", "Save 5 gigabytes"),
    ("On Mon. at noon", "On Monday at noon"),
    ("12 Main St.", "12 Main Street."),
    ("Go to https://a.com", "Go to a.com"),
    ("OK", "okay"),
]
AFTER = [
    # (spoken, written, finished)
    ("on march third", "On March 3", "On March third"),
    ("you may go", "You may go", "You may go"),
    ("turn on the TV", "turn on the TV", "turn on the T V"),
    ("two TVs", "2 TVs", "two T V's"),
    ("do it NOW please", "do it NOW please", "do it NOW please"),
    ("at seven o five", "at 7:05", "at seven oh five"),
    ("call doctor Smith", "call Dr. Smith", "call Doctor Smith"),
    ("stop it", "Stop it!", "Stop it!"),
    ("fine , thanks .", "fine, thanks.", "fine, thanks."),
]


@pytest.mark.parametrize(("written", "read"), BEFORE)
def test_written_forms_are_put_as_nemo_reads_them_right(written: str, read: str) -> None:
    assert before(written) == read
    assert before(read) == read


@pytest.mark.parametrize(("spoken", "written", "finished"), AFTER)
def test_spoken_text_is_finished(spoken: str, written: str, finished: str) -> None:
    assert after(spoken, written) == finished


def test_groups_of_digits_part_at_commas() -> None:
    assert digit_by_digit("90-210") == "nine zero, two one zero"


@pytest.mark.parametrize("frame", ["${}", "{} USD", "{}th/2nd", "{}e5", 'a "{}" b', "{}K views"])
def test_a_number_of_any_length_is_read(frame: str) -> None:
    assert before(frame.format("9" * 5000))
