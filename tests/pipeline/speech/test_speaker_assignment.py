from pipeline.speech.speaker_assignment import deal_speakers

HALVES = {"train": 0.5, "test": 0.5}


def test_a_voice_and_ours_that_learned_from_it_are_in_one_split() -> None:
    for others in range(3, 9):
        names = [f"other-{number}" for number in range(others)]
        voices = dict.fromkeys((*names, "kokoro:af_heart", "kokoro-af_heart"), 1.0)
        dealt = deal_speakers(voices, HALVES)
        assert dealt["kokoro:af_heart"] == dealt["kokoro-af_heart"]
        assert set(dealt.values()) == set(HALVES)
