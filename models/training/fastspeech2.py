"""The acoustic model's recipe: aligned clips, their pitch and energy a phone, many speakers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from models.acoustic.fastspeech2 import (
    PAD,
    FastSpeech2,
    FastSpeech2Config,
    Prosody,
    fastspeech2_losses,
)
from models.checkpoint import load_checkpoint
from models.errors import ConfigError
from models.losses import check_loss_names
from models.mel import check_same_mel
from models.phonology.phonemes import phones_of, tokens_of
from models.phonology.symbols import find_symbol, symbol_ids
from models.recognition.edit_distance import error_rate
from models.recognition.recognizer import Recognizer
from models.speakers.vectors import read_speaker_vectors, stack_vectors
from models.training.align import Alignment, align_corpus, alignment_of
from models.training.batching import LengthBatches, pad_stack
from models.training.corpus import CorpusConfig
from models.training.features import Clip, Features, prepare_features
from models.training.grid_alignment import TextGridConfig, read_grid_alignments
from models.training.optimizers import OptimizerConfig
from models.training.pictures import mel_picture
from models.training.prosody import (
    Example,
    log_pitch_of,
    measure_example,
    measure_levels,
)
from models.training.provenance import Origin, Provenance
from models.training.session import Batch, LoopConfig
from models.training.supervised import train_supervised
from models.vocoders.griffin_lim import GriffinLim, GriffinLimConfig
from models.voice import Controls, Speech


@dataclass(frozen=True, slots=True)
class FastSpeech2Training:
    """`configs/train/fastspeech2.yaml`.

    `speaker_repeats` shows the clips of some speakers several times an epoch. `textgrids` align
    the corpus in place of the recognizer. `speaker_vectors` is a file with a vector a speaker,
    of `model.speaker_vector_dim` numbers.
    """

    recipe: Literal["fastspeech2"]
    run: Path
    corpus: CorpusConfig
    loop: LoopConfig
    optimizer: OptimizerConfig
    provenance: Provenance
    recognizer: str = "recognizer"
    cache: Path = Path("runs/cache")
    model: FastSpeech2Config = FastSpeech2Config()
    frames_per_batch: int = 7_000
    speaker_repeats: dict[str, int] = field(default_factory=dict)
    textgrids: TextGridConfig | None = None
    speaker_vectors: Path | None = None
    loss_weights: dict[str, float] = field(
        default_factory=lambda: {"mel": 1.0, "duration": 0.2, "pitch": 0.1, "energy": 0.1}
    )

    def __post_init__(self) -> None:
        check_loss_names(self.loss_weights, ("mel", "duration", "pitch", "energy"))
        if (self.speaker_vectors is None) != (self.model.speaker_vector_dim == 0):
            raise ValueError(
                f"speaker_vectors: {self.speaker_vectors or 'no file'}, while "
                f"model.speaker_vector_dim is {self.model.speaker_vector_dim}; they need each other"
            )


def train_fastspeech2(config: FastSpeech2Training) -> Path:
    """Align the corpus, then train until done; returns the best checkpoint's folder."""
    recognizer = load_checkpoint(config.recognizer)
    if recognizer.kind != "recognizer":
        raise ConfigError(f"recognizer: {config.recognizer} is a {recognizer.kind}")
    features = prepare_features(config.corpus, recognizer.mel, config.cache)
    check_same_mel(features.mel_config, recognizer.mel, "the features and the recognizer")
    if config.textgrids is None:
        alignments = align_corpus(features, recognizer, config.cache)
    else:
        alignments = read_grid_alignments(config.textgrids, features)
    torch.manual_seed(config.loop.seed)
    task = FastSpeech2Task(config, features, alignments, recognizer.model)
    return train_supervised(task, config.loop, config.optimizer, config.run)


class FastSpeech2Task:
    """See `SupervisedTask`."""

    def __init__(
        self,
        config: FastSpeech2Training,
        features: Features,
        alignments: dict[str, Alignment],
        recognizer: Recognizer,
    ) -> None:
        self.config, self.features, self.recognizer = config, features, recognizer
        self.loss_weights = dict(config.loss_weights)
        found = [(clip, alignment_of(clip, alignments)) for clip in features.clips]
        aligned = [(clip, alignment) for clip, alignment in found if alignment is not None]
        print(f"aligned {len(aligned)} of {len(features.clips)} clips", flush=True)
        self.symbols = (PAD, *sorted({s for _, alignment in aligned for s in alignment.symbols}))
        self.speakers = tuple(sorted({clip.speaker for clip, _ in aligned}))
        self.model = FastSpeech2(config.model, features.mel_config, self.symbols, self.speakers)
        examples = [
            measure_example(clip, alignment, features, self.symbols) for clip, alignment in aligned
        ]
        self.examples = [e for e in examples if not e.clip.held_out]
        self.held_out = [c for c, _ in aligned if c.held_out and can_say(self.model, c)]
        if config.speaker_vectors is not None:
            self._fill_vectors(config.speaker_vectors)
        self._measure_corpus()
        self._listen = GriffinLim(GriffinLimConfig(), features.mel_config)
        self._batches = LengthBatches(
            [int(example.durations.sum()) for example in self.examples],
            config.frames_per_batch,
            config.loop.seed,
            [config.speaker_repeats.get(e.clip.speaker, 1) for e in self.examples],
        )

    def _fill_vectors(self, path: Path) -> None:
        rows = self.model.speaker_vectors
        vectors = read_speaker_vectors(path)
        rows.copy_(stack_vectors(vectors, self.speakers, rows.shape[1], path))

    def _measure_corpus(self) -> None:
        """Means and spreads that bring mels, pitch and energy to a common scale."""
        mels = self.features.mels[:: max(1, len(self.features.mels) // 50_000)].astype(np.float32)
        self.model.mel_mean.copy_(torch.from_numpy(mels.mean(axis=0)))
        self.model.mel_std.copy_(torch.from_numpy(mels.std(axis=0)))
        energy = np.concatenate([example.log_energy for example in self.examples])
        self.model.energy_std.fill_(float(energy.std()))
        self._levels = measure_levels(self.examples, self.speakers)
        for index, speaker in enumerate(self.speakers):
            deviation = log_pitch_of(self.examples, speaker) - self._levels.log_pitch[speaker]
            spread = float(np.nanstd(np.clip(deviation, -0.5, 0.5)))
            self.model.pitch_std[index] = max(0.05, 0.2 if np.isnan(spread) else spread)

    def batch(self, step: int) -> Batch:
        examples = [self.examples[index] for index in self._batches.at(step)]
        speakers = np.array([self.speakers.index(e.clip.speaker) for e in examples])
        mels = pad_stack([self.features.mel(example.clip) for example in examples])
        return {
            "symbols": pad_stack([example.ids for example in examples]),
            "lengths": torch.tensor([len(example.ids) for example in examples]),
            "speakers": torch.from_numpy(speakers),
            "durations": pad_stack([example.durations for example in examples]),
            "pitch": pad_stack(
                [
                    self._levels.scaled_pitch(example, float(self.model.pitch_std[speaker]))
                    for example, speaker in zip(examples, speakers, strict=True)
                ]
            ),
            "energy": pad_stack(
                [
                    self._levels.scaled_energy(example, float(self.model.energy_std))
                    for example in examples
                ]
            ),
            "mels": self.model.normalize(mels.to(self.model.mel_mean.device)).cpu(),
        }

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        prosody = Prosody(batch["durations"], batch["pitch"], batch["energy"])
        output = model(batch["symbols"], batch["lengths"], batch["speakers"], prosody)
        return fastspeech2_losses(output, batch["mels"], prosody, batch["lengths"])

    @torch.no_grad()
    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """The recognizer's phone error rate on held-out sentences spoken from text."""
        assert isinstance(model, FastSpeech2)
        measure_variance(model, self.features, self.examples)
        pairs: dict[str, list[tuple[list[str], list[str]]]] = {}
        for index, clip in enumerate(self.held_out[::2]):
            speech = speak_clip(model, clip)
            said = self.recognizer.transcribe(speech.mels.cpu(), speech.lengths.cpu())[0]
            corpus = clip.speaker.partition("-")[0]
            pairs.setdefault(corpus, []).append((said, phones_of(clip.phonemes)))
            if index < 2:
                board.add_image(f"held_out/{index}", mel_picture(speech.mels[0].cpu()), step)
                wave = self._listen(speech.mels.cpu())[0]
                board.add_audio(f"held_out/{index}", wave, step, model.mel.sample_rate)
        everything = [pair for part in pairs.values() for pair in part]
        rates = {f"phone_error_rate_{name}": error_rate(part) for name, part in pairs.items()}
        return {"phone_error_rate": error_rate(everything), **rates}

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        origin = Origin(
            "fastspeech2",
            self.config.model,
            self.features.mel_config,
            self.config.provenance,
            self.symbols,
            self.speakers,
        )
        origin.save(model, folder, step, metrics)


def can_say(model: FastSpeech2, clip: Clip) -> bool:
    """Whether the model knows every phone of the clip's sentence; TextGrids may lack some."""
    index = dict.fromkeys(model.symbols, 0)
    return all(find_symbol(token, index) is not None for token in tokens_of(clip.phonemes))


def speak_clip(model: FastSpeech2, clip: Clip) -> Speech:
    """The clip's sentence by its own speaker, from text alone, in a neutral manner."""
    device = model.mel_mean.device
    ids = torch.from_numpy(symbol_ids(tokens_of(clip.phonemes), model.symbols))[None]
    one = torch.ones(1, device=device)
    return model.synthesize(
        ids.to(device),
        torch.tensor([ids.shape[1]], device=device),
        torch.tensor([model.speakers.index(clip.speaker)], device=device),
        Controls(pace=one, pitch_semitones=one * 0, energy=one),
    )


def measure_variance(
    model: FastSpeech2, features: Features, examples: Sequence[Example], count: int = 60
) -> None:
    """Fill `model.variance_gain`: how much flatter than recordings the model speaks, a band.

    Measured on `count` training sentences that it can say; at most 1.5, as the lowest bands of
    noisy recordings vary for reasons that are no speech.
    """
    model.variance_gain.fill_(1.0)
    real, ours = [], []
    examples = [example for example in examples if can_say(model, example.clip)]
    for example in examples[:: max(1, len(examples) // count)]:
        mel = torch.from_numpy(features.mel(example.clip)).to(model.mel_mean.device)
        real.append(model.normalize(mel).std(dim=0))
        ours.append(model.normalize(speak_clip(model, example.clip).mels[0].T).std(dim=0))
    gain = torch.stack(real).mean(dim=0) / torch.stack(ours).mean(dim=0)
    model.variance_gain.copy_(gain.clamp(1.0, 1.5))
