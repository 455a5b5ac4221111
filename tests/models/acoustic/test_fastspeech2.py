import dataclasses
import math

import numpy as np
import pytest
import torch
from scipy.fft import dct
from scipy.ndimage import gaussian_filter1d

from models.acoustic.fastspeech2 import (
    SMOOTHING_S,
    FastSpeech2,
    FastSpeech2Config,
    Prosody,
)
from models.acoustic.fastspeech2_layers import FftBlock
from models.acoustic.fastspeech2_losses import fastspeech2_losses
from models.acoustic.frames import regulate_length
from models.mel import MelConfig
from models.voice import Controls, Speech

SYMBOLS = ("<pad>", "^", ",", ".", "?", "a", "b", "ˈo", "t")
TINY = FastSpeech2Config(
    dim=16, encoder_layers=2, decoder_layers=2, hidden_dim=24, predictor_dim=16
)
SENTENCES = ([1, 6, 5, 8, 3], [1, 5, 2, 7, 8, 6, 5, 4], [1, 7, 3])


@pytest.fixture
def model() -> FastSpeech2:
    """Random weights, about ten frames a symbol, predictions that differ from one to the next."""
    torch.manual_seed(0)
    model = FastSpeech2(TINY, MelConfig(), SYMBOLS, ("anna", "ben")).eval()
    with torch.no_grad():
        model.duration_predictor.line.bias.fill_(math.log(11))
        model.mel_mean.fill_(-5.0)
        model.mel_std.fill_(2.0)
    return model


def _padded(sentences: tuple[list[int], ...]) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    symbols = torch.zeros(len(sentences), int(lengths.max()), dtype=torch.long)
    for row, sentence in zip(symbols, sentences, strict=True):
        row[: len(sentence)] = torch.tensor(sentence)
    return symbols, lengths


def _controls(size: int, **changed: float) -> Controls:
    values = {"pace": 1.0, "pitch_semitones": 0.0, "energy": 1.0, "pitch_range": 1.0} | changed
    return Controls(*(torch.full((size,), values[name]) for name in Controls._fields))


def _say(
    model: FastSpeech2, sentences: tuple[list[int], ...], speaker: int = 0, **changed: float
) -> Speech:
    symbols, lengths = _padded(sentences)
    speakers = torch.full((len(sentences),), speaker)
    return model.synthesize(symbols, lengths, speakers, _controls(len(sentences), **changed))


def _prosody(lengths: torch.Tensor, size: int) -> Prosody:
    generator = torch.Generator().manual_seed(3)
    inside = torch.arange(size)[None] < lengths[:, None]
    shape = (len(lengths), size)
    return Prosody(
        durations=torch.randint(1, 6, shape, generator=generator) * inside,
        pitch=torch.randn(shape, generator=generator) * inside,
        energy=torch.randn(shape, generator=generator) * inside,
    )


def test_shapes(model: FastSpeech2) -> None:
    speech = _say(model, SENTENCES)
    assert speech.durations.shape == (3, 8)
    assert speech.lengths.tolist() == speech.durations.sum(dim=1).tolist()
    assert speech.mels.shape == (3, 80, int(speech.lengths.max()))
    assert speech.durations[0, 5:].eq(0).all()
    assert speech.durations[0, :5].ge(1).all()


def test_synthesis_in_a_batch_equals_alone(model: FastSpeech2) -> None:
    together = _say(model, SENTENCES)
    for row, sentence in enumerate(SENTENCES):
        alone = _say(model, (sentence,))
        num_frames = int(alone.lengths)
        assert int(together.lengths[row]) == num_frames
        torch.testing.assert_close(
            together.mels[row, :, :num_frames], alone.mels[0], atol=1e-4, rtol=1e-4
        )
        floor = torch.tensor(model.mel.floor).log()
        assert torch.allclose(together.mels[row, :, num_frames:], floor)


def test_teacher_forced_batch_equals_alone(model: FastSpeech2) -> None:
    symbols, lengths = _padded(SENTENCES)
    prosody, speakers = _prosody(lengths, symbols.shape[1]), torch.tensor([0, 1, 0])
    together = model(symbols, lengths, speakers, prosody)
    for row, length in enumerate(lengths.tolist()):
        own = Prosody(*(values[row : row + 1, :length] for values in prosody[:3]))
        alone = model(
            symbols[row : row + 1, :length], lengths[row : row + 1], speakers[row : row + 1], own
        )
        num_frames = int(own.durations.sum())
        torch.testing.assert_close(
            together.mels[row, :num_frames], alone.mels[0], atol=1e-4, rtol=1e-4
        )
        for ours, theirs in zip(together[1:4], alone[1:4], strict=True):
            torch.testing.assert_close(ours[row, :length], theirs[0], atol=1e-4, rtol=1e-4)


def test_losses_leave_padding_out(model: FastSpeech2) -> None:
    symbols, lengths = _padded(SENTENCES)
    prosody, speakers = _prosody(lengths, symbols.shape[1]), torch.tensor([0, 1, 0])
    with torch.no_grad():
        output = model(symbols, lengths, speakers, prosody)
    mels = torch.randn_like(output.mels)
    losses = fastspeech2_losses(output, mels, prosody, lengths)
    beyond = torch.arange(mels.shape[1])[None] >= prosody.durations.sum(dim=1)[:, None]
    padded = torch.arange(8)[None] >= lengths[:, None]
    changed = output._replace(
        mels=output.mels + 9.0 * beyond[:, :, None], pitch=output.pitch + 9.0 * padded
    )
    again = fastspeech2_losses(changed, mels, prosody, lengths)
    assert {name: float(loss) for name, loss in losses.items()} == {
        name: pytest.approx(float(loss), rel=1e-4) for name, loss in again.items()
    }


def test_perfect_predictions_cost_nothing(model: FastSpeech2) -> None:
    symbols, lengths = _padded(SENTENCES)
    prosody = _prosody(lengths, symbols.shape[1])
    with torch.no_grad():
        output = model(symbols, lengths, torch.tensor([0, 1, 0]), prosody)
    perfect = output._replace(
        log_durations=(prosody.durations + 1).log(), pitch=prosody.pitch, energy=prosody.energy
    )
    losses = fastspeech2_losses(perfect, output.mels, prosody, lengths)
    assert all(float(loss) == 0.0 for loss in losses.values())


def test_double_pace_halves_the_clip(model: FastSpeech2) -> None:
    slow, fast = (int(_say(model, SENTENCES[1:2], pace=pace).lengths) for pace in (1.0, 2.0))
    assert slow / fast == pytest.approx(2.0, rel=0.12)


def test_no_pace_drops_a_symbol(model: FastSpeech2) -> None:
    assert _say(model, SENTENCES[:1], pace=1000.0).durations.tolist() == [[1] * 5]


@pytest.mark.parametrize("changed", [{"pitch_semitones": 3.0}, {"energy": 2.0}])
def test_pitch_and_energy_change_the_mel_and_not_its_length(
    model: FastSpeech2, changed: dict[str, float]
) -> None:
    plain, moved = _say(model, SENTENCES[:1]), _say(model, SENTENCES[:1], **changed)
    assert moved.durations.tolist() == plain.durations.tolist()
    assert (moved.mels - plain.mels).abs().max() > 0.01


def _seen_by_decoder(model: FastSpeech2, **changed: float) -> tuple[torch.Tensor, torch.Tensor]:
    """The pitch and energy (N,) that reach the decoder for the second sentence."""
    seen = []
    hooks = [
        embedding.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][0, 0]))
        for embedding in (model.pitch_embedding, model.energy_embedding)
    ]
    _say(model, SENTENCES[1:2], speaker=1, **changed)
    for hook in hooks:
        hook.remove()
    return seen[0], seen[1]


def test_controls_move_phones_by_the_asked_amount_and_leave_silence(model: FastSpeech2) -> None:
    model.pitch_std.copy_(torch.tensor([0.1, 0.25]))
    model.energy_std.fill_(0.5)
    pitch, energy = _seen_by_decoder(model)
    moved_pitch, moved_energy = _seen_by_decoder(model, pitch_semitones=2.0, energy=1.5)
    phones = torch.tensor([symbol >= 5 for symbol in SENTENCES[1]])
    assert phones.tolist().count(False) == 3
    semitones = (moved_pitch - pitch) * 0.25 * 12 / math.log(2)
    torch.testing.assert_close(semitones, 2.0 * phones, atol=1e-4, rtol=0)
    factors = ((moved_energy - energy) * 0.5).exp()
    torch.testing.assert_close(factors, torch.where(phones, 1.5, 1.0), atol=1e-4, rtol=0)


@pytest.mark.parametrize("pitch_range", [0.0, 0.5, 2.0])
def test_pitch_range_moves_phones_about_their_mean(model: FastSpeech2, pitch_range: float) -> None:
    phones = torch.tensor([symbol >= 5 for symbol in SENTENCES[1]])
    plain, _ = _seen_by_decoder(model)
    ranged, _ = _seen_by_decoder(model, pitch_range=pitch_range)
    plain, ranged = plain.reshape(-1), ranged.reshape(-1)
    mean = plain[phones].mean()
    torch.testing.assert_close(
        ranged[phones], mean + pitch_range * (plain[phones] - mean), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(ranged[~phones], plain[~phones])


def test_speakers_differ(model: FastSpeech2) -> None:
    anna, ben = (_say(model, SENTENCES[:1], speaker=index).mels for index in (0, 1))
    assert anna.shape != ben.shape or not torch.equal(anna, ben)


def test_normalize_undoes_what_synthesize_does(model: FastSpeech2) -> None:
    mels = torch.randn(1, 4, 80)
    torch.testing.assert_close(model.normalize(mels * 2.0 - 5.0), mels)


@pytest.fixture
def sharper(model: FastSpeech2) -> FastSpeech2:
    """`model`, its variance given back in cepstra, by gains of 1."""
    config = dataclasses.replace(TINY, variance_of="cepstra")
    sharper = FastSpeech2(config, MelConfig(), SYMBOLS, ("anna", "ben")).eval()
    sharper.load_state_dict(model.state_dict())
    return sharper


@pytest.mark.parametrize("order", [1, 20])
def test_variance_of_one_cepstral_coefficient_is_given_back_and_no_other(
    model: FastSpeech2, sharper: FastSpeech2, order: int
) -> None:
    flat = _say(sharper, SENTENCES).mels
    assert torch.allclose(flat, _say(model, SENTENCES).mels, atol=1e-4)  # gains of 1
    sharper.variance_gain[order] = 1.7
    speech = _say(sharper, SENTENCES)
    for row, length in enumerate(speech.lengths):
        spreads = [_cepstra(mels[row, :, :length]).std(axis=1) for mels in (speech.mels, flat)]
        wanted = np.ones(len(spreads[0]))
        wanted[order] = 1.7
        assert spreads[0] / spreads[1] == pytest.approx(wanted, rel=1e-2)


@pytest.mark.parametrize("order", [0, 12])
def test_fast_modulations_of_one_cepstral_coefficient_are_given_back_and_nothing_else(
    sharper: FastSpeech2, order: int
) -> None:
    sharper.variance_gain[order] = 1.3
    before = _say(sharper, SENTENCES)
    sharper.modulation_gain[order] = 1.8
    after = _say(sharper, SENTENCES)
    deviation = SMOOTHING_S * MelConfig().sample_rate / MelConfig().hop_length
    for row, length in enumerate(before.lengths):
        flat, quick = (_cepstra(mels[row, :, :length]) for mels in (before.mels, after.mels))
        ones = np.ones(int(length))
        inside = gaussian_filter1d(ones, deviation, mode="constant", truncate=3)
        slow = gaussian_filter1d(flat[order], deviation, mode="constant", truncate=3) / inside
        wanted = flat.copy()
        wanted[order] = slow + 1.8 * (flat[order] - slow)
        np.testing.assert_allclose(quick, wanted, atol=0.02)
        assert not np.allclose(quick[order], flat[order], atol=0.1)


def test_fast_modulations_in_a_batch_equal_those_alone(sharper: FastSpeech2) -> None:
    sharper.modulation_gain[:16] = 2.0
    together = _say(sharper, SENTENCES)
    for row, sentence in enumerate(SENTENCES):
        alone = _say(sharper, (sentence,)).mels[0]
        mels = together.mels[row, :, : alone.shape[1]]
        torch.testing.assert_close(mels, alone, atol=1e-4, rtol=1e-4)


def _cepstra(mels: torch.Tensor) -> np.ndarray:
    """(M, T) -> (M, T)."""
    return np.asarray(dct(mels.double().numpy(), axis=0, norm="ortho"))


def test_loss_falls() -> None:
    torch.manual_seed(0)
    calm = dataclasses.replace(TINY, dropout=0.0, predictor_dropout=0.0)
    model = FastSpeech2(calm, MelConfig(n_mels=20), SYMBOLS, ("anna",))
    symbols, lengths = _padded(SENTENCES)
    prosody, speakers = _prosody(lengths, symbols.shape[1]), torch.zeros(3, dtype=torch.long)
    owners, _ = regulate_length(symbols[:, :, None], prosody.durations)
    mels = torch.randn(len(SYMBOLS), 20)[owners[:, :, 0]]  # every symbol has a sound of its own
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    totals = []
    for _ in range(40):
        output = model(symbols, lengths, speakers, prosody)
        loss = sum(fastspeech2_losses(output, mels, prosody, lengths).values())
        assert isinstance(loss, torch.Tensor)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        totals.append(float(loss.detach()))
    assert min(totals[-3:]) < 0.75 * totals[0]


def test_regulate_length_repeats_and_skips() -> None:
    hidden = torch.tensor([[[1.0], [2.0], [3.0]], [[4.0], [5.0], [6.0]]])
    durations = torch.tensor([[2, 0, 3], [1, 1, 0]])
    stretched, lengths = regulate_length(hidden, durations)
    assert lengths.tolist() == [5, 2]
    assert stretched[0, :, 0].tolist() == [1, 1, 3, 3, 3]
    assert stretched[1, :2, 0].tolist() == [4, 5]


@pytest.mark.parametrize(
    ("changed", "key"),
    [({"dim": 15}, "dim"), ({"num_heads": 3}, "num_heads"), ({"kernel_size": 4}, "kernel_size")],
)
def test_impossible_sizes_are_refused(changed: dict[str, int], key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        dataclasses.replace(TINY, **changed)


def test_transformer_block_exports_for_any_length() -> None:
    """The whole cannot be exported: how long its output is depends on what it predicts."""
    block = FftBlock(TINY.dim, num_heads=2, hidden_dim=24, kernel=5, dropout=0.1).eval()
    length = torch.export.Dim("length", min=2, max=200)
    program = torch.export.export(
        block,
        (torch.randn(2, 7, TINY.dim), torch.ones(2, 7, dtype=torch.bool)),
        dynamic_shapes={"x": {1: length}, "mask": {1: length}},
    )
    x, mask = torch.randn(2, 12, TINY.dim), torch.ones(2, 12, dtype=torch.bool)
    torch.testing.assert_close(program.module()(x, mask), block(x, mask), atol=1e-5, rtol=1e-4)


def test_a_word_begins_where_it_is_marked() -> None:
    """At first a model with `word_starts` speaks as one without, then each mark sounds."""
    symbols = (*SYMBOLS, "|t")
    torch.manual_seed(0)
    config = dataclasses.replace(TINY, word_starts=True)
    model = FastSpeech2(config, MelConfig(), symbols, ("anna",)).eval()
    plain, marked = ([1, 5, 8, 5, 3],), ([1, 5, symbols.index("|t"), 5, 3],)
    with torch.no_grad():
        model.symbol_embedding.weight[symbols.index("|t")] = model.symbol_embedding.weight[8]
    torch.testing.assert_close(_say(model, plain).mels, _say(model, marked).mels)
    with torch.no_grad():
        model.word_start += torch.randn(16)
    assert not torch.equal(_say(model, plain).mels, _say(model, marked).mels)
