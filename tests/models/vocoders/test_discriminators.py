import pytest
import torch

from models.vocoders.discriminators import (
    AdversaryConfig,
    CriticConfig,
    Critics,
    MelGanCriticConfig,
    Verdict,
    critic_loss,
    feature_loss,
    generator_loss,
)

TINY = CriticConfig(width=2, periods=(2, 5), fft_sizes=(256,))


def test_one_verdict_a_critic_with_all_its_features() -> None:
    verdicts = Critics(TINY)(torch.randn(3, 2001))
    assert len(verdicts) == 3
    assert all(verdict.score.shape[0] == 3 for verdict in verdicts)
    assert [len(verdict.features) for verdict in verdicts] == [5, 5, 5]


def test_batch_equals_one_by_one() -> None:
    critics, waves = Critics(TINY), torch.randn(2, 2048)
    together = critics(waves)
    for row in range(2):
        for ours, theirs in zip(together, critics(waves[row : row + 1]), strict=True):
            torch.testing.assert_close(ours.score[row], theirs.score[0], atol=1e-5, rtol=1e-4)


def test_spectrum_critic_does_not_hear_the_level() -> None:
    critic = Critics(TINY).members[-1]
    wave = torch.randn(1, 2048)
    torch.testing.assert_close(critic(wave).score, critic(wave * 0.1).score, atol=1e-4, rtol=1e-4)


def test_silence_gives_finite_gradients() -> None:
    critics, silence = Critics(TINY), torch.zeros(1, 2048, requires_grad=True)
    generator_loss(critics(silence)).backward()
    assert silence.grad is not None
    assert silence.grad.isfinite().all()


def test_critics_learn_to_tell_noise_from_a_tone_and_a_generator_feels_it() -> None:
    torch.manual_seed(0)
    critics = Critics(TINY)
    tone = torch.sin(torch.arange(2048) * 0.1)[None] * torch.tensor([[0.5], [0.9]])
    noise = torch.randn(2, 2048) * 0.3
    optimizer = torch.optim.AdamW(critics.parameters(), lr=5e-3)
    with torch.no_grad():
        before = float(critic_loss(critics(tone), critics(noise)))
    for _ in range(20):
        loss = critic_loss(critics(tone), critics(noise))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        after = float(critic_loss(critics(tone), critics(noise)))
    assert after < 0.8 * before
    assert generator_loss(critics(noise)) > generator_loss(critics(tone))


def test_feature_loss_is_zero_for_equal_waves_only() -> None:
    critics, wave = Critics(TINY), torch.randn(1, 2048)
    assert float(feature_loss(critics(wave), critics(wave))) == 0.0
    assert float(feature_loss(critics(wave), critics(wave.roll(100)))) > 0.0


def test_scale_critics_hear_ever_longer_stretches() -> None:
    critics = Critics(CriticConfig(width=4, periods=(), scales=3, fft_sizes=()))
    verdicts = critics(torch.randn(2, 4096))
    assert [len(verdict.features) for verdict in verdicts] == [7, 7, 7]
    lengths = [verdict.score.shape[1] for verdict in verdicts]
    assert lengths[0] == pytest.approx(2 * lengths[1], abs=2)
    assert lengths[1] == pytest.approx(2 * lengths[2], abs=2)


def test_melgan_critic_has_the_papers_size() -> None:
    critics = Critics(MelGanCriticConfig())
    assert len(critics.members) == 3
    channels = [layer.out_channels for layer in critics.members[0].layers]
    assert channels == [16, 64, 256, 1024, 1024, 1024]
    assert [layer.groups for layer in critics.members[0].layers] == [1, 4, 16, 64, 256, 1]


def test_least_squares_sums_over_critics() -> None:
    real = [Verdict(torch.tensor([[0.5]]), [torch.zeros(1)])] * 2
    fake = [Verdict(torch.tensor([[0.25]]), [torch.ones(1)])] * 2
    rule = AdversaryConfig("least_squares", average=False)
    assert float(critic_loss(real, fake, rule)) == pytest.approx(2 * (0.25 + 0.0625))
    assert float(generator_loss(fake, rule)) == pytest.approx(2 * 0.5625)
    assert float(feature_loss(real, fake, rule)) == pytest.approx(2.0)
    assert float(critic_loss(real, fake)) == pytest.approx(0.5 + 1.25)
