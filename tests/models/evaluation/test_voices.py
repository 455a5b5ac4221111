import numpy as np
import pytest
import torch

from models.evaluation.listener import Errors
from models.evaluation.voices import (
    MeasuredVoice,
    VoiceSpace,
    clip_statistics,
    findings,
    kind_of,
    nearest_known,
    table,
)
from models.mel import LogMel, MelConfig

NUM_CLIPS = 30


def _voice(name: str, position: float, seed: int = 0, percent: int = 20) -> MeasuredVoice:
    """A voice at `position` on both axes; clips differ by a sentence's worth and by 1."""
    sentences = 10.0 * np.random.default_rng(9).standard_normal((NUM_CLIPS, 2))
    own = np.random.default_rng(seed).standard_normal((NUM_CLIPS, 2))
    errors = Errors(np.full(NUM_CLIPS, percent), np.full(NUM_CLIPS, 100))
    return MeasuredVoice(name, kind_of(name), errors, position + sentences + own, 100.0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("anna", "known"), ("mix(anna,ben,0.50)", "mix"), ("generated-007", "generated")],
)
def test_kinds(name: str, kind: str) -> None:
    assert kind_of(name) == kind


def test_distance_is_in_clip_to_clip_deviations() -> None:
    voices = [
        _voice(name, position, seed)
        for seed, (name, position) in enumerate({"anna": 0.0, "ben": 5.0, "cleo": 9.0}.items())
    ]
    space = VoiceSpace([voice.statistics for voice in voices])
    distance = space.distance(voices[0].statistics, voices[1].statistics)
    assert distance == pytest.approx(5.0, abs=1.5)
    assert space.floor([voice.statistics for voice in voices]) < 0.5


def test_every_voice_has_a_nearest_known_one_other_than_itself() -> None:
    rows = nearest_known(
        [
            _voice("anna", 0.0, 1),
            _voice("ben", 6.0, 2),
            _voice("cleo", 20.0, 3),
            _voice("generated-000", 5.0, 4),
        ]
    )
    assert [row.nearest for row in rows] == ["ben", "anna", "ben", "ben"]
    assert rows[3].distance < 2 < rows[0].distance


def test_findings_tell_the_kinds_apart() -> None:
    rows = nearest_known(
        [
            _voice("anna", 0.0, 1, percent=10),
            _voice("ben", 6.0, 2, percent=30),
            _voice("mix(anna,ben,0.50)", 3.0, 4, percent=15),
        ]
    )
    known, mix, floor = findings(rows)
    assert known.startswith("known: 2 voices, median PER 20.0 % (worst 30.0 %), median distance of")
    assert mix.startswith("mix: 1 voices, median PER 15.0 %")
    assert floor.startswith("a voice and itself")
    assert [line.split("|")[1].strip() for line in table(rows).splitlines()[2:]] == [
        "anna",
        "ben",
        "mix(anna,ben,0.50)",
    ]


def test_statistics_hear_pitch_and_timbre_and_not_level() -> None:
    mel = MelConfig()
    noise = np.random.default_rng(0).standard_normal(22050).astype(np.float32)
    dull = np.convolve(noise, np.ones(9) / 9, mode="same").astype(np.float32)
    track = np.full(86, 120.0)

    def of(wave: np.ndarray, hz: float) -> np.ndarray:
        log_mel = LogMel(mel)(torch.from_numpy(wave)[None])[0].numpy()
        return clip_statistics(log_mel, track * hz / 120, mel)

    plain = of(0.1 * noise, 120)
    np.testing.assert_allclose(of(0.02 * noise, 120), plain, atol=1e-3)
    assert of(0.1 * noise, 240)[-1] - plain[-1] == pytest.approx(np.log(2))
    assert np.abs(of(0.1 * dull, 120)[:-1] - plain[:-1]).max() > 0.1
