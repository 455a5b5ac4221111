"""What the judge of the evaluation tables measures of a wave."""

import numpy as np
import pytest
import torch

from models.errors import DataError
from models.evaluation.judge import Judge, mel_of_wave, resampled, waveform
from models.mel import LogMel, MelConfig
from tests.tiny_voices import TinyVoices

RATE = 22050


def tone(hz: float, seconds: float = 0.6, rate: int = RATE) -> np.ndarray:
    """Harmonics of `hz`, as a voice has them: (S,)."""
    times = np.arange(round(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * hz * k * times) / k for k in range(1, 8))
    return (0.1 * wave).astype(np.float32)


@pytest.fixture(scope="module")
def judge(tiny_voices: TinyVoices) -> Judge:
    return Judge(str(tiny_voices.recognizer))


@pytest.mark.parametrize("rate", [16_000, RATE, 48_000])
def test_waves_of_all_rates_are_measured_alike(judge: Judge, rate: int) -> None:
    aligned = judge.analyze(tone(150.0, rate=rate), rate)
    assert aligned.wave.dtype == np.float32
    assert abs(len(aligned.wave) - 0.6 * RATE) <= 1
    assert aligned.mel.shape == (judge.mel.n_mels, len(aligned.pitch_hz))
    middle = aligned.pitch_hz[10:-10]
    assert np.median(middle[middle > 0]) == pytest.approx(150.0, rel=0.02)


def test_a_wave_that_is_too_short_gets_silence_behind_it(judge: Judge) -> None:
    aligned = judge.analyze(tone(150.0, seconds=0.01), RATE)
    assert len(aligned.wave) == round(0.1 * RATE)
    assert not aligned.wave[round(0.02 * RATE) :].any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_wave_that_is_not_finite_is_refused(judge: Judge, bad: float) -> None:
    wave = tone(150.0)
    wave[100] = bad
    with pytest.raises(DataError, match="not finite"):
        judge.analyze(wave, RATE)


def test_two_clips_are_compared_over_what_both_have(judge: Judge) -> None:
    long, short = judge.analyze(tone(150.0), RATE), judge.analyze(tone(150.0, 0.3), RATE)
    for cut in (long.first(short), short.first(long)):
        assert len(cut.wave) == len(short.wave)
        assert cut.mel.shape == short.mel.shape
        assert len(cut.pitch_hz) == len(short.pitch_hz)
    np.testing.assert_array_equal(long.first(short).wave, long.wave[: len(short.wave)])


def test_phone_edits_are_counted_against_what_was_meant(judge: Judge) -> None:
    aligned = judge.analyze(tone(150.0), RATE)
    output = judge._listener.checkpoint.model.transcribe(
        torch.from_numpy(aligned.mel)[None], torch.tensor([aligned.mel.shape[1]])
    )[0]
    assert judge.phone_edits(aligned, "") == (len(output), 0)
    edits, meant = judge.phone_edits(aligned, "h ə l ˈoʊ")
    assert meant == 4
    assert abs(len(output) - 4) <= edits <= max(len(output), 4)


def test_an_opinion_is_asked_for_at_the_judges_rate(tiny_voices: TinyVoices) -> None:
    asked = []

    def opinion(wave: np.ndarray, rate: int) -> float:
        asked.append((len(wave), rate))
        return 3.5

    judge = Judge(str(tiny_voices.recognizer), opinion)
    assert judge.opinion(judge.analyze(tone(150.0, rate=48_000), 48_000)) == 3.5
    assert asked == [(round(0.6 * RATE), RATE)]


def test_without_a_predictor_there_is_no_opinion(judge: Judge) -> None:
    assert np.isnan(judge.opinion(judge.analyze(tone(150.0), RATE)))


def test_resampling_keeps_the_duration_and_its_own_rate_the_wave() -> None:
    wave = tone(150.0)
    assert resampled(wave, RATE, RATE) is wave
    other = resampled(wave.astype(np.float64), RATE, 16_000)
    assert other.dtype == np.float32
    assert abs(len(other) - 0.6 * 16_000) <= 1


def test_a_wave_becomes_a_mel_in_the_terms_asked_for() -> None:
    target = MelConfig(sample_rate=16_000, n_mels=40, f_max=7600.0)
    mel = mel_of_wave(tone(150.0), RATE, target)
    own = LogMel(target)(torch.from_numpy(resampled(tone(150.0), RATE, 16_000))[None])
    assert torch.equal(mel, own)


class _Ramp(torch.nn.Module):
    """A vocoder that gives each frame's first band, `hop` times."""

    def forward(self, mels: torch.Tensor) -> torch.Tensor:
        return mels[:, 0].repeat_interleave(4, dim=1).double()


def test_a_vocoder_gives_a_plain_wave() -> None:
    mel = torch.arange(6.0).reshape(1, 2, 3)
    wave = waveform(_Ramp(), mel)  # type: ignore[arg-type]
    assert wave.dtype == np.float32
    np.testing.assert_array_equal(wave, np.repeat([0.0, 1.0, 2.0], 4))
