import pytest
import torch

from models.errors import ConfigError
from models.losses import MultiResolutionStft, magnitude_loss, weighted_sum


def test_weighted_sum() -> None:
    losses = {"a": torch.tensor(2.0), "b": torch.tensor(3.0)}
    assert float(weighted_sum(losses, {"b": 10.0, "a": 0.5})) == 31.0


@pytest.mark.parametrize(
    "weights", [{"a": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "B": 1}]
)
def test_names_must_be_the_same(weights: dict[str, float]) -> None:
    losses = {"a": torch.tensor(2.0), "b": torch.tensor(3.0)}
    with pytest.raises(ConfigError, match="names must be a, b; found a"):
        weighted_sum(losses, weights)


def test_stft_distance_is_zero_for_equal_waves_and_grows() -> None:
    torch.manual_seed(0)
    distance, wave, noise = MultiResolutionStft(), torch.randn(2, 4096), torch.randn(2, 4096)
    assert float(distance(wave, wave)) == 0.0
    little, much = (float(distance(wave + level * noise, wave)) for level in (0.01, 0.5))
    assert 0 < little < much


def test_stft_distance_to_silence_has_finite_gradients() -> None:
    fake = torch.zeros(1, 4096, requires_grad=True)
    MultiResolutionStft()(fake, torch.randn(1, 4096)).backward()
    assert fake.grad is not None
    assert fake.grad.isfinite().all()


def test_magnitude_loss_ignores_phase_and_hears_level() -> None:
    spectrum = torch.randn(1, 5, 8, dtype=torch.complex64)
    turned = spectrum * torch.exp(torch.tensor(1j * 0.7))
    assert float(magnitude_loss(turned, spectrum)) < 1e-5
    half, quarter = (float(magnitude_loss(spectrum * gain, spectrum)) for gain in (0.5, 0.25))
    assert 0.5 < half < quarter
