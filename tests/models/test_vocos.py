import pytest
import torch

from models.mel import LogMel, MelConfig
from models.vocos import Vocos, VocosConfig


@pytest.fixture
def vocos() -> Vocos:
    torch.manual_seed(0)
    return Vocos(VocosConfig(dim=16, hidden_dim=24, num_layers=2), MelConfig()).eval()


def _frames_like_log_mel(wave: torch.Tensor, mel: MelConfig) -> torch.Tensor:
    """The complex STFT in the frames of LogMel with `same` padding."""
    pad = (mel.n_fft - mel.hop_length) // 2
    padded = torch.nn.functional.pad(wave[:, None], (pad, pad), mode="reflect")[:, 0]
    return torch.stft(
        padded,
        mel.n_fft,
        mel.hop_length,
        mel.win_length,
        torch.hann_window(mel.win_length),
        center=False,
        return_complex=True,
    )


@pytest.mark.parametrize("num_frames", [1, 2, 7])
def test_every_frame_becomes_a_hop(vocos: Vocos, num_frames: int) -> None:
    wave = vocos(torch.randn(3, 80, num_frames))
    assert wave.shape == (3, num_frames * 256)
    assert wave.isfinite().all()


@pytest.mark.parametrize("hop", [256, 128])
def test_inversion_is_perfect_and_in_place(hop: int) -> None:
    mel = MelConfig(hop_length=hop)
    wave = torch.rand(2, 20 * hop, generator=torch.Generator().manual_seed(0)) - 0.5
    spectrum = _frames_like_log_mel(wave, mel)
    rebuilt = Vocos(VocosConfig(8, 8, 1), mel).invert(spectrum)
    torch.testing.assert_close(rebuilt, wave, atol=2e-6, rtol=0)


def test_spectrum_and_mel_lie_in_the_same_frames() -> None:
    mel = MelConfig()
    wave = torch.rand(1, 4096) - 0.5
    magnitude = _frames_like_log_mel(wave, mel).abs()
    torch.testing.assert_close(magnitude, LogMel(mel).magnitude(wave), atol=1e-4, rtol=1e-4)


def test_batch_equals_one_by_one(vocos: Vocos) -> None:
    mels = torch.randn(4, 80, 9)
    with torch.no_grad():
        together = vocos(mels)
        alone = torch.cat([vocos(mel[None]) for mel in mels])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-5)


def test_loss_falls(vocos: Vocos) -> None:
    log_mel = LogMel(MelConfig())
    time_s = torch.arange(4096) / 22050
    wave = 0.3 * torch.stack([torch.sin(6.28 * hz * time_s) for hz in (220.0, 550.0)])
    target = log_mel(wave)
    optimizer = torch.optim.AdamW(vocos.parameters(), lr=3e-3)
    losses = []
    for _ in range(25):
        loss = (log_mel(vocos(target)) - target).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_loud_input_stays_finite(vocos: Vocos) -> None:
    assert vocos(torch.full((1, 80, 5), 50.0)).isfinite().all()


def test_exports_to_a_graph_for_any_length(vocos: Vocos) -> None:
    length = torch.export.Dim("T", min=2, max=4000)
    program = torch.export.export(vocos, (torch.randn(1, 80, 12),), dynamic_shapes=({2: length},))
    mels = torch.randn(1, 80, 29)
    torch.testing.assert_close(program.module()(mels), vocos(mels))


def test_sizes_must_be_positive() -> None:
    with pytest.raises(ValueError, match="dim: "):
        VocosConfig(num_layers=0)
