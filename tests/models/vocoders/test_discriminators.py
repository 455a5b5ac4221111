import pytest
import torch

from models.vocoders.discriminators import (
    AdversaryConfig,
    DiscriminatorConfig,
    Discriminators,
    MelGanDiscriminatorConfig,
    Verdict,
    discriminator_loss,
    feature_loss,
    generator_loss,
)

TINY = DiscriminatorConfig(width=2, periods=(2, 5), fft_sizes=(256,))


def test_one_verdict_a_discriminator_with_all_its_features() -> None:
    verdicts = Discriminators(TINY)(torch.randn(3, 2001))
    assert len(verdicts) == 3
    assert all(verdict.score.shape[0] == 3 for verdict in verdicts)
    assert [len(verdict.features) for verdict in verdicts] == [5, 5, 5]


def test_batch_equals_one_by_one() -> None:
    discriminators, waves = Discriminators(TINY), torch.randn(2, 2048)
    together = discriminators(waves)
    for row in range(2):
        for ours, theirs in zip(together, discriminators(waves[row : row + 1]), strict=True):
            torch.testing.assert_close(ours.score[row], theirs.score[0], atol=1e-5, rtol=1e-4)


def test_spectrum_discriminator_does_not_hear_the_level() -> None:
    discriminator = Discriminators(TINY).members[-1]
    wave = torch.randn(1, 2048)
    torch.testing.assert_close(
        discriminator(wave).score, discriminator(wave * 0.1).score, atol=1e-4, rtol=1e-4
    )


def test_silence_gives_finite_gradients() -> None:
    discriminators, silence = Discriminators(TINY), torch.zeros(1, 2048, requires_grad=True)
    generator_loss(discriminators(silence)).backward()
    assert silence.grad is not None
    assert silence.grad.isfinite().all()


def test_discriminators_learn_to_tell_noise_from_a_tone_and_a_generator_feels_it() -> None:
    torch.manual_seed(0)
    discriminators = Discriminators(TINY)
    tone = torch.sin(torch.arange(2048) * 0.1)[None] * torch.tensor([[0.5], [0.9]])
    noise = torch.randn(2, 2048) * 0.3
    optimizer = torch.optim.AdamW(discriminators.parameters(), lr=5e-3)
    with torch.no_grad():
        before = float(discriminator_loss(discriminators(tone), discriminators(noise)))
    for _ in range(20):
        loss = discriminator_loss(discriminators(tone), discriminators(noise))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        after = float(discriminator_loss(discriminators(tone), discriminators(noise)))
    assert after < 0.8 * before
    assert generator_loss(discriminators(noise)) > generator_loss(discriminators(tone))


def test_feature_loss_is_zero_for_equal_waves_only() -> None:
    discriminators, wave = Discriminators(TINY), torch.randn(1, 2048)
    assert float(feature_loss(discriminators(wave), discriminators(wave))) == 0.0
    assert float(feature_loss(discriminators(wave), discriminators(wave.roll(100)))) > 0.0


def test_scale_discriminators_hear_ever_longer_stretches() -> None:
    discriminators = Discriminators(
        DiscriminatorConfig(width=4, periods=(), scales=3, fft_sizes=())
    )
    verdicts = discriminators(torch.randn(2, 4096))
    assert [len(verdict.features) for verdict in verdicts] == [7, 7, 7]
    lengths = [verdict.score.shape[1] for verdict in verdicts]
    assert lengths[0] == pytest.approx(2 * lengths[1], abs=2)
    assert lengths[1] == pytest.approx(2 * lengths[2], abs=2)


def test_melgan_discriminator_has_the_papers_size() -> None:
    discriminators = Discriminators(MelGanDiscriminatorConfig())
    assert len(discriminators.members) == 3
    channels = [layer.out_channels for layer in discriminators.members[0].layers]
    assert channels == [16, 64, 256, 1024, 1024, 1024]
    assert [layer.groups for layer in discriminators.members[0].layers] == [1, 4, 16, 64, 256, 1]


def test_least_squares_sums_over_discriminators() -> None:
    real = [Verdict(torch.tensor([[0.5]]), [torch.zeros(1)])] * 2
    fake = [Verdict(torch.tensor([[0.25]]), [torch.ones(1)])] * 2
    rule = AdversaryConfig("least_squares", average=False)
    assert float(discriminator_loss(real, fake, rule)) == pytest.approx(2 * (0.25 + 0.0625))
    assert float(generator_loss(fake, rule)) == pytest.approx(2 * 0.5625)
    assert float(feature_loss(real, fake, rule)) == pytest.approx(2.0)
    assert float(discriminator_loss(real, fake)) == pytest.approx(0.5 + 1.25)
