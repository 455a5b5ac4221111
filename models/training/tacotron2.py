"""Tacotron 2's recipe: clips whose attention is guided by the recognizer's alignment, or by a
diagonal; judged on held-out sentences spoken from text.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from models.acoustic.attention_guard import diagonality
from models.acoustic.fastspeech2 import PAD
from models.acoustic.tacotron2 import Tacotron2, Tacotron2Config, steps_of, tacotron2_losses
from models.checkpoint import Checkpoint
from models.config import check_least
from models.losses import check_loss_names
from models.mel import MelConfig, check_convertible_mel, convert_mels
from models.phonology.phonemes import tokens_of
from models.phonology.symbols import symbol_ids
from models.training.align import align_corpus, alignment_of, unaligned
from models.training.batching import LengthBatches, pad_stack
from models.training.corpus import CorpusConfig
from models.training.features import Clip, Features, prepare_features, with_held_out
from models.training.guidance import (
    aligned_guidance,
    aligned_loss,
    diagonal_guidance,
    diagonal_loss,
    pad_guidance,
)
from models.training.left_out import tell_left_out
from models.training.optimizers import OptimizerConfig
from models.training.phone_errors import load_recognizer, phone_error_rates
from models.training.pictures import attention_picture, mel_picture
from models.training.provenance import Origin, Provenance
from models.training.session import Batch, LoopConfig
from models.training.supervised import train_supervised
from models.training.warm_start import start_voice
from models.vocoders.griffin_lim import GriffinLim, GriffinLimConfig
from models.voice import Controls, Speech

_LOSSES = ("mel", "mel_post", "stop", "attention")


@dataclass(frozen=True, slots=True)
class Tacotron2Training:
    """`configs/train/tacotron2.yaml`.

    `recognizer` aligns the corpus and judges the speech; with `null` the attention is guided by
    a diagonal and the speech is judged by its attention alone. `start_from` is a Tacotron 2 to
    begin with, of the same sizes.
    """

    recipe: Literal["tacotron2"]
    run: Path
    corpus: CorpusConfig
    loop: LoopConfig
    optimizer: OptimizerConfig
    provenance: Provenance
    recognizer: str | None = "recognizer"
    start_from: str | None = None
    guidance: Literal["recognizer", "diagonal"] = "recognizer"
    cache: Path = Path("runs/cache")
    mel: MelConfig = MelConfig()
    model: Tacotron2Config = Tacotron2Config()
    frames_per_batch: int = 10_000
    stop_weight: float = 5.0
    evaluated_clips: int = 40
    plotted_clips: int = 3
    loss_weights: dict[str, float] = field(
        default_factory=lambda: {"mel": 1.0, "mel_post": 1.0, "stop": 0.2, "attention": 0.5}
    )

    def __post_init__(self) -> None:
        check_loss_names(self.loss_weights, _LOSSES)
        check_least(self, 1, "frames_per_batch")
        if self.guidance == "recognizer" and self.recognizer is None:
            raise ValueError("guidance: recognizer needs a recognizer; without one: diagonal")
        if self.evaluated_clips < 1:
            raise ValueError(f"evaluated_clips: at least 1, found {self.evaluated_clips}")


def train_tacotron2(config: Tacotron2Training) -> Path:
    """Align the corpus if asked, then train until done; returns the best checkpoint's folder."""
    recognizer = None if config.recognizer is None else load_recognizer(config.recognizer)
    if recognizer is not None:  # it counts durations in its own frames, and hears our mels
        what = f"recognizer: {config.recognizer} and this config"
        check_convertible_mel(recognizer.mel, config.mel, what)
    features = prepare_features(config.corpus, config.mel, config.cache)
    utterances = _read_utterances(config, features, recognizer)
    torch.manual_seed(config.loop.seed)
    task = Tacotron2Task(config, features, utterances, recognizer)
    return train_supervised(task, config.loop, config.optimizer, config.run)


@dataclass(frozen=True, slots=True)
class Utterance:
    """A clip and its N symbols; with their frames where the recognizer found them."""

    clip: Clip
    symbols: tuple[str, ...]
    durations: np.ndarray | None = None  # (N,) int64, frames


def _read_utterances(
    config: Tacotron2Training, features: Features, recognizer: Checkpoint | None
) -> list[Utterance]:
    if config.guidance == "diagonal" or recognizer is None:
        return [Utterance(clip, tuple(tokens_of(clip.phonemes))) for clip in features.clips]
    for_alignment = features
    if config.mel != recognizer.mel:
        for_alignment = prepare_features(config.corpus, recognizer.mel, config.cache)
    alignments = align_corpus(for_alignment, recognizer, config.cache)
    left_out = unaligned(for_alignment, alignments)
    tell_left_out(left_out, len(for_alignment.clips), print, config.run / "left_out.txt")
    found = [(clip, alignment_of(clip, alignments)) for clip in features.clips]
    aligned = [Utterance(c, a.symbols, np.array(a.durations)) for c, a in found if a is not None]
    print(f"aligned {len(aligned)} of {len(found)} clips", flush=True)
    return aligned


class Tacotron2Task:
    """See `SupervisedTask`."""

    def __init__(
        self,
        config: Tacotron2Training,
        features: Features,
        utterances: Sequence[Utterance],
        recognizer: Checkpoint | None,
    ) -> None:
        self.config, self.features, self.recognizer = config, features, recognizer
        self.loss_weights = dict(config.loss_weights)
        self.symbols = (PAD, *sorted({symbol for one in utterances for symbol in one.symbols}))
        self.speakers = tuple(sorted({one.clip.speaker for one in utterances}))
        some_left_out = len(utterances) < len(features.clips)
        clips = with_held_out([one.clip for one in utterances], config.corpus, some_left_out, print)
        self.utterances = [
            one for one, clip in zip(utterances, clips, strict=True) if not clip.held_out
        ]
        held_out = [clip for clip in clips if clip.held_out]
        count = min(len(held_out), config.evaluated_clips)
        self.held_out = [held_out[index * len(held_out) // count] for index in range(count)]
        self.model = Tacotron2(config.model, features.mel_config, self.symbols, self.speakers)
        if config.start_from:
            start_voice(config.start_from, "tacotron2", self.model)
        else:
            self._measure_mels()
        self._listen = GriffinLim(GriffinLimConfig(), features.mel_config)
        lengths = [one.clip.num_frames for one in self.utterances]
        self._batches = LengthBatches(lengths, config.frames_per_batch, config.loop.seed)

    def _measure_mels(self) -> None:
        mels = self.features.mels[:: max(1, len(self.features.mels) // 50_000)].astype(np.float32)
        self.model.mel_mean.copy_(torch.from_numpy(mels.mean(axis=0)))
        self.model.mel_std.copy_(torch.from_numpy(mels.std(axis=0)))

    def batch(self, step: int) -> Batch:
        chosen = [self.utterances[index] for index in self._batches.at(step)]
        clips = [one.clip for one in chosen]
        mels = pad_stack([self.features.mel(clip) for clip in clips])
        return {
            **model_inputs(clips, [one.symbols for one in chosen], self.model),
            "mels": self.model.normalize(mels.to(self.model.mel_mean.device)).cpu(),
            "mel_lengths": torch.tensor([clip.num_frames for clip in clips]),
            "guidance": pad_guidance([self._guide(one) for one in chosen]),
        }

    def _guide(self, one: Utterance) -> np.ndarray:
        per_step = self.config.model.frames_per_step
        if one.durations is not None:
            return aligned_guidance(one.durations, per_step)
        steps = int(steps_of(torch.tensor(one.clip.num_frames), per_step))
        return diagonal_guidance(steps, len(one.symbols))

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        mels, lengths = batch["mels"], batch["mel_lengths"]
        output = model(batch["symbols"], batch["lengths"], batch["speakers"], mels, lengths)
        per_step, stop_weight = self.config.model.frames_per_step, self.config.stop_weight
        attention_loss = aligned_loss if self.config.guidance == "recognizer" else diagonal_loss
        return {
            **tacotron2_losses(output, mels, lengths, per_step, stop_weight),
            "attention": attention_loss(output.attention, batch["guidance"]),
        }

    @torch.no_grad()
    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """Held-out sentences spoken from text: phone error rate by the recognizer, the share of
        utterances with faults, and of attention steps off the diagonal.
        """
        assert isinstance(model, Tacotron2)
        speech, attention = speak_clips(model, self.held_out)
        self._show(speech, attention, board, step)
        steps = steps_of(speech.lengths, model.config.frames_per_step).tolist()
        diagonal = [
            diagonality(weights[:length].cpu().numpy())
            for weights, length in zip(attention, steps, strict=True)
        ]
        return {
            **self._phone_error_rates(speech),
            "faulty": float(np.mean([bool(faults) for faults in speech.faults])),
            "off_diagonal": 1 - float(np.mean(diagonal)),
        }

    def _phone_error_rates(self, speech: Speech) -> dict[str, float]:
        """As `phone_error_rates` groups them; none without a recognizer."""
        if self.recognizer is None:
            return {}
        mels = convert_mels(speech.mels.cpu(), self.features.mel_config, self.recognizer.mel)
        hypotheses = self.recognizer.model.transcribe(mels, speech.lengths.cpu())
        return phone_error_rates(self.held_out, hypotheses)

    def _show(self, speech: Speech, attention: Tensor, board: Any, step: int) -> None:
        """Attention as PNG files in the run's folder and on TensorBoard, mels and sound there."""
        folder = self.config.run / "attention"
        folder.mkdir(parents=True, exist_ok=True)
        steps = steps_of(speech.lengths, self.config.model.frames_per_step).tolist()
        for index, clip in enumerate(self.held_out[: self.config.plotted_clips]):
            tokens = tokens_of(clip.phonemes)
            weights = attention[index, : steps[index], : len(tokens)].cpu().numpy()
            figure = attention_picture(weights, tokens, f"{clip.text} ({clip.speaker})")
            figure.savefig(folder / f"step-{step + 1:06d}-{index}.png", dpi=80)
            board.add_figure(f"attention/{index}", figure, step)
            mel = speech.mels[index : index + 1, :, : int(speech.lengths[index])].cpu()
            natural = dataclasses.replace(self.config.mel, log="ln", scaling="none")
            picture = mel_picture(convert_mels(mel, self.config.mel, natural)[0])
            board.add_image(f"held_out/{index}", picture, step)
            wave = self._listen(mel)[0]
            board.add_audio(f"held_out/{index}", wave, step, self.config.mel.sample_rate)

    @property
    def identity(self) -> dict[str, Any]:
        return self._origin.identity | {"start_from": self.config.start_from}

    @property
    def _origin(self) -> Origin:
        return Origin(
            "tacotron2",
            self.config.model,
            self.features.mel_config,
            self.config.provenance,
            self.symbols,
            self.speakers,
        )

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        self._origin.save(model, folder, step, metrics)


def model_inputs(
    clips: Sequence[Clip], symbols: Sequence[Sequence[str]], model: Tacotron2
) -> dict[str, Tensor]:
    """A batch of inputs: `symbols` (B, N), `lengths` (B,), `speakers` (B,)."""
    ids = [symbol_ids(one, model.symbols) for one in symbols]
    return {
        "symbols": pad_stack(ids),
        "lengths": torch.tensor([len(one) for one in ids]),
        "speakers": torch.tensor([model.speakers.index(clip.speaker) for clip in clips]),
    }


def speak_clips(model: Tacotron2, clips: Sequence[Clip]) -> tuple[Speech, Tensor]:
    """The clips' sentences by their own speakers, from text alone, and the attention (B, L, N)."""
    device = model.mel_mean.device
    asked = model_inputs(clips, [tokens_of(clip.phonemes) for clip in clips], model)
    return model.speak(
        asked["symbols"].to(device),
        asked["lengths"].to(device),
        asked["speakers"].to(device),
        Controls.neutral(len(clips), device),
    )
