import pytest
import torch

from models.acoustic.mel_discriminators import (
    MelDiscriminatorConfig,
    MelDiscriminators,
    windows_of,
)
from models.vocoders.discriminators import discriminator_loss

MELS = 12


def test_each_discriminator_judges_windows_of_its_length() -> None:
    judges = MelDiscriminators(MelDiscriminatorConfig(width=4, windows=(8, 16, 32)), MELS)
    verdicts = judges(torch.randn(3, 32, MELS))
    assert [verdict.score.shape for verdict in verdicts] == [(12, 1), (6, 1), (3, 1)]
    assert [len(verdict.features) for verdict in verdicts] == [3, 3, 3]


def test_a_shorter_window_is_judged_by_its_own_frames_alone() -> None:
    judges = MelDiscriminators(MelDiscriminatorConfig(width=4, windows=(8, 32)), MELS)
    mels = torch.randn(1, 32, MELS)
    changed = mels.clone()
    changed[:, 8:] += 1.0
    before, after = judges(mels)[0].score, judges(changed)[0].score
    assert torch.equal(before[0], after[0])
    assert not torch.equal(before[1:], after[1:])


def test_they_learn_to_tell_detail_from_its_mean() -> None:
    torch.manual_seed(0)
    judges = MelDiscriminators(MelDiscriminatorConfig(width=8, windows=(8, 16)), MELS)
    optimizer = torch.optim.AdamW(judges.parameters(), lr=3e-3)
    for _ in range(60):
        loss = discriminator_loss(judges(torch.randn(8, 16, MELS)), judges(_flat(8)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        real, fake = judges(torch.randn(32, 16, MELS)), judges(_flat(32))
    for a, b in zip(real, fake, strict=True):
        assert float((a.score > 0).float().mean()) > 0.9
        assert float((b.score < 0).float().mean()) > 0.9


def _flat(count: int) -> torch.Tensor:
    """Noise without its detail across bands."""
    return torch.randn(count, 16, 1).expand(-1, -1, MELS)


def test_windows_are_of_the_same_times_and_go_round() -> None:
    frames = torch.arange(10.0)[:, None]
    ours, theirs = windows_of([frames, frames + 100], first=7, frames=4)
    assert ours[..., 0].tolist() == [[7, 8, 9, 0], [1, 2, 3, 4]]
    assert torch.equal(theirs, ours + 100)
    (few,) = windows_of([frames[:3]], first=1, frames=4)
    assert few[..., 0].tolist() == [[1, 2, 0, 1]]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"width": 0}, "width: at least 1"),
        ({"windows": ()}, "windows: at least one"),
        ({"windows": (0, 8)}, "windows: at least one"),
        ({"windows": (12, 32)}, "the longest, 32, must be a multiple"),
    ],
)
def test_bad_settings_are_named(settings: dict, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        MelDiscriminatorConfig(**settings)
