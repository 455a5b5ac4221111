import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.acoustic.tacotron2 import (
    DecoderState,
    Tacotron2,
    Tacotron2Config,
    steps_of,
    tacotron2_losses,
)
from models.acoustic.tacotron2_attention import AttentionState, Memory
from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping
from models.mel import MelConfig
from models.speakers.mixing import with_voices
from models.voice import Controls, Speech

SYMBOLS = ("<pad>", "^", ",", ".", "?", "a", "b", "ˈo", "t")
TINY = Tacotron2Config(
    encoder_dim=16,
    attention_rnn_dim=24,
    attention_dim=12,
    location_filters=4,
    location_kernel=5,
    prenet_dim=16,
    decoder_rnn_dim=20,
    postnet_dim=12,
    frames_per_step=2,
    max_steps=12,
)
MEL = MelConfig()
SENTENCES = ([1, 6, 5, 8, 3], [1, 5, 2, 7, 8, 6, 5, 4], [1, 7, 3])


def _model(
    mel: MelConfig = MEL,
    speakers: tuple[str, ...] = ("a", "b"),
    seed: int = 0,
    **changed: Any,
) -> Tacotron2:
    """Random weights whose batch norms have seen something."""
    torch.manual_seed(seed)
    model = Tacotron2(dataclasses.replace(TINY, **changed), mel, SYMBOLS, speakers)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.normal_(std=0.3)
        elif name.endswith("running_var"):
            buffer.uniform_(0.5, 2.0)
    model.mel_mean.fill_(-5.0)
    model.mel_std.fill_(2.0)
    return model.eval()


def _padded(sentences: tuple[list[int], ...]) -> tuple[Tensor, Tensor]:
    lengths = torch.tensor([len(sentence) for sentence in sentences])
    symbols = torch.zeros(len(sentences), int(lengths.max()), dtype=torch.long)
    for row, sentence in zip(symbols, sentences, strict=True):
        row[: len(sentence)] = torch.tensor(sentence)
    return symbols, lengths


def _say(
    model: Tacotron2, sentences: tuple[list[int], ...], speaker: int = 0, energy: float = 1.0
) -> Speech:
    one = torch.ones(len(sentences))
    speakers = torch.full((len(sentences),), speaker)
    return model.synthesize(
        *_padded(sentences), speakers, Controls(one, one * 0, one * energy, one)
    )


def _stopping_apart(**changed: Any) -> Tacotron2:
    """A model that ends the three sentences by itself, each after another number of steps."""
    for seed in range(50):
        model = _model(seed=seed, stop_threshold=1.0, **changed)
        with torch.no_grad():
            model.symbol_embedding.weight.mul_(8.0)
            memory = model.encode(*_padded(SENTENCES), torch.zeros(3, dtype=torch.long), True)
            stops = model.decode(memory)[1].sigmoid()  # (3, max_steps)
        threshold = float(stops.max(dim=1).values.min() - 1e-4)
        first = (stops > threshold).int().argmax(dim=1)
        if len(set(first.tolist())) == 3:
            model.config = dataclasses.replace(model.config, stop_threshold=threshold)
            return model
    raise AssertionError("no threshold parts the three sentences")


def test_shapes() -> None:
    speech = _say(_model(), SENTENCES)
    assert speech.durations.shape == (3, 8)
    assert speech.lengths.tolist() == speech.durations.sum(dim=1).tolist()
    assert speech.mels.shape == (3, 80, int(speech.lengths.max()))
    assert speech.durations[0, 5:].eq(0).all()


@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("frames_per_step", [1, 3])
def test_an_item_stops_and_sounds_as_it_would_alone(dropout: bool, frames_per_step: int) -> None:
    model = _stopping_apart(frames_per_step=frames_per_step)
    model.config = dataclasses.replace(model.config, prenet_dropout_at_inference=dropout)
    together = _say(model, SENTENCES)
    for row, sentence in enumerate(SENTENCES):
        alone = _say(model, (sentence,))
        num_frames = int(alone.lengths)
        assert int(together.lengths[row]) == num_frames
        torch.testing.assert_close(
            together.mels[row, :, :num_frames], alone.mels[0], atol=1e-4, rtol=1e-4
        )
        assert together.mels[row, :, num_frames:].eq(model.mel.silence).all()
        durations = together.durations[row, : len(sentence)]
        assert durations.tolist() == alone.durations[0].tolist()
        assert together.faults[row] == alone.faults[0]
    if not dropout:
        assert len(set(together.lengths.tolist())) == 3


def test_teacher_forced_batch_equals_alone() -> None:
    model = _model()
    symbols, lengths = _padded(SENTENCES)
    mels, mel_lengths = torch.randn(3, 11, 80), torch.tensor([7, 11, 4])
    speakers = torch.tensor([0, 1, 0])
    together = model(symbols, lengths, speakers, mels, mel_lengths)
    for row, (size, frames) in enumerate(zip(lengths, mel_lengths, strict=True)):
        alone = model(
            symbols[row : row + 1, :size],
            lengths[row : row + 1],
            speakers[row : row + 1],
            mels[row : row + 1, :frames] * 1,
            mel_lengths[row : row + 1],
        )
        steps = frames // 2  # whole groups: the last may hold frames of the padding
        torch.testing.assert_close(together.mels[row, : steps * 2], alone.mels[0, : steps * 2])
        torch.testing.assert_close(together.refined[row, :frames], alone.refined[0])
        torch.testing.assert_close(together.stop_logits[row, :steps], alone.stop_logits[0, :steps])
        torch.testing.assert_close(
            together.attention[row, :steps, :size], alone.attention[0, :steps]
        )
        assert together.refined[row, frames:].eq(0).all()


def test_free_running_follows_what_was_taught() -> None:
    """Step after step, fed its own frames, gives what the teacher-forced pass gives of them."""
    model = _model()
    symbols, lengths = _padded(SENTENCES[:1])
    with torch.no_grad():
        memory = model.encode(symbols, lengths, torch.zeros(1, dtype=torch.long), True)
        frames, stop_logits, attention = model.decode(memory)
        groups = frames.reshape(1, -1, 160)
        taught, taught_stops, taught_attention = model.decoder(memory, groups)
    torch.testing.assert_close(taught, groups, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(taught_stops, stop_logits, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(taught_attention, attention, atol=1e-4, rtol=1e-4)


def test_gradients_are_those_of_torchs_own_cell() -> None:
    """The recurrent weights' gradient, made in one product, against a plain LSTMCell's."""
    model = _model()
    symbols, lengths = _padded(SENTENCES)
    memory = model.encode(symbols, lengths, torch.zeros(3, dtype=torch.long), True)
    memory = Memory(*(part.detach() for part in memory))
    groups = torch.randn(3, 6, 160)
    target = torch.randn(3, 6, 160)
    decoder = model.decoder
    ((decoder(memory, groups)[0] - target) ** 2).mean().backward()
    ours = {n: p.grad.clone() for n, p in decoder.named_parameters() if p.grad is not None}
    decoder.zero_grad()
    state, printed = decoder.start(memory), []
    for group in torch.cat([torch.zeros(3, 1, 160), groups[:, :-1]], dim=1).unbind(dim=1):
        frames, _, state = decoder.step(group, memory, state)
        printed.append(frames)
    ((torch.stack(printed, dim=1) - target) ** 2).mean().backward()
    for name, parameter in decoder.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(ours[name], parameter.grad, atol=1e-6, rtol=1e-4)


def test_dropout_while_speaking_is_its_own_and_the_same_every_day() -> None:
    model = _model(prenet_dropout_at_inference=True, stop_threshold=1.0)  # all of its 12 steps
    before = torch.random.get_rng_state()
    first, again = _say(model, SENTENCES[:1]), _say(model, SENTENCES[:1])
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(first.mels, again.mels)
    model.config = dataclasses.replace(model.config, prenet_dropout_at_inference=False)
    assert not torch.equal(_say(model, SENTENCES[:1]).mels, first.mels)


def test_without_dropout_nothing_is_drawn() -> None:
    model = _model()
    before = torch.random.get_rng_state()
    first, again = _say(model, SENTENCES[:1]), _say(model, SENTENCES[:1])
    assert torch.equal(first.mels, again.mels)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_speakers_differ_and_are_optional() -> None:
    anna, ben = (_say(_model(), SENTENCES[:1], speaker=index).mels for index in (0, 1))
    assert not torch.equal(anna, ben)
    assert _say(_model(speakers=()), SENTENCES).mels.shape[0] == 3


def test_a_voice_between_two_can_be_made() -> None:
    rows = with_voices(_model(), ("mix(a,b,0.25)",)).speaker_embedding.weight
    torch.testing.assert_close(rows[2], 0.75 * rows[0] + 0.25 * rows[1])


def test_energy_scales_the_amplitude() -> None:
    plain, loud = (_say(_model(), SENTENCES[:1], energy=energy).mels for energy in (1.0, 2.0))
    torch.testing.assert_close(loud.exp(), plain.exp() * 2, atol=1e-4, rtol=1e-4)


def test_mels_keep_to_the_range_of_their_scaling() -> None:
    model = _model(MelConfig(log="db", scaling="symmetric"))
    model.mel_mean.fill_(0.0)
    mels = _say(model, SENTENCES, energy=3.0).mels
    assert mels.min() >= -4.0
    assert mels.max() <= 4.0


def test_a_runaway_is_told() -> None:
    speech = _say(_model(stop_threshold=1.0), SENTENCES)
    assert speech.lengths.tolist() == [24, 24, 24]
    for faults in speech.faults:
        assert "ran on: no stop within 24 frames" in faults


def test_losses_leave_padding_out() -> None:
    model = _model()
    symbols, lengths = _padded(SENTENCES)
    mels, mel_lengths = torch.randn(3, 11, 80), torch.tensor([7, 11, 4])
    with torch.no_grad():
        output = model(symbols, lengths, torch.zeros(3, dtype=torch.long), mels, mel_lengths)
    losses = tacotron2_losses(output, mels, mel_lengths, 2)
    beyond = torch.arange(11)[None] >= mel_lengths[:, None]
    later = torch.arange(6)[None] >= steps_of(mel_lengths, 2)[:, None]
    changed = output._replace(
        mels=output.mels + 9.0 * beyond[:, :, None],
        refined=output.refined - 9.0 * beyond[:, :, None],
        stop_logits=output.stop_logits - 9.0 * later,
    )
    again = tacotron2_losses(changed, mels, mel_lengths, 2)
    assert losses.keys() == {"mel", "mel_post", "stop"}
    for name, loss in losses.items():
        torch.testing.assert_close(again[name], loss)


def test_the_stop_is_taught_at_the_last_step() -> None:
    model = _model()
    symbols, lengths = _padded(SENTENCES)
    mels, mel_lengths = torch.randn(3, 11, 80), torch.tensor([7, 11, 4])
    with torch.no_grad():
        output = model(symbols, lengths, torch.zeros(3, dtype=torch.long), mels, mel_lengths)
    right = torch.full((3, 6), -50.0)
    right[torch.arange(3), torch.tensor([3, 5, 1])] = 50.0
    losses = tacotron2_losses(output._replace(stop_logits=right), mels, mel_lengths, 2)
    assert float(losses["stop"]) == pytest.approx(0.0, abs=1e-6)


def test_loss_falls() -> None:
    torch.manual_seed(0)
    model = Tacotron2(
        dataclasses.replace(TINY, dropout=0.0, rnn_dropout=0.0), MelConfig(n_mels=8), SYMBOLS
    )
    symbols, lengths = _padded(SENTENCES)
    mel_lengths = torch.tensor([10, 16, 6])
    mels = torch.randn(len(SYMBOLS), 8)[symbols].repeat_interleave(2, dim=1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-2)
    totals = []
    for _ in range(25):
        output = model(symbols, lengths, torch.zeros(3, dtype=torch.long), mels, mel_lengths)
        loss = torch.stack([*tacotron2_losses(output, mels, mel_lengths, 2).values()]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        totals.append(float(loss.detach()))
    assert min(totals[-3:]) < 0.9 * totals[0]


def test_a_checkpoint_speaks_as_its_model_did(tmp_path: Path) -> None:
    model = _model()
    info = CheckpointInfo(
        kind="tacotron2",
        config=as_mapping(model.config),
        mel=model.mel,
        symbols=SYMBOLS,
        speakers=model.speakers,
    )
    save_checkpoint(tmp_path / "voice", model, info)
    loaded = load_checkpoint(tmp_path / "voice").model
    assert loaded.config == model.config
    assert torch.equal(_say(loaded, SENTENCES).mels, _say(model, SENTENCES).mels)


class _Step(nn.Module):
    """One decoder step over plain tensors."""

    def __init__(self, model: Tacotron2) -> None:
        super().__init__()
        self.decoder = model.decoder

    def forward(
        self,
        group: Tensor,
        memory: tuple[Tensor, Tensor, Tensor],
        attention: tuple[Tensor, ...],
        hidden: Tensor,
        cell: Tensor,
    ) -> tuple[Tensor, ...]:
        state = DecoderState(AttentionState(*attention), hidden, cell)
        frames, stop, after = self.decoder.step(group, Memory(*memory), state)
        return frames, stop, *after.attention, after.hidden, after.cell


def test_a_decoder_step_and_the_postnet_can_be_exported() -> None:
    model = _model()
    symbols, lengths = _padded(SENTENCES)
    with torch.no_grad():
        memory = model.encode(symbols, lengths, torch.zeros(3, dtype=torch.long), True)
        state = model.decoder.start(memory)
        given = (torch.randn(3, 160), tuple(memory), tuple(state.attention), *state[1:])
        exported = torch.export.export(_Step(model).eval(), given).module()
        for ours, theirs in zip(_Step(model)(*given), exported(*given), strict=True):
            torch.testing.assert_close(theirs, ours)
        mels, inside = torch.randn(3, 80, 9), torch.ones(3, 9, dtype=torch.bool)
        postnet = torch.export.export(model.postnet, (mels, inside)).module()
        torch.testing.assert_close(postnet(mels, inside), model.postnet(mels, inside))


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"encoder_dim": 15}, "encoder_dim"),
        ({"location_kernel": 4}, "location_kernel"),
        ({"frames_per_step": 0}, "frames_per_step"),
        ({"postnet_layers": 1}, "postnet_layers"),
        ({"dropout": 1.0}, "dropout"),
        ({"stop_threshold": 0.0}, "stop_threshold"),
    ],
)
def test_impossible_sizes_are_refused(changed: dict[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=f"^{key}: "):
        dataclasses.replace(TINY, **changed)
