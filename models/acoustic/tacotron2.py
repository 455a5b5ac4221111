"""Tacotron 2 (arXiv 1712.05884): symbols to a mel spectrogram, a few frames after the other.

B batch, N symbols, T mel frames, L decoder steps (L * frames_per_step >= T), E encoder width,
H width of the attention's recurrent net, M mel bands.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.acoustic.attention_guard import attention_faults
from models.acoustic.frames import length_mask
from models.acoustic.tacotron2_attention import (
    AttentionState,
    GradientOfWeights,
    LocationAttention,
    Memory,
    lstm_cell,
)
from models.acoustic.tacotron2_convolutions import Encoder, PostNet
from models.acoustic.tacotron2_prenet import PreNet, PreNetDropout
from models.config import check_least, check_shares
from models.mel import MelConfig, mel_amplitude, scale_mels
from models.speakers.mixing import PerSpeaker
from models.voice import Controls, Speech

_STOPPED = 1e3  # the stop logit of steps beyond an utterance


@dataclass(frozen=True, slots=True)
class Tacotron2Config:
    """Sizes; the defaults are the paper's (section 2.2).

    `frames_per_step` is Tacotron's reduction factor (arXiv 1703.10135, section 3.3).
    `mask_convolutions` keeps padding from the convolutions of a teacher-forced batch;
    NVIDIA/tacotron2 does not. `prenet_dropout_at_inference` keeps the paper's dropout in inference,
    the same for the same symbols and speaker. `max_steps` bounds an utterance that never stops.
    """

    encoder_dim: int = 512
    encoder_layers: int = 3
    encoder_kernel: int = 5
    attention_rnn_dim: int = 1024
    attention_dim: int = 128
    location_filters: int = 32
    location_kernel: int = 31
    prenet_dim: int = 256
    decoder_rnn_dim: int = 1024
    postnet_dim: int = 512
    postnet_layers: int = 5
    postnet_kernel: int = 5
    frames_per_step: int = 1
    dropout: float = 0.5
    rnn_dropout: float = 0.1
    mask_convolutions: bool = True
    prenet_dropout_at_inference: bool = False
    stop_threshold: float = 0.5
    max_steps: int = 1000

    def __post_init__(self) -> None:
        networks = ("encoder", "attention_rnn", "attention", "prenet", "decoder_rnn", "postnet")
        check_least(self, 1, *(f"{network}_dim" for network in networks), "location_filters")
        check_least(self, 1, "encoder_kernel", "location_kernel", "postnet_kernel")
        check_least(self, 1, "frames_per_step", "max_steps", "encoder_layers")
        check_least(self, 2, "postnet_layers")
        check_shares(self, "dropout", "rnn_dropout")
        if self.encoder_dim % 2:
            raise ValueError(f"encoder_dim: must be even, found {self.encoder_dim}")
        for name in ("encoder_kernel", "location_kernel", "postnet_kernel"):
            if getattr(self, name) % 2 == 0:
                raise ValueError(f"{name}: must be odd, found {getattr(self, name)}")
        if not 0 < self.stop_threshold <= 1:
            raise ValueError(f"stop_threshold: above 0, at most 1, found {self.stop_threshold}")


class TrainingOutput(NamedTuple):
    """Teacher-forced mels (B, T, M) before and after the post-net, zero beyond each length; stop
    logits (B, L); attention (B, L, N).
    """

    mels: Tensor
    refined: Tensor
    stop_logits: Tensor
    attention: Tensor


class DecoderState(NamedTuple):
    """Between two steps while speaking: the attention's state and the second net's hidden and
    cell (1, B, D), as `nn.LSTM` takes them.
    """

    attention: AttentionState
    hidden: Tensor
    cell: Tensor


class Decoder(nn.Module):
    """Section 2.2: pre-net, a recurrent net that attends, one for the output, two projections."""

    def __init__(self, config: Tacotron2Config, n_mels: int) -> None:
        super().__init__()
        self.config, self.n_mels = config, n_mels
        hidden, encoder = config.attention_rnn_dim, config.encoder_dim
        self.prenet = PreNet(n_mels * config.frames_per_step, config.prenet_dim)
        self.attention_rnn = nn.LSTMCell(config.prenet_dim + encoder, hidden)
        self.attention = LocationAttention(
            hidden,
            encoder,
            config.attention_dim,
            config.location_filters,
            config.location_kernel,
        )
        self.decoder_rnn = nn.LSTM(hidden + encoder, config.decoder_rnn_dim, batch_first=True)
        self.to_frames = nn.Linear(
            config.decoder_rnn_dim + encoder, n_mels * config.frames_per_step
        )
        self.to_stop = nn.Linear(config.decoder_rnn_dim + encoder, 1)
        self.dropout = nn.Dropout(config.rnn_dropout)

    def remember(self, values: Tensor, mask: Tensor) -> Memory:
        """The attention's memory: encoder outputs (B, N, E), and what is computed of them once."""
        return Memory(values, self.attention.key(values), mask)

    def start(self, memory: Memory) -> DecoderState:
        """The state before the first step: zeros."""
        batch, size, _ = memory.values.shape
        zeros = memory.values.new_zeros
        dim = self.config.decoder_rnn_dim
        nothing_read = AttentionState(
            hidden=zeros(batch, self.config.attention_rnn_dim, dtype=torch.float),
            cell=zeros(batch, self.config.attention_rnn_dim, dtype=torch.float),
            context=zeros(batch, self.config.encoder_dim),
            weights=zeros(batch, size, dtype=torch.float),
            cumulative=zeros(batch, size, dtype=torch.float),
        )
        return DecoderState(nothing_read, zeros(1, batch, dim), zeros(1, batch, dim))

    def forward(self, memory: Memory, groups: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Teacher-forced: groups (B, L, M * frames_per_step) of the real frames, each predicted
        from those before it. Returns predicted groups, stop logits (B, L), attention (B, L, N).

        The second net's output never reaches the attention, so it runs over all steps at once.
        """
        previous = self.prenet(F.pad(groups, (0, 0, 1, 0))[:, :-1])
        rnn = self.attention_rnn
        weights = torch.cat([rnn.weight_ih[:, previous.shape[2] :], rnn.weight_hh], dim=1)
        from_previous = F.linear(
            previous, rnn.weight_ih[:, : previous.shape[2]], rnn.bias_ih + rnn.bias_hh
        )
        weights = weights.to(from_previous.dtype)
        past: list[Tensor] = []  # what the recurrent weights were multiplied with
        from_previous = GradientOfWeights.apply(from_previous, weights, past)
        state = self.start(memory).attention
        states = []
        for gates in from_previous.unbind(dim=1):
            past.append(torch.cat([state.context, state.hidden], dim=1).to(gates.dtype))
            gates = gates + F.linear(past[-1], weights.detach())
            state = self._attend(*lstm_cell(gates, state.cell), memory, state)
            states.append(state)
        context = torch.stack([state.context for state in states], dim=1)  # (B, L, E)
        hidden = torch.stack([state.hidden for state in states], dim=1).to(context.dtype)
        spoken = self.dropout(self.decoder_rnn(torch.cat([hidden, context], dim=2))[0])
        frames, stop = self._project(spoken, context)
        return frames, stop, torch.stack([state.weights for state in states], dim=1)

    def step(
        self, group: Tensor, memory: Memory, state: DecoderState, masks: Sequence[Tensor] = ()
    ) -> tuple[Tensor, Tensor, DecoderState]:
        """The group after `group` (B, M * frames_per_step), its stop logit (B,), the new state."""
        rnn_input = torch.cat([self.prenet(group, masks), state.attention.context], dim=1)
        hidden, cell = self.attention_rnn(rnn_input, (state.attention.hidden, state.attention.cell))
        attention = self._attend(hidden, cell, memory, state.attention)
        seen = torch.cat([attention.hidden, attention.context], dim=1)[:, None]
        spoken, (hidden, cell) = self.decoder_rnn(seen, (state.hidden, state.cell))
        frames, stop = self._project(spoken[:, 0], attention.context)
        return frames, stop, DecoderState(attention, hidden, cell)

    def _attend(
        self, hidden: Tensor, cell: Tensor, memory: Memory, state: AttentionState
    ) -> AttentionState:
        """The state after the first LSTM's: new weights and context."""
        hidden = self.dropout(hidden)
        weights = self.attention(hidden, memory, state)
        context = torch.bmm(weights[:, None].to(memory.values.dtype), memory.values)[:, 0]
        return AttentionState(hidden, cell, context, weights, state.cumulative + weights)

    def _project(self, spoken: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        both = torch.cat([spoken, context], dim=-1)
        return self.to_frames(both).float(), self.to_stop(both).float().squeeze(-1)


class Tacotron2(nn.Module):
    """Symbol ids, and a speaker where there are several, to mels.

    The speaker's vector is added to every encoded symbol. Of the controls it follows energy alone,
    exactly: the mel is scaled. Pace and pitch cannot be controlled.
    """

    controls = frozenset({"energy"})
    per_speaker: ClassVar[PerSpeaker] = {"speaker_embedding.weight": "any"}

    mel_mean: Tensor  # (M,): the network works on (mel - mean) / std
    mel_std: Tensor  # (M,)

    def __init__(
        self,
        config: Tacotron2Config,
        mel: MelConfig,
        symbols: tuple[str, ...],
        speakers: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.config, self.mel = config, mel
        self.symbols, self.speakers = symbols, speakers
        self.symbol_embedding = nn.Embedding(len(symbols), config.encoder_dim)
        nn.init.normal_(self.symbol_embedding.weight, std=0.3)
        if speakers:
            self.speaker_embedding = nn.Embedding(len(speakers), config.encoder_dim)
            nn.init.normal_(self.speaker_embedding.weight, std=0.1)
        self.encoder = Encoder(
            config.encoder_dim, config.encoder_layers, config.encoder_kernel, config.dropout
        )
        self.decoder = Decoder(config, mel.n_mels)
        self.postnet = PostNet(
            mel.n_mels,
            config.postnet_dim,
            config.postnet_layers,
            config.postnet_kernel,
            config.dropout,
        )
        self.register_buffer("mel_mean", torch.zeros(mel.n_mels))
        self.register_buffer("mel_std", torch.ones(mel.n_mels))

    def forward(
        self, symbols: Tensor, lengths: Tensor, speakers: Tensor, mels: Tensor, mel_lengths: Tensor
    ) -> TrainingOutput:
        """Teacher-forced pass: symbols (B, N), lengths (B,), speakers (B,), normalized mels
        (B, T, M), their lengths (B,).
        """
        memory = self.encode(symbols, lengths, speakers, self.config.mask_convolutions)
        size, per_step = mels.shape[1], self.config.frames_per_step
        padded = F.pad(mels, (0, 0, 0, -size % per_step))
        groups = padded.reshape(len(mels), -1, per_step * self.mel.n_mels)  # (B, L, r * M)
        frames, stop, attention = self.decoder(memory, groups)
        frames = frames.reshape(padded.shape)[:, :size]
        inside = length_mask(mel_lengths, size)
        refined = self._refine(frames, inside if self.config.mask_convolutions else None)
        steps = length_mask(steps_of(mel_lengths, per_step), stop.shape[1])
        return TrainingOutput(
            mels=frames * inside[:, :, None],
            refined=refined * inside[:, :, None],
            stop_logits=stop.masked_fill(~steps, _STOPPED),
            attention=attention,
        )

    @torch.inference_mode()
    def synthesize(
        self, symbols: Tensor, lengths: Tensor, speakers: Tensor, controls: Controls
    ) -> Speech:
        """Mels in the scale of `MelConfig`; frames beyond an item's length are silent."""
        return self.speak(symbols, lengths, speakers, controls)[0]

    @torch.inference_mode()
    def speak(
        self, symbols: Tensor, lengths: Tensor, speakers: Tensor, controls: Controls
    ) -> tuple[Speech, Tensor]:
        """As `synthesize`, with the attention (B, L, N).

        An item ends with the group whose stop probability first exceeds the threshold.
        """
        memory = self.encode(symbols, lengths, speakers, mask_convolutions=True)
        dropout = None
        if self.config.prenet_dropout_at_inference:
            dropout = PreNetDropout(self.config.prenet_dim, symbols, lengths, speakers)
        frames, stop_logits, attention = self.decode(memory, dropout)
        per_step = self.config.frames_per_step
        steps, stopped = self._ends(stop_logits)
        inside = length_mask(steps * per_step, frames.shape[1])
        mels = self._refine(frames * inside[:, :, None], inside) * self.mel_std + self.mel_mean
        amplitude = mel_amplitude(mels, self.mel) * controls.energy[:, None, None]
        mels = scale_mels(amplitude.clamp(min=self.mel.floor), self.mel)
        mels = mels.masked_fill(~inside[:, :, None], self.mel.silence)
        read = F.one_hot(attention.argmax(dim=2), symbols.shape[1])  # (B, L, N)
        durations = (read * length_mask(steps, read.shape[1])[:, :, None]).sum(dim=1) * per_step
        faults = tuple(
            attention_faults(weights[:step, :length].cpu().numpy(), ended, per_step)
            for weights, step, length, ended in zip(
                attention, steps.tolist(), lengths.tolist(), stopped.tolist(), strict=True
            )
        )
        speech = Speech(mels.transpose(1, 2), steps * per_step, durations, faults)
        return speech, attention

    def encode(
        self, symbols: Tensor, lengths: Tensor, speakers: Tensor, mask_convolutions: bool
    ) -> Memory:
        """Encoded symbols (B, N, E), as the decoder's memory."""
        mask = length_mask(lengths, symbols.shape[1])
        embedded = self.symbol_embedding(symbols)
        values = self.encoder(embedded, lengths, mask if mask_convolutions else None)
        if self.speakers:
            values = values + self.speaker_embedding(speakers)[:, None]
        return self.decoder.remember(values * mask[:, :, None], mask)

    def decode(
        self, memory: Memory, dropout: PreNetDropout | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Decode until every item has stopped, or for `max_steps`: normalized frames
        (B, L * frames_per_step, M), stop logits (B, L), attention (B, L, N).
        """
        batch = len(memory.values)
        group = memory.values.new_zeros(batch, self.config.frames_per_step * self.mel.n_mels)
        state = self.decoder.start(memory)
        groups: list[Tensor] = []
        stops: list[Tensor] = []
        attention: list[Tensor] = []
        running = torch.ones(batch, dtype=torch.bool, device=group.device)
        while len(groups) < self.config.max_steps and bool(running.any()):
            masks = dropout.draw() if dropout else ()
            group, stop, state = self.decoder.step(group, memory, state, masks)
            groups.append(group)
            stops.append(stop)
            attention.append(state.attention.weights)
            running &= stop.sigmoid() <= self.config.stop_threshold
        frames = torch.stack(groups, dim=1).reshape(batch, -1, self.mel.n_mels)
        return frames, torch.stack(stops, dim=1), torch.stack(attention, dim=1)

    def normalize(self, mels: Tensor) -> Tensor:
        """Mels (B, T, M) in the scale the network is trained in."""
        return (mels - self.mel_mean) / self.mel_std

    def _refine(self, frames: Tensor, inside: Tensor | None) -> Tensor:
        """The post-net over (B, T, M)."""
        return self.postnet(frames.transpose(1, 2), inside).transpose(1, 2).float()

    def _ends(self, stop_logits: Tensor) -> tuple[Tensor, Tensor]:
        """The number of steps (B,) of each item, and whether it stopped by itself (B,)."""
        fired = stop_logits.sigmoid() > self.config.stop_threshold
        stopped = fired.any(dim=1)
        first = fired.int().argmax(dim=1) + 1
        return torch.where(stopped, first, stop_logits.shape[1]), stopped


def steps_of(mel_lengths: Tensor, frames_per_step: int) -> Tensor:
    """How many decoder steps (B,) frames (B,) take."""
    return (mel_lengths + frames_per_step - 1) // frames_per_step


def tacotron2_losses(
    output: TrainingOutput,
    mels: Tensor,
    mel_lengths: Tensor,
    frames_per_step: int,
    stop_weight: float = 5.0,
) -> dict[str, Tensor]:
    """Mean absolute error of normalized mels (B, T, M) before and after the post-net (section 2.2
    has squares; these blur less), and cross-entropy of the stop logits, whose one positive step
    an utterance counts `stop_weight` times.
    """
    inside = length_mask(mel_lengths, mels.shape[1])
    steps, size = steps_of(mel_lengths, frames_per_step), output.stop_logits.shape[1]
    stop = F.binary_cross_entropy_with_logits(
        output.stop_logits,
        F.one_hot(steps - 1, size).float(),
        pos_weight=output.stop_logits.new_tensor(stop_weight),
        reduction="none",
    )
    return {
        "mel": (output.mels - mels).abs()[inside].mean(),
        "mel_post": (output.refined - mels).abs()[inside].mean(),
        "stop": stop[length_mask(steps, size)].mean(),
    }
