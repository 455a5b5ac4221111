import pytest
import torch

from models.mel import MelConfig
from models.recognition.speaker_encoder import (
    SpeakerEncoder,
    SpeakerEncoderConfig,
    equal_error_rate,
    margin_loss,
)

TINY = SpeakerEncoderConfig(dim=16, hidden_dim=16, num_layers=2, kernel_size=5, embedding_dim=8)


@pytest.fixture
def encoder() -> SpeakerEncoder:
    torch.manual_seed(0)
    return SpeakerEncoder(TINY, MelConfig()).eval()


def test_a_clip_becomes_a_unit_vector(encoder: SpeakerEncoder) -> None:
    vectors = encoder(torch.randn(3, 80, 50), torch.tensor([50, 31, 8]))
    assert vectors.shape == (3, 8)
    torch.testing.assert_close(vectors.norm(dim=-1), torch.ones(3))


def test_padding_does_not_matter(encoder: SpeakerEncoder) -> None:
    mels, lengths = torch.randn(2, 80, 60), torch.tensor([60, 37])
    together = encoder(mels, lengths)
    alone = encoder(mels[1:, :, :37], lengths[1:])
    torch.testing.assert_close(together[1:], alone, atol=1e-4, rtol=1e-4)


def test_level_does_not_matter(encoder: SpeakerEncoder) -> None:
    mels, lengths = torch.randn(1, 80, 40), torch.tensor([40])
    torch.testing.assert_close(
        encoder(mels + 3, lengths), encoder(mels, lengths), atol=1e-4, rtol=0
    )


def test_the_margin_asks_for_more_than_to_be_nearest() -> None:
    cosines, speakers = torch.tensor([[0.6, 0.5], [0.1, 0.9]]), torch.tensor([0, 1])
    plain, strict = (margin_loss(cosines, speakers, margin, 20.0) for margin in (0.0, 0.2))
    assert strict > plain
    by_hand = torch.nn.functional.cross_entropy(
        20 * torch.tensor([[0.4, 0.5], [0.1, 0.7]]), speakers
    )
    torch.testing.assert_close(strict, by_hand)


def test_equal_error_rate_of_known_scores() -> None:
    apart = equal_error_rate(torch.tensor([0.8, 0.9]), torch.tensor([0.1, 0.2]))
    assert apart == pytest.approx(0.0)
    mixed = equal_error_rate(torch.linspace(0, 1, 101), torch.linspace(0, 1, 101))
    assert mixed == pytest.approx(0.5, abs=0.01)
    some = equal_error_rate(
        torch.tensor([0.9, 0.8, 0.7, 0.3]), torch.tensor([0.1, 0.2, 0.25, 0.75])
    )
    assert some == pytest.approx(0.25)
