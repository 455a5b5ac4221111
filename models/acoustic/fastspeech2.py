"""FastSpeech 2 (arXiv 2006.04558): phonemes to a mel spectrogram in one pass, many speakers.

B batch, N symbols, T mel frames, D model width.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.acoustic.fastspeech2_layers import FftBlock, VariancePredictor
from models.acoustic.frame_pitch import Contour, FramePitch
from models.acoustic.frames import (
    cosine_transform,
    first_frames,
    gaussian,
    length_mask,
    regulate_length,
    sinusoids,
    smooth,
)
from models.acoustic.glottal_onset import (
    CLOSED_GAIN,
    closures,
    is_consonant,
    is_stressed_onset,
)
from models.acoustic.stops import is_plosive, is_voiced_stop
from models.config import check_least, check_shares
from models.mel import MelConfig
from models.phonology.phonemes import SILENCES
from models.phonology.word_starts import begins_word
from models.speakers.mixing import PerSpeaker
from models.voice import Controls, Speech

PAD = "<pad>"
SMOOTHING_S = 0.035  # standard deviation of the mean that parts slow modulations from fast ones


@dataclass(frozen=True, slots=True)
class FastSpeech2Config:
    """Sizes. The paper's are dim 256, 4 + 4 layers, 1024 hidden, kernel 9.

    `speaker_vector_dim` is the size of vectors that come from outside (d-vectors), 0 for none.
    They are added to the learned embeddings, or stand alone without `learned_speakers`.
    `frame_pitch` predicts pitch and voicing frame by frame, as input of the decoder.
    `variance_of` says in what the variance of real speech is given back to the mels: in bands, or
    in cepstra (the cosine transform over bands), which sharpens formants too.
    `word_starts` reads where words begin (models/phonology/word_starts.py).
    """

    dim: int = 192
    num_heads: int = 2
    encoder_layers: int = 4
    decoder_layers: int = 4
    hidden_dim: int = 768
    kernel_size: int = 5
    predictor_dim: int = 192
    predictor_kernel: int = 3
    dropout: float = 0.1
    predictor_dropout: float = 0.4
    speaker_vector_dim: int = 0
    learned_speakers: bool = True
    frame_pitch: bool = False
    frame_pitch_dim: int = 128
    variance_of: Literal["bands", "cepstra"] = "bands"
    word_starts: bool = False

    def __post_init__(self) -> None:
        sizes = ("dim", "num_heads", "hidden_dim", "predictor_dim", "frame_pitch_dim")
        check_least(self, 1, *sizes, "kernel_size", "predictor_kernel")
        check_least(self, 0, "encoder_layers", "decoder_layers", "speaker_vector_dim")
        check_shares(self, "dropout", "predictor_dropout")
        if self.dim % 2:
            raise ValueError(f"dim: must be even, found {self.dim}")
        if self.dim % self.num_heads:
            raise ValueError(f"num_heads: {self.num_heads} does not divide dim {self.dim}")
        if self.kernel_size % 2 == 0 or self.predictor_kernel % 2 == 0:
            raise ValueError("kernel_size: kernels must be odd")
        if not self.learned_speakers and not self.speaker_vector_dim:
            raise ValueError("learned_speakers: without them speaker_vector_dim must be above 0")


class Prosody(NamedTuple):
    """Measured or predicted prosody of each symbol (B, N)."""

    durations: Tensor  # int64 frames
    pitch: Tensor  # log F0 in standard deviations of its speaker
    energy: Tensor  # log amplitude in standard deviations of the corpus
    gain: Tensor | None = None  # log amplitude that is added to the mels
    closures: Tensor | None = None  # int64 frames beyond its duration that the voice opens late
    leads: Tensor | None = None  # int64 frames beyond its duration that the voice is early

    @property
    def frames(self) -> Tensor:
        """How long each symbol lasts in all (B, N)."""
        beyond = [extra for extra in (self.closures, self.leads) if extra is not None]
        return sum(beyond, start=self.durations)


class TrainingOutput(NamedTuple):
    """Teacher-forced mels (B, T, n_mels), the three predictions (B, N), and the contour (B, T)
    of a model with `frame_pitch`.
    """

    mels: Tensor
    log_durations: Tensor
    pitch: Tensor
    energy: Tensor
    contour: Contour | None = None


class FastSpeech2(nn.Module):
    """Symbol ids and a speaker to mels.

    Pitch and energy enter as numbers through a convolution (FastPitch, arXiv 2006.06873,
    section 2) rather than as 256 bins: with an hour of speech most bins would stay empty.
    """

    controls = frozenset(Controls._fields)
    later = frozenset({"pitch_gain", "modulation_gain"})
    per_speaker: ClassVar[PerSpeaker] = {
        "speaker_embedding.weight": "any",
        "speaker_vectors": "direction",
        "pitch_std": "positive",
        "log_pitch": "any",
    }

    speaker_vectors: Tensor  # (speakers, speaker_vector_dim), where there are any

    # What the controls need to know of the corpus; filled in by training.
    pitch_std: Tensor  # (speakers,) of ln F0
    energy_std: Tensor  # () of ln amplitude
    mel_mean: Tensor  # (n_mels,)
    mel_std: Tensor  # (n_mels,)
    variance_gain: Tensor  # (n_mels,) of a band, or of a cepstral coefficient
    modulation_gain: Tensor  # (n_mels,) how much more of fast modulations of the coefficient
    pitch_gain: Tensor  # () how much farther than predicted pitch moves about its mean
    to_cepstra: Tensor  # (n_mels, n_mels)
    is_silent: Tensor  # (symbols,) bool

    # With `word_starts`, (symbols,) bool.
    begins_word: Tensor
    is_stressed_onset: Tensor
    is_consonant: Tensor

    # With `frame_pitch`.
    is_voiced_stop: Tensor  # (symbols,) bool
    is_plosive: Tensor
    log_pitch: Tensor  # (speakers,) median ln F0
    residual_std: Tensor  # (2,) of what predictions of pitch and log duration miss
    residual_memory: Tensor  # (2,) how much of it the next phone shares: AR(1)

    def __init__(
        self,
        config: FastSpeech2Config,
        mel: MelConfig,
        symbols: tuple[str, ...],
        speakers: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.config, self.mel = config, mel
        self.symbols, self.speakers = symbols, speakers
        self.symbol_embedding = nn.Embedding(len(symbols), config.dim, padding_idx=0)
        self._embed_speakers()
        self.encoder = nn.ModuleList(self._block() for _ in range(config.encoder_layers))
        self.decoder = nn.ModuleList(self._block() for _ in range(config.decoder_layers))
        self.duration_predictor = self._predictor()
        self.pitch_predictor = self._predictor()
        self.energy_predictor = self._predictor()
        self.pitch_embedding = nn.Conv1d(1, config.dim, 3, padding=1)
        self.energy_embedding = nn.Conv1d(1, config.dim, 3, padding=1)
        self.final_norm = nn.LayerNorm(config.dim)
        self.to_mel = nn.Linear(config.dim, mel.n_mels)
        self.register_buffer("pitch_std", torch.full((len(speakers),), 0.2))
        self.register_buffer("energy_std", torch.tensor(1.0))
        self.register_buffer("mel_mean", torch.zeros(mel.n_mels))
        self.register_buffer("mel_std", torch.ones(mel.n_mels))
        self.register_buffer("variance_gain", torch.ones(mel.n_mels))
        self.register_buffer("modulation_gain", torch.ones(mel.n_mels))
        self.register_buffer("pitch_gain", torch.tensor(1.0))
        self.smoothing = gaussian(SMOOTHING_S * mel.sample_rate / mel.hop_length)
        self.register_buffer("to_cepstra", cosine_transform(mel.n_mels), persistent=False)
        if config.frame_pitch:
            self.frame_pitch = FramePitch(config.dim, config.frame_pitch_dim, config.dropout)
            self.contour_embedding = nn.Conv1d(2, config.dim, 5, padding=2)
            for parameter in self.contour_embedding.parameters():
                nn.init.zeros_(parameter)  # begins as the model without it
            self.register_buffer("log_pitch", torch.full((len(speakers),), 5.0))
            self.register_buffer("residual_std", torch.zeros(2))
            self.register_buffer("residual_memory", torch.zeros(2))
            stops = [is_voiced_stop(symbol) for symbol in symbols]
            self.register_buffer("is_voiced_stop", torch.tensor(stops), persistent=False)
            plosives = [is_plosive(symbol) for symbol in symbols]
            self.register_buffer("is_plosive", torch.tensor(plosives), persistent=False)
        if config.word_starts:  # beside what each symbol that begins a word learns by itself
            self.word_start = nn.Parameter(torch.zeros(config.dim))
            begins = [begins_word(symbol) for symbol in symbols]
            self.register_buffer("begins_word", torch.tensor(begins), persistent=False)
            onsets = [is_stressed_onset(symbol) for symbol in symbols]
            self.register_buffer("is_stressed_onset", torch.tensor(onsets), persistent=False)
            consonants = [is_consonant(symbol) for symbol in symbols]
            self.register_buffer("is_consonant", torch.tensor(consonants), persistent=False)
        silent = [symbol in SILENCES for symbol in symbols]
        self.register_buffer("is_silent", torch.tensor(silent), persistent=False)
        nn.init.normal_(self.symbol_embedding.weight, std=0.3)

    def _block(self) -> FftBlock:
        sizes = self.config
        heads, hidden, kernel = sizes.num_heads, sizes.hidden_dim, sizes.kernel_size
        return FftBlock(sizes.dim, heads, hidden, kernel, sizes.dropout)

    def _predictor(self) -> VariancePredictor:
        sizes = self.config
        width, kernel = sizes.predictor_dim, sizes.predictor_kernel
        return VariancePredictor(sizes.dim, width, kernel, sizes.predictor_dropout)

    def _embed_speakers(self) -> None:
        config, count = self.config, len(self.speakers)
        if config.learned_speakers:
            self.speaker_embedding = nn.Embedding(count, config.dim)
            nn.init.normal_(self.speaker_embedding.weight, std=0.1)
        if config.speaker_vector_dim:
            self.register_buffer("speaker_vectors", torch.zeros(count, config.speaker_vector_dim))
            self.project_vector = nn.Linear(config.speaker_vector_dim, config.dim)
            nn.init.normal_(self.project_vector.weight, std=0.1)

    def forward(
        self,
        symbols: Tensor,
        lengths: Tensor,
        speakers: Tensor,
        prosody: Prosody,
        contour: Contour | None = None,
    ) -> TrainingOutput:
        """Teacher-forced pass: symbols (B, N) padded with 0, lengths (B,), speakers (B,). The
        contour (B, T) is the recording's, for a model with `frame_pitch`.
        """
        mask = length_mask(lengths, symbols.shape[1])
        hidden = self._encode(symbols, mask, speakers)
        log_durations = self.duration_predictor(hidden, mask)
        pitch = self.pitch_predictor(hidden, mask)
        energy = self.energy_predictor(hidden, mask)
        predicted = self._contour(hidden, symbols, mask, prosody)
        hidden = self._add_prosody(hidden, prosody.pitch, prosody.energy)
        mels, _ = self._decode(hidden, prosody.durations, contour)
        return TrainingOutput(mels, log_durations, pitch, energy, predicted)

    @torch.inference_mode()
    def synthesize(
        self,
        symbols: Tensor,
        lengths: Tensor,
        speakers: Tensor,
        controls: Controls,
        change: Callable[[Prosody], Prosody] = lambda prosody: prosody,
    ) -> Speech:
        """Mels in the scale of `MelConfig`, at the floor beyond an item's length. `change` modifies
        the predicted prosody.
        """
        hidden = self._encode(symbols, length_mask(lengths, symbols.shape[1]), speakers)
        prosody = change(self._predict(hidden, symbols, lengths, speakers, controls))
        return self._speak(hidden, symbols, lengths, speakers, prosody)

    @torch.inference_mode()
    def predict(
        self, symbols: Tensor, lengths: Tensor, speakers: Tensor, controls: Controls
    ) -> Prosody:
        """The prosody that `synthesize` uses."""
        hidden = self._encode(symbols, length_mask(lengths, symbols.shape[1]), speakers)
        return self._predict(hidden, symbols, lengths, speakers, controls)

    @torch.inference_mode()
    def follow(
        self,
        symbols: Tensor,
        lengths: Tensor,
        speakers: Tensor,
        prosody: Prosody,
        contour: Contour | None = None,
        num_frames: int | None = None,
    ) -> Speech:
        """As `synthesize`, with the durations, pitch and energy of recordings, or of anything.

        So may be the contour (B, T), voicing 0 or 1; without it, it is predicted. T is that of the
        longest item, or `num_frames`.
        """
        hidden = self._encode(symbols, length_mask(lengths, symbols.shape[1]), speakers)
        return self._speak(hidden, symbols, lengths, speakers, prosody, contour, num_frames)

    def _predict(
        self,
        hidden: Tensor,
        symbols: Tensor,
        lengths: Tensor,
        speakers: Tensor,
        controls: Controls,
    ) -> Prosody:
        """The prosody of encoded symbols (B, N, D) as the controls ask."""
        mask = length_mask(lengths, symbols.shape[1])
        pitch = self.pitch_predictor(hidden, mask)
        energy = self.energy_predictor(hidden, mask)
        voiced = mask & ~self.is_silent[symbols]
        semitone = math.log(2) / 12 / self.pitch_std[speakers]
        mean = (pitch * voiced).sum(dim=1, keepdim=True) / voiced.sum(dim=1, keepdim=True).clamp(1)
        wider = (controls.pitch_range * self.pitch_gain - 1)[:, None] * (pitch - mean)
        pitch = pitch + (wider + (controls.pitch_semitones * semitone)[:, None]) * voiced
        louder = controls.energy.log()[:, None] * voiced
        # Beside a contour the decoder hardly listens to energy: what is asked is added to its mels.
        gain = louder if self.config.frame_pitch else None
        energy = energy if self.config.frame_pitch else energy + louder / self.energy_std
        frames = self.duration_predictor(hidden, mask).exp() - 1
        frames = (frames / controls.pace[:, None]).round().clamp(min=1)
        closed = None
        if self.config.word_starts:
            onsets, consonants = self.is_stressed_onset[symbols], self.is_consonant[symbols]
            closed = closures(onsets, consonants, controls.pace, self.mel)
        return Prosody((frames * mask).long(), pitch, energy, gain, closed)

    def _speak(
        self,
        hidden: Tensor,
        symbols: Tensor,
        lengths: Tensor,
        speakers: Tensor,
        prosody: Prosody,
        contour: Contour | None = None,
        num_frames: int | None = None,
    ) -> Speech:
        """Encoded symbols (B, N, D) to mels in the scale of `MelConfig`."""
        mask, durations = length_mask(lengths, symbols.shape[1]), prosody.frames
        found = None if contour else self._contour(hidden, symbols, mask, prosody, num_frames)
        if found is not None:
            contour = Contour(found.pitch, (found.voicing > 0).float())
        if contour is not None and prosody.leads is not None:
            led = first_frames(prosody.leads, durations, num_frames)
            contour = contour._replace(voicing=contour.voicing.masked_fill(led, 1))
        with_prosody = self._add_prosody(hidden, prosody.pitch, prosody.energy)
        mels, mel_lengths = self._decode(with_prosody, durations, contour, num_frames)
        inside = length_mask(mel_lengths, mels.shape[1])[:, :, None]
        mels = self._restore_variance(mels, inside) * self.mel_std + self.mel_mean
        if prosody.gain is not None:
            mels = mels + regulate_length(prosody.gain[:, :, None], durations, num_frames)[0]
        pitch_hz = None if contour is None else self._hertz(contour, speakers)
        if prosody.closures is not None:
            closed = first_frames(prosody.closures, durations, num_frames)
            mels = mels + CLOSED_GAIN * closed[:, :, None]
            pitch_hz = None if pitch_hz is None else pitch_hz * ~closed
        mels = mels.masked_fill(~inside, self.mel.silence)
        mels = mels.transpose(1, 2)  # (B, T, M) -> (B, M, T)
        return Speech(mels, mel_lengths, durations, pitch_hz=pitch_hz)

    def _contour(
        self,
        hidden: Tensor,
        symbols: Tensor,
        mask: Tensor,
        prosody: Prosody,
        num_frames: int | None = None,
    ) -> Contour | None:
        """Predicted from encoded symbols (B, N, D), before pitch and energy are added."""
        if not self.config.frame_pitch:
            return None
        spoken = mask & ~self.is_silent[symbols]
        said = (hidden, prosody.pitch, spoken, prosody.frames)
        found: Contour = self.frame_pitch(*said, num_frames)
        return found

    def _hertz(self, contour: Contour, speakers: Tensor) -> Tensor:
        """(B, T) in Hz, 0 where unvoiced."""
        std, middle = self.pitch_std[speakers, None], self.log_pitch[speakers, None]
        return (contour.pitch * std + middle).exp() * contour.voicing

    def normalize(self, mels: Tensor) -> Tensor:
        """Mels (B, T, n_mels) in the scale the network is trained in."""
        return (mels - self.mel_mean) / self.mel_std

    def _restore_variance(self, mels: Tensor, inside: Tensor) -> Tensor:
        """Undo the flattening of a mean prediction: every band or cepstral coefficient of
        (B, T, n_mels) is spread about its mean over the utterance as real speech is (Toda & Tokuda
        2007, global variance). A mean flattens fast modulations most, so coefficients are spread
        about their slow course by a gain of their own (compare Takamichi et al. 2016, Postfilters
        to modify the modulation spectrum for statistical parametric speech synthesis).
        """
        count = inside.sum(dim=1, keepdim=True)
        mean = (mels * inside).sum(dim=1, keepdim=True) / count
        if self.config.variance_of == "bands":
            return mean + (mels - mean) * self.variance_gain
        cepstra = (mels - mean) * self.mel_std @ self.to_cepstra
        slow = smooth(cepstra, inside, self.smoothing)
        cepstra = slow + (cepstra - slow) * self.modulation_gain
        return mean + (cepstra * self.variance_gain) @ self.to_cepstra.T / self.mel_std

    def _encode(self, symbols: Tensor, mask: Tensor, speakers: Tensor) -> Tensor:
        x = self.symbol_embedding(symbols)
        if self.config.word_starts:
            x = x + self.begins_word[symbols][:, :, None] * self.word_start
        x = (x + sinusoids(x.shape[1], x.shape[2], device=x.device).to(x)) * mask[:, :, None]
        for block in self.encoder:
            x = block(x, mask)
        return (x + self._voice(speakers)[:, None]) * mask[:, :, None]

    def _voice(self, speakers: Tensor) -> Tensor:
        """The speakers' embedding (B, D), for every symbol: learned, given as vectors, or both."""
        parts = []
        if self.config.learned_speakers:
            parts.append(self.speaker_embedding(speakers))
        if self.config.speaker_vector_dim:
            direction = F.normalize(self.speaker_vectors[speakers], dim=1)
            parts.append(self.project_vector(direction))
        return torch.stack(parts).sum(dim=0)

    def _add_prosody(self, hidden: Tensor, pitch: Tensor, energy: Tensor) -> Tensor:
        """Add what pitch and energy (B, N) contribute to (B, N, D)."""
        for embedding, values in (
            (self.pitch_embedding, pitch),
            (self.energy_embedding, energy),
        ):
            hidden = hidden + embedding(values[:, None].to(hidden.dtype)).transpose(1, 2)
        return hidden

    def _decode(
        self,
        hidden: Tensor,
        durations: Tensor,
        contour: Contour | None = None,
        num_frames: int | None = None,
    ) -> tuple[Tensor, Tensor]:
        """(B, N, D) stretched by `durations` to normalized mels (B, T, n_mels), lengths (B,)."""
        x, lengths = regulate_length(hidden, durations, num_frames)
        mask = length_mask(lengths, x.shape[1])
        if contour is not None:
            known = torch.stack(contour, dim=1) * mask[:, None]  # (B, 2, T)
            x = x + self.contour_embedding(known.to(x.dtype)).transpose(1, 2)
        x = (x + sinusoids(x.shape[1], x.shape[2], device=x.device).to(x)) * mask[:, :, None]
        for block in self.decoder:
            x = block(x, mask)
        return self.to_mel(self.final_norm(x)).float(), lengths
