import numpy as np
import pytest
import torch

from models.acoustic.fastspeech2 import FastSpeech2, FastSpeech2Config, Prosody
from models.acoustic.stops import LEAD_S, UNRELEASED_GAIN
from models.mel import MelConfig
from pipeline.speech.prosody_jitter import lively, prevoiced, uneven, unreleased

SPOKEN = torch.tensor([[False, *[True] * 38, False]])
EVEN = Prosody(
    durations=torch.full((1, 40), 20), pitch=torch.zeros(1, 40), energy=torch.zeros(1, 40)
)


def test_departures_are_as_wide_as_asked() -> None:
    rng = np.random.default_rng(0)
    rows = [uneven(EVEN, SPOKEN, 1.0, rng) for _ in range(100)]
    logs = torch.cat([row.durations for row in rows]).double().log() - np.log(20)
    assert abs(float(logs.std()) - 0.3) < 0.03
    assert abs(float(logs.mean())) < 0.03
    pitch = torch.cat([row.pitch for row in rows])
    assert abs(float(pitch[:, 1:-1].std()) - 0.54) < 0.04
    twice = uneven(EVEN, SPOKEN, 2.0, np.random.default_rng(1))
    once = uneven(EVEN, SPOKEN, 1.0, np.random.default_rng(1))
    torch.testing.assert_close(twice.energy, 2 * once.energy)


def test_silences_change_in_length_alone_and_padding_not_at_all() -> None:
    lengths = torch.tensor([[20] * 39 + [0]]).expand(64, -1)
    padded = Prosody(lengths, torch.zeros(64, 40), torch.zeros(64, 40))
    rough = uneven(padded, SPOKEN, 1.0, np.random.default_rng(0))
    assert not rough.durations[:, -1].any()
    assert rough.durations[:, :-1].min() >= 1
    assert (rough.durations[:, 0] != 20).float().mean() > 0.7
    assert not rough.pitch[:, [0, -1]].any()
    assert not rough.energy[:, [0, -1]].any()
    assert rough.durations.dtype == torch.int64


@pytest.fixture(scope="module")
def model() -> FastSpeech2:
    """Of which recordings stray by 0.8 in pitch and 0.25 in log duration."""
    config = FastSpeech2Config(dim=8, hidden_dim=8, predictor_dim=8, frame_pitch=True)
    model = FastSpeech2(config, MelConfig(), ("<pad>", "a"), ("anna",))
    model.residual_std.copy_(torch.tensor([0.8, 0.25]))
    model.residual_memory.copy_(torch.tensor([0.6, 0.0]))
    return model


def test_lively_phones_stray_by_a_part_of_what_recordings_do_and_go_on(
    model: FastSpeech2,
) -> None:
    rng = np.random.default_rng(0)
    long = EVEN._replace(durations=torch.full((1, 40), 2000))
    rows = [lively(long, SPOKEN, model, 0.5, rng) for _ in range(200)]
    pitch = torch.cat([row.pitch for row in rows])[:, 1:-1].numpy()
    assert pitch.std() == pytest.approx(0.5 * 0.4, rel=0.05)
    assert np.corrcoef(pitch[:, :-1].ravel(), pitch[:, 1:].ravel())[0, 1] == pytest.approx(
        0.6, abs=0.03
    )
    lengths = torch.cat([row.durations for row in rows]).double().log().numpy()
    assert lengths.std() == pytest.approx(0.25 * 0.125, rel=0.1)


def test_lively_silences_keep_their_pitch_and_energy_stays(model: FastSpeech2) -> None:
    padded = EVEN._replace(durations=torch.tensor([[20] * 39 + [0]]))
    drawn = lively(padded, SPOKEN, model, 1.0, np.random.default_rng(0))
    assert drawn.pitch[0, 0] == drawn.pitch[0, -1] == drawn.durations[0, -1] == 0
    assert drawn.durations[0, :-1].min() >= 1
    assert drawn.durations.dtype == torch.int64
    assert torch.equal(drawn.energy, padded.energy)


STOPS = ("<pad>", "^", "ɡ", "a", "t", ".")
GOAD = torch.tensor([[1, 2, 3, 2, 1, 2, 3, 4, 5]])  # ^ ɡ a ɡ ^ ɡ a t .


@pytest.fixture(scope="module")
def stopping() -> FastSpeech2:
    config = FastSpeech2Config(dim=8, hidden_dim=8, predictor_dim=8, frame_pitch=True)
    return FastSpeech2(config, MelConfig(), STOPS, ("anna",))


def _goad() -> Prosody:
    nothing = torch.zeros(GOAD.shape)
    return Prosody(torch.full(GOAD.shape, 10), nothing, nothing, gain=nothing)


def test_the_voice_leads_a_share_of_the_stops_that_nothing_is_said_before(
    stopping: FastSpeech2,
) -> None:
    def leads(share: float, seed: int = 0, pace: float = 1.0) -> torch.Tensor:
        rng = np.random.default_rng(seed)
        found = prevoiced(_goad(), GOAD, stopping, share, pace, rng).leads
        assert found is not None
        return found[0]

    many = torch.stack([leads(0.4, seed) for seed in range(300)])
    assert many.any(dim=0).nonzero().flatten().tolist() == [1, 5]
    assert (many[:, [1, 5]] > 0).float().mean() == pytest.approx(0.4, abs=0.07)
    seconds = many[many > 0] * 256 / 22_050
    assert seconds.min() >= LEAD_S[0] - 0.006
    assert seconds.max() <= LEAD_S[1] + 0.006
    assert not leads(0.0).any()
    assert torch.equal(leads(1.0)[leads(0.4) > 0], leads(0.4)[leads(0.4) > 0])
    assert leads(1.0, pace=2.0)[1] == pytest.approx(leads(1.0)[1] / 2, abs=1)


def test_a_share_of_the_stops_that_nothing_is_said_after_stays_closed(
    stopping: FastSpeech2,
) -> None:
    def gains(share: float, seed: int = 0) -> torch.Tensor:
        found = unreleased(_goad(), GOAD, stopping, share, np.random.default_rng(seed)).gain
        assert found is not None
        return found[0]

    many = torch.stack([gains(0.3, seed) for seed in range(300)])
    assert many.any(dim=0).nonzero().flatten().tolist() == [3, 7]
    assert (many[:, [3, 7]] < 0).float().mean() == pytest.approx(0.3, abs=0.07)
    assert many.min() == pytest.approx(UNRELEASED_GAIN)
    assert not gains(0.0).any()
