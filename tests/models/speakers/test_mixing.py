import math

import numpy as np
import pytest
import torch

from models.acoustic.fastspeech2 import FastSpeech2, FastSpeech2Config
from models.errors import CheckpointError, ConfigError
from models.mel import MelConfig
from models.recognition.recognizer import Recognizer, RecognizerConfig
from models.speakers.mixing import (
    SpeakerDistribution,
    check_voice_names,
    speaker_rows,
    with_average_speakers,
    with_speakers,
    with_voices,
)
from models.speakers.names import canonical_name, is_speakers_name, parents_of, parse_mix
from models.voice import Controls

SPEAKERS = ("anna", "ben", "cleo", "dan")


@pytest.fixture
def model() -> FastSpeech2:
    """Random weights; speakers whose pitch varies by 0.1, 0.2, 0.3 and 0.4."""
    torch.manual_seed(0)
    config = FastSpeech2Config(
        dim=8,
        encoder_layers=1,
        decoder_layers=1,
        hidden_dim=8,
        predictor_dim=8,
        speaker_vector_dim=3,
    )
    model = FastSpeech2(config, MelConfig(n_mels=10), ("<pad>", "a", "t"), SPEAKERS).eval()
    model.pitch_std.copy_(torch.tensor([0.1, 0.2, 0.3, 0.4]))
    model.speaker_vectors.copy_(torch.nn.functional.normalize(torch.randn(4, 3), dim=1))
    with torch.no_grad():
        model.duration_predictor.line.weight.zero_()  # five frames a symbol, whoever speaks
        model.duration_predictor.line.bias.fill_(math.log(6))
        model.speaker_embedding.weight.mul_(10)
    return model


def _mel(model: FastSpeech2, speaker: str) -> torch.Tensor:
    one = torch.ones(1)
    who = torch.tensor([model.speakers.index(speaker)])
    symbols = torch.tensor([[1, 2, 1]])
    return model.synthesize(symbols, torch.tensor([3]), who, Controls(one, one * 2, one, one)).mels


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("anna", "anna"),
        ("an4-ftmj", "an4-ftmj"),
        ("mix(anna, ben, 0.4)", "mix(anna,ben,0.40)"),
        ("mix( anna ,ben,.4 )", "mix(anna,ben,0.40)"),
        ("mix(anna,ben,0.125)", "mix(anna,ben,0.125)"),
        ("generated-007", "generated-007"),
    ],
)
def test_a_voice_has_one_name(written: str, canonical: str) -> None:
    assert canonical_name(written) == canonical
    assert canonical_name(canonical) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "mix(anna, ben)",
        "mix(anna, ben, 1.5)",
        "mix(anna, ben, 0)",
        "mix(anna, ben, nan)",
        "mix(anna, anna, 0.5)",
        "mix(anna, ben, half)",
        "mix(anna, ben, 0.4",
        "mix(mix(anna,ben,0.5), cleo, 0.5)",
    ],
)
def test_what_is_no_mix_is_refused_by_its_name(written: str) -> None:
    with pytest.raises(ConfigError, match=r"expected mix\(a, b, share\)") as caught:
        parse_mix(written)
    assert str(caught.value).startswith(written)


def test_a_speakers_name_can_stand_in_a_mix() -> None:
    for name in ("anna", "an4-ftmj", "Anna Lee", "103"):
        assert is_speakers_name(name)
        assert parents_of(f"mix({name}, ben, 0.5)") == (name, "ben")
    for name in ("", " ", "anna ", "Smith, John", "mix(anna,ben,0.5)", "anna (old)"):
        assert not is_speakers_name(name)


def test_parents_can_be_told_from_the_name() -> None:
    assert parents_of("mix(anna,ben,0.40)") == ("anna", "ben")
    assert parents_of("anna") == ("anna",)
    assert parents_of("generated-001") == ("generated-001",)


def test_unknown_parts_are_named() -> None:
    voices = ["anna", "mix(anna,generated-001,0.5)", "generated-000"]
    check_voice_names(voices, SPEAKERS, "tiny", 2)
    for voice, message in (
        ("mix(anna,zoe,0.5)", r"^mix\(anna,zoe,0\.5\): zoe: tiny does not know"),
        ("zoe", r"^zoe: .* it has anna, ben, cleo, dan and 2 generated ones"),
        ("generated-002", "^generated-002: tiny does not know this speaker"),
    ):
        with pytest.raises(ConfigError, match=message):
            check_voice_names([voice], SPEAKERS, "tiny", 2)


def test_known_voices_need_no_new_model(model: FastSpeech2) -> None:
    assert with_voices(model, ("ben", "anna")) is model


def test_a_mix_lies_between_its_parents_in_everything(model: FastSpeech2) -> None:
    mixed = with_voices(model, ("anna", "mix(anna,dan,0.25)"))
    assert mixed.speakers == (*SPEAKERS, "mix(anna,dan,0.25)")
    for name in ("speaker_embedding.weight", "speaker_vectors"):
        known, rows = speaker_rows(model)[name], speaker_rows(mixed)[name]
        torch.testing.assert_close(rows[4], 0.75 * known[0] + 0.25 * known[3])
    assert float(mixed.pitch_std[4]) == pytest.approx(0.1**0.75 * 0.4**0.25)


def test_a_vector_counts_in_a_mix_by_its_direction_however_long_it_is(model: FastSpeech2) -> None:
    model.speaker_vectors[:2] = torch.tensor([[1.0, 0.0, 0.0], [0.0, 10.0, 0.0]])
    mixed = with_voices(model, ("mix(anna,ben,0.5)",))
    torch.testing.assert_close(mixed.speaker_vectors[4], torch.tensor([0.5, 0.5, 0.0]))
    assert torch.equal(mixed.speaker_vectors[:4], model.speaker_vectors)


def test_a_mix_starts_at_the_first_and_ends_at_the_second(model: FastSpeech2) -> None:
    names = [f"mix(anna,dan,{share})" for share in (0.001, 0.5, 0.999)]
    mixed = with_voices(model, names)
    anna, dan = _mel(model, "anna"), _mel(model, "dan")
    near_anna, between, near_dan = (_mel(mixed, name) for name in names)
    torch.testing.assert_close(near_anna, anna, atol=0.02, rtol=0.02)
    torch.testing.assert_close(near_dan, dan, atol=0.02, rtol=0.02)
    assert (between - anna).abs().max() > 0.05
    assert (between - dan).abs().max() > 0.05


def test_known_speakers_sound_the_same_beside_new_ones(model: FastSpeech2) -> None:
    more = with_voices(model, ("generated-000", "mix(anna,ben,0.5)", "generated-002"))
    assert not more.training
    for speaker in SPEAKERS:
        assert torch.equal(_mel(more, speaker), _mel(model, speaker))
    assert model.speakers == SPEAKERS


def test_generated_voices_depend_on_seed_and_number_alone(model: FastSpeech2) -> None:
    together = with_voices(model, ("generated-000", "generated-001", "generated-005"), seed=7)
    alone = with_voices(model, ("generated-005",), seed=7)
    other = with_voices(model, ("generated-005",), seed=8)
    for name, rows in speaker_rows(together).items():
        assert torch.equal(rows[6], speaker_rows(alone)[name][4])
        assert not torch.equal(rows[6], rows[5])
        assert not torch.equal(rows[6], speaker_rows(other)[name][4])
    assert together.pitch_std.gt(0).all()


def test_spread_is_how_far_generated_voices_go(model: FastSpeech2) -> None:
    def distance(spread: float) -> torch.Tensor:
        rows = speaker_rows(with_voices(model, ("generated-003",), spread=spread))
        weight = rows["speaker_embedding.weight"]
        return weight[4] - weight[:4].mean(dim=0)

    torch.testing.assert_close(distance(2.0), 2 * distance(1.0))


def test_generated_points_are_spread_as_the_speakers_are() -> None:
    rng = np.random.default_rng(0)
    points = 3.0 + rng.standard_normal((6, 4)) @ rng.standard_normal((4, 4))
    distribution = SpeakerDistribution.fit(points)
    drawn = np.stack([distribution.sample(np.random.default_rng(k)) for k in range(4000)])
    scale = points.std()
    np.testing.assert_allclose(drawn.mean(axis=0), points.mean(axis=0), atol=0.1 * scale)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(points.T), atol=0.1 * scale**2)


def test_too_few_speakers_to_draw_from(model: FastSpeech2) -> None:
    rows = {name: every[:2] for name, every in speaker_rows(model).items()}
    pair = with_speakers(model, SPEAKERS[:2], rows)
    with pytest.raises(ConfigError, match="generated-000: 2 speakers are too few"):
        with_voices(pair, ("generated-000",))


def test_average_speakers_are_average_but_for_what_is_given(model: FastSpeech2) -> None:
    vectors = torch.tensor([[1.0, 0.0, 0.0]])
    more = with_average_speakers(model, ("zoe",), {"speaker_vectors": vectors})
    assert more.speakers == (*SPEAKERS, "zoe")
    torch.testing.assert_close(more.speaker_vectors[4:], vectors)
    known = model.speaker_embedding.weight
    torch.testing.assert_close(more.speaker_embedding.weight[4], known.mean(dim=0))


def test_models_without_speakers_say_so() -> None:
    recognizer = Recognizer(
        RecognizerConfig(dim=8, hidden_dim=8, num_layers=1), MelConfig(), ("a",)
    )
    recognizer.speakers = ("anna",)  # type: ignore[assignment]
    with pytest.raises(CheckpointError, match="Recognizer: keeps nothing by speaker"):
        with_voices(recognizer, ("mix(anna,ben,0.5)",))
