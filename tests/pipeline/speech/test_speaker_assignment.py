from pipeline.speech.quota import QuotaConfig
from pipeline.speech.speaker_assignment import EVERYBODY, assign_speakers, deal_speakers

HALVES = {"train": 0.5, "test": 0.5}


def test_a_voice_and_ours_that_learned_from_it_are_in_one_split() -> None:
    for others in range(3, 9):
        names = [f"other-{number}" for number in range(others)]
        voices = dict.fromkeys((*names, "kokoro:af_heart", "kokoro-af_heart"), 1.0)
        dealt = deal_speakers(voices, HALVES)
        assert dealt["kokoro:af_heart"] == dealt["kokoro-af_heart"]
        assert set(dealt.values()) == set(HALVES)


def test_cells_are_the_same_in_whatever_order_the_voices_are_written() -> None:
    orders = ({"anna": 1.0, "ben": 2.0}, {"ben": 2.0, "anna": 1.0})
    first, second = (
        assign_speakers(voices, QuotaConfig(), ["en-us", "en-gb"], seed=3, shares=None)[EVERYBODY]
        for voices in orders
    )
    assert [first.cell(number) for number in range(8)] == [
        second.cell(number) for number in range(8)
    ]
