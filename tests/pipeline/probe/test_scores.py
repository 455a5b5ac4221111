import pytest

from pipeline.probe.scores import (
    Confusion,
    RecognizedClip,
    confusions_of,
    scores_of,
    speaker_interval,
    wilson_interval,
)


def clip(speaker: str, errors: float, size: int = 1, snr_db: float = 15.0) -> RecognizedClip:
    return RecognizedClip("id", speaker, snr_db, "yes", ("no",), errors, size)


def test_wilson() -> None:
    # statsmodels.stats.proportion.proportion_confint(8, 10, method="wilson")
    assert wilson_interval(0.8, 10) == pytest.approx((0.4901625, 0.9433178), abs=1e-6)
    assert wilson_interval(0.0, 5)[0] == 0.0
    assert wilson_interval(1.0, 5)[1] == 1.0


def test_scores_over_all_by_speaker_and_by_band() -> None:
    clips = [clip("ann", 0), clip("ann", 1), clip("bob", 0, snr_db=35), clip("bob", 0, snr_db=5)]
    scores = {score.name: score for score in scores_of(clips, is_keyword=True)}
    assert list(scores) == [
        "all", "ann", "bob", "SNR below 10 dB", "SNR 10 to 20 dB", "SNR 30 dB and more",
    ]  # fmt: skip
    assert scores["all"].error_rate == 0.25
    assert (scores["ann"].error_rate, scores["ann"].num_clips) == (0.5, 2)
    assert scores["SNR 10 to 20 dB"].error_rate == 0.5
    assert scores["all"].low < 0.25 < scores["all"].high


def test_word_errors_count_by_words() -> None:
    score = scores_of([clip("ann", 3, size=4), clip("ann", 0, size=2)], is_keyword=False)[0]
    assert score.error_rate == pytest.approx(0.5)
    assert score.low <= 0.5 <= score.high


def test_other_speakers_move_the_rate_further_than_other_clips() -> None:
    clips = [clip("good", 0) for _ in range(50)] + [clip("bad", 1) for _ in range(50)]
    interval = speaker_interval(clips)
    assert interval is not None
    assert interval[0] == 0.0
    assert interval[1] == 1.0
    assert speaker_interval(clips[:50]) is None


def test_what_is_misheard_most_comes_first_with_what_it_was_taken_for() -> None:
    heard = [
        ("go", ("go", "no")), ("go", ("no", "no")), ("go", ("go", "up")), ("go", ("no", "no")),
        ("yes", ("yes", "yes")), ("no", ("no", "go")),
    ]  # fmt: skip
    clips = [RecognizedClip("id", "ann", 15.0, said, names, 0.0, 1) for said, names in heard]
    assert confusions_of(clips) == [
        Confusion("go", 4, 0.25, (("no", 0.625), ("up", 0.125))),
        Confusion("no", 1, 0.5, (("go", 0.5),)),
        Confusion("yes", 1, 1.0, ()),
    ]
