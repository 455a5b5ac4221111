import numpy as np
import torch

from models.acoustic.fastspeech2 import Prosody
from pipeline.speech.prosody_jitter import uneven

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
    padded = EVEN._replace(durations=torch.tensor([[20] * 39 + [0]]))
    rough = uneven(padded, SPOKEN, 1.0, np.random.default_rng(0))
    assert rough.durations[0, -1] == 0
    assert rough.durations[0, :-1].min() >= 1
    assert rough.durations[0, 0] != 20
    assert rough.pitch[0, 0] == rough.energy[0, 0] == rough.pitch[0, -1] == 0
    assert rough.durations.dtype == torch.int64
