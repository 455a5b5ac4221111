import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from models.errors import CheckpointError
from models.mel import (
    LogMel,
    MelConfig,
    check_same_mel,
    convert_mels,
    mel_filterbank,
    scale_mels,
)


def _parity(name: str, checkout: Path) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Inputs and outputs of a public implementation, recorded outside of the repository."""
    root = Path(os.environ.get("VOXLOOM_PARITY_DIR", checkout / "../shared/parity"))
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"no recorded outputs of {name}; VOXLOOM_PARITY_DIR names their folder")
    return load_file(folder / "inputs.safetensors"), load_file(folder / "outputs.safetensors")


@pytest.mark.parametrize(("f_max", "output"), [(8000.0, "mel_fmax8000"), (None, "mel_fmaxnull")])
def test_default_mel_is_hifi_gans(checkout: Path, f_max: float | None, output: str) -> None:
    inputs, outputs = _parity("hifigan_mel", checkout)
    mel = LogMel(MelConfig(f_max=f_max))(inputs["wav"])
    torch.testing.assert_close(mel, outputs[output], atol=1e-4, rtol=1e-4)


def test_centered_mel_without_epsilon_is_tacotron2s(checkout: Path) -> None:
    inputs, outputs = _parity("tacotron2_mel", checkout)
    mel = LogMel(MelConfig(padding="center", magnitude_epsilon=0.0))(inputs["wav"])
    torch.testing.assert_close(mel, outputs["mel"], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("norm", ["slaney", "none"])
def test_filterbank_equals_librosas(scale: str, norm: str) -> None:
    import librosa

    config = MelConfig(f_min=80.0, f_max=7600.0, mel_scale=scale, mel_norm=norm)  # type: ignore[arg-type]
    expected = librosa.filters.mel(
        sr=22050,
        n_fft=1024,
        n_mels=80,
        fmin=80.0,
        fmax=7600.0,
        htk=scale == "htk",
        norm="slaney" if norm == "slaney" else None,
    )
    np.testing.assert_allclose(mel_filterbank(config), expected, atol=1e-6)


@pytest.mark.parametrize("num_samples", [5120, 5121, 5375, 5376])
def test_frames_are_whole_hops(num_samples: int) -> None:
    wave = torch.zeros(2, num_samples)
    assert LogMel(MelConfig())(wave).shape == (2, 80, num_samples // 256)
    assert LogMel(MelConfig(padding="center"))(wave).shape == (2, 80, 1 + num_samples // 256)


def test_silence_is_at_the_floor() -> None:
    config = MelConfig(magnitude_epsilon=0.0)
    mel = LogMel(config)(torch.zeros(1, 4096))
    assert torch.all(mel == torch.tensor(config.floor).log())
    tens = LogMel(MelConfig(magnitude_epsilon=0.0, log="log10"))(torch.zeros(1, 4096))
    torch.testing.assert_close(tens, torch.full_like(tens, -5.0))


def test_tone_lies_in_its_band() -> None:
    config = MelConfig()
    tone = torch.sin(2 * torch.pi * 1000.0 * torch.arange(8192) / config.sample_rate)
    loudest = int(LogMel(config)(tone[None])[0].mean(dim=1).argmax())
    bins = mel_filterbank(config)[loudest] * np.linspace(0, 11025, 513)
    assert bins.sum() / mel_filterbank(config)[loudest].sum() == pytest.approx(1000, abs=30)


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"win_length": 2048}, "win_length"),
        ({"f_min": 9000.0}, "f_max"),
        ({"f_max": 12000.0}, "f_max"),
        ({"n_mels": 0}, "n_mels"),
        ({"hop_length": 2048}, "hop_length"),
        ({"floor": 0.0}, "floor"),
    ],
)
def test_impossible_settings_are_refused(changed: dict[str, float], key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        MelConfig(**changed)  # type: ignore[arg-type]


def test_differing_fields_are_named() -> None:
    check_same_mel(MelConfig(), MelConfig(), "a and b")
    with pytest.raises(CheckpointError, match=r"a and b .* hop_length 256 against 200.* f_max"):
        check_same_mel(MelConfig(), MelConfig(hop_length=200, f_max=None), "a and b")


SCALES = (
    MelConfig(),
    MelConfig(log="log10"),
    MelConfig(log="db"),
    MelConfig(log="db", scaling="symmetric"),
    MelConfig(log="db", scaling="unit", ref_level_db=0.0),
)


@pytest.mark.parametrize("target", SCALES)
@pytest.mark.parametrize("source", SCALES)
def test_scales_convert_into_each_other(source: MelConfig, target: MelConfig) -> None:
    wave = 0.1 * torch.randn(1, 8192, generator=torch.Generator().manual_seed(0))
    converted = convert_mels(LogMel(source)(wave), source, target)
    torch.testing.assert_close(converted, LogMel(target)(wave), atol=1e-4, rtol=1e-4)


def test_symmetric_scale_spans_the_levels_of_the_config() -> None:
    config = MelConfig(log="db", scaling="symmetric", ref_level_db=20.0, min_level_db=-100.0)
    amplitude = torch.tensor([1e-9, 1e-4, 1e-1, 10.0, 1e6])  # -180, -80, -20, 20, 120 dB
    expected = torch.tensor([-4.0, -4.0, 0.8, 4.0, 4.0])
    torch.testing.assert_close(scale_mels(amplitude, config), expected)


def test_conversion_keeps_to_the_floor_of_its_target() -> None:
    deep, shallow = MelConfig(floor=1e-10, magnitude_epsilon=0.0), MelConfig()
    mels = LogMel(deep)(torch.zeros(1, 4096))
    torch.testing.assert_close(
        convert_mels(mels, deep, shallow), torch.full_like(mels, shallow.silence)
    )


def test_conversion_refuses_other_bands() -> None:
    with pytest.raises(CheckpointError, match=r"f_max 8000.0 against 7600.0"):
        convert_mels(torch.zeros(1, 80, 4), MelConfig(), MelConfig(f_max=7600.0))


def test_conversion_leaves_frames_where_they_are() -> None:
    mels = torch.randn(1, 80, 4)
    centered = MelConfig(padding="center")
    assert torch.equal(convert_mels(mels, centered, MelConfig()), mels)


def test_scaling_needs_decibels() -> None:
    with pytest.raises(ValueError, match="log must be db"):
        MelConfig(scaling="unit")


@pytest.mark.parametrize("padding", ["same", "center"])
@pytest.mark.parametrize("hop", [255, 256, 300])
def test_frames_lie_a_hop_apart(padding: str, hop: int) -> None:
    config = MelConfig(hop_length=hop, padding=padding)
    wave = torch.randn(1, 10 * hop)
    assert LogMel(config)(wave).shape[-1] == (10 if padding == "same" else 11)
    assert LogMel(config)(wave[:, :-1]).shape[-1] == (9 if padding == "same" else 10)


def test_digital_silence_gives_finite_gradients() -> None:
    wave = torch.zeros(1, 4096, requires_grad=True)
    LogMel(MelConfig(magnitude_epsilon=0.0, log="log10", floor=1e-10))(wave).sum().backward()
    assert wave.grad is not None
    assert wave.grad.isfinite().all()
