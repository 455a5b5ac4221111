import pytest
import torch

from models.mel import LogMel, MelConfig
from models.stft import Stft, with_magnitude


def _noise(num_samples: int) -> torch.Tensor:
    return torch.rand(2, num_samples, generator=torch.Generator().manual_seed(0)) - 0.5


@pytest.mark.parametrize("padding", ["same", "center"])
@pytest.mark.parametrize(("hop", "window"), [(256, 1024), (128, 1024), (255, 1024), (200, 800)])
def test_inversion_is_perfect_and_in_place(hop: int, window: int, padding: str) -> None:
    stft = Stft(MelConfig(hop_length=hop, win_length=window, padding=padding))
    wave = _noise(20 * hop)
    torch.testing.assert_close(stft.invert(stft(wave)), wave, atol=4e-6, rtol=0)


def test_a_centred_inverse_is_that_of_torch() -> None:
    config = MelConfig(padding="center")
    spectrum = torch.randn(2, 513, 7, dtype=torch.complex64)
    theirs = torch.istft(spectrum, 1024, 256, window=torch.hann_window(1024))
    ours = Stft(config).invert(spectrum)
    assert ours.shape == (2, 6 * 256)
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("padding", "num_frames"), [("same", 20), ("center", 21)])
def test_frames_are_those_of_log_mel(padding: str, num_frames: int) -> None:
    config, wave = MelConfig(magnitude_epsilon=0.0, padding=padding), _noise(5120)
    spectrum = Stft(config)(wave)
    assert spectrum.shape == (2, 513, num_frames)
    torch.testing.assert_close(spectrum.abs(), LogMel(config).magnitude(wave), atol=1e-4, rtol=1e-4)


def test_found_phases_fit_the_magnitudes_better() -> None:
    stft = Stft(MelConfig())
    magnitude = stft(_noise(5120)).abs()
    angles = torch.rand(magnitude.shape, generator=torch.Generator().manual_seed(1)) * 6.28
    start = torch.polar(magnitude, angles)

    def misfit(spectrum: torch.Tensor) -> float:
        return float((stft(stft.invert(spectrum)).abs() - magnitude).norm() / magnitude.norm())

    few, many = (stft.find_phase(magnitude, start, iterations) for iterations in (4, 32))
    torch.testing.assert_close(many.abs(), magnitude, atol=1e-4, rtol=1e-4)
    assert misfit(start) > 1.3 * misfit(few) > 1.3 * misfit(many)


def test_true_phases_are_kept() -> None:
    stft, wave = Stft(MelConfig()), _noise(5120)
    spectrum = stft(wave)
    found = stft.find_phase(spectrum.abs(), spectrum, iterations=3)
    torch.testing.assert_close(stft.invert(found), wave, atol=1e-3, rtol=0)


def test_a_magnitude_under_other_phases() -> None:
    phases = torch.randn(1, 5, 4, dtype=torch.complex64)
    phases[0, 0, 0] = 0.0
    phases[0, 1] *= 1e-8
    magnitude = torch.rand(1, 5, 4)
    found = with_magnitude(phases, magnitude)
    assert found[0, 0, 0] == 0.0
    torch.testing.assert_close(found, magnitude * phases.sgn())
