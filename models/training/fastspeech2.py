"""The acoustic model's recipe: aligned clips, their pitch and energy a phone, many speakers."""

import hashlib
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
)
from models.acoustic.fastspeech2_losses import fastspeech2_losses
from models.acoustic.frame_pitch import Contour
from models.acoustic.frames import length_mask, smooth
from models.acoustic.mel_discriminators import (
    MelDiscriminatorConfig,
    MelDiscriminators,
    windows_of,
)
from models.config import check_least
from models.errors import ConfigError
from models.losses import check_loss_names
from models.mel import check_same_mel
from models.phonology.symbols import find_symbol, symbol_ids
from models.phonology.word_starts import tokens_for, with_marks
from models.recognition.alignment import Alignment
from models.recognition.recognizer import Recognizer
from models.speakers.vectors import read_speaker_vectors, stack_vectors
from models.training.adversarial import Generated, train_adversarial
from models.training.align import (
    align_corpus,
    alignment_of,
    clip_error_rates,
    misheard,
    unaligned,
)
from models.training.batching import LengthBatches, pad_stack
from models.training.corpus import CorpusConfig, clip_key
from models.training.features import Clip, Features, prepare_features, with_held_out
from models.training.grid_alignment import TextGridConfig, read_grid_alignments
from models.training.left_out import LeftOut, tell_left_out
from models.training.optimizers import OptimizerConfig
from models.training.phone_errors import load_recognizer, phone_error_rates
from models.training.pictures import mel_picture
from models.training.prosody import (
    Example,
    ProsodyLevels,
    autoregression,
    log_pitch_of,
    measure_example,
    measure_levels,
)
from models.training.provenance import Origin, Provenance
from models.training.session import Batch, LoopConfig
from models.training.supervised import train_supervised
from models.training.warm_start import start_voice
from models.vocoders.discriminators import AdversaryConfig
from models.vocoders.griffin_lim import GriffinLim, GriffinLimConfig
from models.voice import Controls, Speech

_NAMED = 10  # speakers that a message names, of many
_LOUD_DB = 25.0  # below the loudest frame: speech
_FORMANT_COEFFICIENTS = 16  # of a cepstrum; further ones hold harmonics and noise
# Of the gain of pitch: at most this much is flatness, beyond it octave errors of the tracker.
_GAIN_LIMITS, _GAIN_ROUNDS = (1.0, 1.5), 3


@dataclass(frozen=True, slots=True)
class FastSpeech2Training:
    """`configs/train/fastspeech2.yaml`.

    `speaker_repeats` shows the clips of some speakers several times an epoch. `textgrids` align
    the corpus in place of the recognizer. `speaker_vectors` is a file with a vector a speaker,
    of `model.speaker_vector_dim` numbers. `start_from` is a FastSpeech 2 to begin with: all tensors
    that fits, new symbols as the nearest that it knows, new speakers as its average.
    Clips of a phone error rate above `max_phone_error_rate`, by `recognizer`, are left out: their
    text is not what was said. With `discriminators` it also learns against them, from the first
    step: `start_from` should have learned without.
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
    start_from: str | None = None
    max_phone_error_rate: float | None = None
    discriminators: MelDiscriminatorConfig | None = None
    discriminators_optimizer: OptimizerConfig | None = None
    adversary: AdversaryConfig = AdversaryConfig()
    loss_weights: dict[str, float] = field(
        default_factory=lambda: {"mel": 1.0, "duration": 0.2, "pitch": 0.1, "energy": 0.1}
    )

    def __post_init__(self) -> None:
        names = ("mel", "duration", "pitch", "energy")
        more = ("contour", "voicing") if self.model.frame_pitch else ()
        adversarial = ("adversarial", "feature") if self.discriminators else ()
        check_loss_names(self.loss_weights, names + more + adversarial)
        check_least(self, 1, "frames_per_batch")
        if (self.discriminators is None) != (self.discriminators_optimizer is None):
            raise ValueError(
                "discriminators: they need discriminators_optimizer, and it needs them"
            )
        if (self.speaker_vectors is None) != (self.model.speaker_vector_dim == 0):
            raise ValueError(
                f"speaker_vectors: {self.speaker_vectors or 'no file'}, while "
                f"model.speaker_vector_dim is {self.model.speaker_vector_dim}; they need each other"
            )
        for speaker, repeats in self.speaker_repeats.items():
            if repeats < 0:
                raise ValueError(f"speaker_repeats.{speaker}: at least 0, found {repeats}")
        if self.max_phone_error_rate is not None and not self.max_phone_error_rate > 0:
            raise ValueError(
                f"max_phone_error_rate is {self.max_phone_error_rate}; needed is more than 0"
            )


def train_fastspeech2(config: FastSpeech2Training) -> Path:
    """Align the corpus, then train until done; returns the best checkpoint's folder."""
    recognizer = load_recognizer(config.recognizer)
    features = prepare_features(config.corpus, recognizer.mel, config.cache)
    check_same_mel(features.mel_config, recognizer.mel, "the features and the recognizer")
    left_out = list[LeftOut]()
    if config.textgrids is None:
        alignments = align_corpus(features, recognizer, config.cache)
        left_out = unaligned(features, alignments)
    else:
        alignments = read_grid_alignments(config.textgrids, features, left_out)
    if config.max_phone_error_rate is not None:
        rates = clip_error_rates(features, recognizer, config.cache)
        left_out += misheard(features.clips, rates, config.max_phone_error_rate)
        alignments = {
            key: alignment
            for key, alignment in alignments.items()
            if rates[key] <= config.max_phone_error_rate
        }
    tell_left_out(left_out, len(features.clips), print, config.run / "left_out.txt")
    torch.manual_seed(config.loop.seed)
    task = FastSpeech2Task(config, features, alignments, recognizer.model)
    if config.discriminators_optimizer is None:
        return train_supervised(task, config.loop, config.optimizer, config.run)
    optimizers = {"generator": config.optimizer, "discriminators": config.discriminators_optimizer}
    return train_adversarial(task, config.loop, optimizers, config.run)


class FastSpeech2Task:
    """See `SupervisedTask`, and `AdversarialTask` with discriminators."""

    discriminators_from_step = 0
    reverse_labels_every = 0

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
        self.symbols = (PAD, *sorted(self._learned_symbols(aligned)))
        self.speakers = tuple(sorted({clip.speaker for clip, _ in aligned}))
        self.model = FastSpeech2(config.model, features.mel_config, self.symbols, self.speakers)
        examples = [
            measure_example(clip, alignment, features, self.symbols) for clip, alignment in aligned
        ]
        self.held_out = self._evaluated([clip for clip, _ in aligned])
        kept = {clip_key(clip) for clip in self.held_out}
        self.examples = [
            e for e in examples if not e.clip.held_out and clip_key(e.clip) not in kept
        ]
        heard = {example.clip.speaker for example in self.examples}
        unheard = [e for e in examples if clip_key(e.clip) in kept and e.clip.speaker in heard]
        self._unknown_examples = unheard or self.examples
        if config.start_from:
            start_voice(config.start_from, "fastspeech2", self.model)
        self._vectors: str | None = None  # their digest
        if config.speaker_vectors is not None:  # also of speakers whom `start_from` knows
            self._vectors = self._fill_vectors(config.speaker_vectors)
        self._judged = config.discriminators or MelDiscriminatorConfig()
        self.discriminators = MelDiscriminators(self._judged, features.mel_config.n_mels)
        self.adversary = config.adversary
        self._measure_corpus()
        self._listen = GriffinLim(GriffinLimConfig(), features.mel_config)
        self._batches = LengthBatches(
            [int(example.durations.sum()) for example in self.examples],
            config.frames_per_batch,
            config.loop.seed,
            self._repeats(),
        )
        self.steps_per_epoch = self._batches.per_epoch

    def _learned_symbols(self, aligned: Sequence[tuple[Clip, Alignment]]) -> set[str]:
        """Those of the recordings, and with `word_starts` also those that begin words."""
        found = {symbol for _, alignment in aligned for symbol in alignment.symbols}
        if self.config.model.word_starts:
            found |= {s for clip, a in aligned for s in with_marks(a.symbols, clip.phonemes)}
        return found

    def _evaluated(self, clips: Sequence[Clip]) -> list[Clip]:
        """The held-out clips that the model can say, or else others that then are held out."""
        for clip in clips:
            lacking = unknown_symbols(self.model, clip)
            if clip.held_out and lacking:
                found = f"training lacks {' '.join(lacking)}"
                print(f"left out: {LeftOut(clip.location, 'not evaluated', found)}", flush=True)
        sayable = [clip for clip in clips if not unknown_symbols(self.model, clip)]
        some_left_out = len(sayable) < len(self.features.clips)
        sayable = with_held_out(sayable, self.config.corpus, some_left_out, print)
        return [clip for clip in sayable if clip.held_out]

    def _repeats(self) -> list[int]:
        """How often an epoch shows each example. Names that the corpus lacks are told: a recipe is
        also used with other corpora, so they are no error.
        """
        wanted = self.config.speaker_repeats
        strange = [name for name in wanted if name not in self.speakers]
        if strange:
            some = ", ".join(self.speakers[:_NAMED])
            print(
                f"speaker_repeats: no clips of {', '.join(strange[:_NAMED])}; there are of {some}",
                flush=True,
            )
        repeats = [wanted.get(example.clip.speaker, 1) for example in self.examples]
        if not any(repeats):
            raise ConfigError("speaker_repeats: all are 0; one speaker or more is needed")
        return repeats

    def _fill_vectors(self, path: Path) -> str:
        """Give the speakers the vectors of the file `path`; returns the digest of those."""
        rows = self.model.speaker_vectors
        vectors = read_speaker_vectors(path)
        rows.copy_(stack_vectors(vectors, self.speakers, rows.shape[1], path))
        return hashlib.blake2b(rows.cpu().numpy().tobytes(), digest_size=8).hexdigest()

    def _measure_corpus(self) -> None:
        """Means and spreads that bring mels, pitch and energy to a common scale; the scale of
        `start_from` stays, as its weights are made for it.
        """
        if not self.config.start_from:
            self._measure_scale()
        self._levels = measure_levels(self.examples, self.speakers)
        for index, speaker in enumerate(self.speakers):
            deviation = log_pitch_of(self.examples, speaker) - self._levels.log_pitch[speaker]
            spread = float(np.nanstd(np.clip(deviation, -0.5, 0.5)))
            self.model.pitch_std[index] = max(0.05, 0.2 if np.isnan(spread) else spread)
            if self.config.model.frame_pitch:
                self.model.log_pitch[index] = self._levels.log_pitch[speaker]

    def _measure_scale(self) -> None:
        mels = self.features.mels[:: max(1, len(self.features.mels) // 50_000)].astype(np.float32)
        self.model.mel_mean.copy_(torch.from_numpy(mels.mean(axis=0)))
        self.model.mel_std.copy_(torch.from_numpy(mels.std(axis=0)))
        energy = np.concatenate([example.log_energy for example in self.examples])
        self.model.energy_std.fill_(float(energy.std()))

    def batch(self, step: int) -> Batch:
        examples = [self.examples[index] for index in self._batches.at(step)]
        speakers = np.array([self.speakers.index(e.clip.speaker) for e in examples])
        mels = pad_stack([self.features.mel(example.clip) for example in examples])
        return self._contours(examples, speakers) | {
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
            "first_frame": self._first_frame(step),
        }

    def _first_frame(self, step: int) -> int:
        """Where the windows of discriminators begin."""
        rng = np.random.default_rng((self.config.loop.seed, step))
        return int(rng.integers(self._judged.longest))

    def _contours(self, examples: Sequence[Example], speakers: np.ndarray) -> Batch:
        if not self.config.model.frame_pitch:
            return {}
        found = [
            self._levels.contour(
                example.clip.speaker,
                self.features.pitch(example.clip),
                float(self.model.pitch_std[speaker]),
            )
            for example, speaker in zip(examples, speakers, strict=True)
        ]
        pitch, voicing = zip(*found, strict=True)
        return {"contour": pad_stack(pitch), "voicing": pad_stack(voicing)}

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        return self.generate(model, batch, with_discriminators=False).losses

    def generate(self, generator: nn.Module, batch: Batch, with_discriminators: bool) -> Generated:
        prosody = Prosody(batch["durations"], batch["pitch"], batch["energy"])
        contour = Contour(batch["contour"], batch["voicing"]) if "contour" in batch else None
        output = generator(batch["symbols"], batch["lengths"], batch["speakers"], prosody, contour)
        wanted = batch["mels"]
        losses = fastspeech2_losses(output, wanted, prosody, batch["lengths"], contour)
        if not with_discriminators:
            return Generated(None, losses)
        inside = length_mask(batch["durations"].sum(dim=1), wanted.shape[1])
        sounds = (output.mels.float()[inside], wanted[inside])
        fake, real = windows_of(sounds, batch["first_frame"], self._judged.longest)
        return Generated(fake, losses, real)

    @torch.no_grad()
    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """The recognizer's phone error rate on held-out sentences spoken from text."""
        assert isinstance(model, FastSpeech2)
        measure_variance(model, self.features, self.examples)
        if model.config.frame_pitch:
            measure_residuals(model, self._levels, self._unknown_examples)
            measure_pitch_gain(model, self.features, self.examples, self._unknown_examples)
        hypotheses = []
        for index, clip in enumerate(self.held_out[::2]):
            speech = speak_clip(model, clip)
            hypotheses += self.recognizer.transcribe(speech.mels.cpu(), speech.lengths.cpu())
            if index < 2:
                board.add_image(f"held_out/{index}", mel_picture(speech.mels[0].cpu()), step)
                wave = self._listen(speech.mels.cpu())[0]
                board.add_audio(f"held_out/{index}", wave, step, model.mel.sample_rate)
        return phone_error_rates(self.held_out[::2], hypotheses)

    @property
    def identity(self) -> dict[str, Any]:
        begun = {"start_from": self.config.start_from, "speaker_vectors": self._vectors}
        return self._origin.identity | begun

    @property
    def _origin(self) -> Origin:
        return Origin(
            "fastspeech2",
            self.config.model,
            self.features.mel_config,
            self.config.provenance,
            self.symbols,
            self.speakers,
        )

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        self._origin.save(model, folder, step, metrics)


def unknown_symbols(model: FastSpeech2, clip: Clip) -> list[str]:
    """Phones of the clip's sentence that the model does not know: TextGrids may lack some."""
    index = dict.fromkeys(model.symbols, 0)
    tokens = dict.fromkeys(tokens_for(model.symbols, clip.phonemes))
    return [token for token in tokens if find_symbol(token, index) is None]


def speak_clip(model: FastSpeech2, clip: Clip) -> Speech:
    """The clip's sentence by its own speaker, from text alone, in a neutral manner."""
    device = model.mel_mean.device
    ids = symbol_ids(tokens_for(model.symbols, clip.phonemes), model.symbols)
    return model.synthesize(
        torch.from_numpy(ids)[None].to(device),
        torch.tensor([len(ids)], device=device),
        torch.tensor([model.speakers.index(clip.speaker)], device=device),
        Controls.neutral(1, device),
    )


def measure_variance(
    model: FastSpeech2, features: Features, examples: Sequence[Example], count: int = 60
) -> None:
    """Fill `model.variance_gain`: how much flatter than recordings the model speaks, a band or a
    cepstral coefficient; and `model.modulation_gain`: how much flatter still its fast modulations
    are, for the coefficients that make formants.

    Measured on `count` training sentences that it can say, where they are loud: pauses vary much
    with what precedes them and hide how flat speech is. At most 1.5 for bands, as the lowest of
    noisy recordings vary for reasons that are no speech, and 2 for cepstra, whose last are noise.
    """
    model.variance_gain.fill_(1.0)
    model.modulation_gain.fill_(1.0)
    in_bands = model.config.variance_of == "bands"
    basis = torch.eye(model.mel.n_mels).to(model.to_cepstra) if in_bands else model.to_cepstra
    real, ours = [], []
    examples = [example for example in examples if not unknown_symbols(model, example.clip)]
    for example in examples[:: max(1, len(examples) // count)]:
        mel = torch.from_numpy(features.mel(example.clip)).to(model.mel_mean.device)
        real.append(_spread(mel, basis, model.smoothing))
        spoken = speak_clip(model, example.clip).mels[0].T
        ours.append(_spread(spoken, basis, model.smoothing))
    flatter = torch.stack(real).mean(dim=0) / torch.stack(ours).mean(dim=0)
    gain, fast_gain = flatter.clamp(1.0, 1.5 if in_bands else 2.0)
    model.variance_gain.copy_(gain)
    if not in_bands:
        formants = slice(_FORMANT_COEFFICIENTS)
        model.modulation_gain[formants] = (fast_gain / gain)[formants].clamp(min=1.0)


def _spread(mels: Tensor, basis: Tensor, smoothing: Sequence[float]) -> Tensor:
    """The standard deviations (2, n) of natural log-mels (T, n_mels) in a basis (n_mels, n), and of
    their fast modulations, over the frames that are at most `_LOUD_DB` below the loudest.
    """
    values = mels.float() @ basis
    everywhere = torch.ones(1, len(values), 1, device=values.device)
    fast = values - smooth(values[None], everywhere, smoothing)[0]
    level_db = 10 * torch.log10((2 * mels).exp().sum(dim=1))
    loud = level_db > level_db.max() - _LOUD_DB
    return torch.stack([values[loud].std(dim=0), fast[loud].std(dim=0)])


def measure_pitch_gain(
    model: FastSpeech2, features: Features, *sets: Sequence[Example], count: int = 120
) -> None:
    """Fill `model.pitch_gain`: how much flatter than recordings the melody of its sentences is.

    The geometric mean of what each of the `sets` asks for. Of sentences that it was trained on it
    knows the melodies in part by heart, so that they ask for too little; held-out ones of books
    have melodies that nobody foretells, and ask for more than short plain sentences can bear.
    """
    gains = [_pitch_gain_of(model, features, examples, count) for examples in sets]
    model.pitch_gain.fill_(float(np.exp(np.mean(np.log(gains)))))


def _pitch_gain_of(
    model: FastSpeech2, features: Features, examples: Sequence[Example], count: int
) -> float:
    """The gain by which these sentences spread as their recordings; it is left in the model.

    Spread is from the 10th to the 90th percentile of ln F0 over the voiced frames of a sentence, as
    trackers jump by octaves; its median over `count` sentences that the model can say.
    What the frames add to their phones' pitch does not grow with the gain: it is found in rounds.
    """
    examples = [example for example in examples if not unknown_symbols(model, example.clip)]
    clips = [example.clip for example in examples[:: max(1, len(examples) // count)]]
    wanted = np.median([_melody(features.pitch(clip)) for clip in clips])
    model.pitch_gain.fill_(1.0)
    for _ in range(_GAIN_ROUNDS):
        contours = (speak_clip(model, clip).pitch_hz for clip in clips)
        spoken = np.median([_melody(hz[0].cpu().numpy()) for hz in contours if hz is not None])
        model.pitch_gain.mul_(float(wanted / max(spoken, 1e-3))).clamp_(*_GAIN_LIMITS)
    return float(model.pitch_gain)


def _melody(pitch_hz: np.ndarray) -> float:
    """From the 10th to the 90th percentile of ln F0 over voiced frames; 0 without any."""
    voiced = pitch_hz[pitch_hz > 0]
    return float(np.ptp(np.percentile(np.log(voiced), [10, 90]))) if len(voiced) else 0.0


def measure_residuals(
    model: FastSpeech2, levels: ProsodyLevels, examples: Sequence[Example], count: int = 300
) -> None:
    """Fill `model.residual_std` and `model.residual_memory`: how far recordings are from the
    predicted pitch and log duration, and how much of that two neighbouring phones share. Of what is
    predicted, not of what `pitch_gain` makes of it: beside the gain that would count twice. Best of
    sentences that the model was not trained on: it knows the melodies of those in part by heart.
    """
    model.pitch_gain.fill_(1.0)
    pitch, duration = [], []
    for example in examples[:: max(1, len(examples) // count)]:
        predicted = predict_example(model, example)
        spoken = ~model.is_silent.cpu().numpy()[example.ids]
        std = float(model.pitch_std[model.speakers.index(example.clip.speaker)])
        missed = levels.scaled_pitch(example, std) - predicted.pitch[0].cpu().numpy()
        pitch.append(np.where(spoken & np.isfinite(example.log_pitch), missed, np.nan))
        log_durations = np.log1p(predicted.durations[0].cpu().numpy())
        duration.append(np.where(spoken, np.log1p(example.durations) - log_durations, np.nan))
    for row, residuals in enumerate((pitch, duration)):
        std, memory = autoregression(residuals)
        model.residual_std[row], model.residual_memory[row] = std, memory


def predict_example(model: FastSpeech2, example: Example) -> Prosody:
    """What the model would do with the symbols of a recording, in a neutral manner."""
    device = model.mel_mean.device
    return model.predict(
        torch.from_numpy(example.ids)[None].to(device),
        torch.tensor([len(example.ids)], device=device),
        torch.tensor([model.speakers.index(example.clip.speaker)], device=device),
        Controls.neutral(1, device),
    )
