"""Checkpoints small enough to make in a moment, for tests of what is built around them."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from models.acoustic.fastspeech2 import FastSpeech2, FastSpeech2Config
from models.acoustic.fastspeech2_layers import VariancePredictor
from models.acoustic.fastspeech2_paper import FastSpeech2Paper, FastSpeech2PaperConfig
from models.acoustic.tacotron2 import Tacotron2, Tacotron2Config
from models.checkpoint import CheckpointInfo, save_checkpoint
from models.config import as_mapping
from models.mel import MelConfig
from models.phonology.alphabets import PUBLIC_ENGLISH, Alphabet
from models.recognition.recognizer import BLANK, Recognizer, RecognizerConfig
from models.vocoders.vocos import Vocos, VocosConfig

SPEAKERS = ("anna", "ben")
_VOWELS = (
    "a aɪ aɪɚ aɪə aʊ e eɪ i iə iː o oʊ oː oːɹ u uː æ ɐ ɑː ɑːɹ ɔ ɔɪ ɔː ɔːɹ "
    "ə əl ɚ ɛ ɛɹ ɜː ɪ ɪɹ ʊ ʊɹ ʌ ᵻ"
)
_CONSONANTS = "b d dʒ f h j k l m n n̩ p s t tʃ v w x z ð ŋ ɡ ɬ ɹ ɾ ʃ ʒ ʔ θ"
SYMBOLS = tuple(
    ["<pad>", "^", ",", ".", "?", "!", *_CONSONANTS.split()]
    + [stress + vowel for vowel in _VOWELS.split() for stress in ("", "ˈ", "ˌ")]
)
RECOGNIZED = (BLANK, *_CONSONANTS.split(), *_VOWELS.split())


@dataclass(frozen=True)
class TinyVoices:
    """The folders of one checkpoint a kind."""

    acoustic_model: Path
    vocoder: Path
    recognizer: Path


def tiny_voices_in(folder: Path) -> TinyVoices:
    return TinyVoices(folder / "acoustic", folder / "vocoder", folder / "recognizer")


def save_tiny_voices(folder: Path, mel: MelConfig | None = None, seed: int = 0) -> TinyVoices:
    """Write an acoustic model (speakers anna and ben), a vocoder and a recognizer."""
    mel = mel or MelConfig()
    torch.manual_seed(seed)
    voices = tiny_voices_in(folder)
    acoustic = FastSpeech2Config(
        dim=16, encoder_layers=1, decoder_layers=1, hidden_dim=16, predictor_dim=16
    )
    speaking = FastSpeech2(acoustic, mel, SYMBOLS, SPEAKERS)
    _speak_at_a_human_pace(speaking)
    _save(voices.acoustic_model, "fastspeech2", speaking, acoustic, SYMBOLS, SPEAKERS)
    vocos = VocosConfig(dim=16, hidden_dim=16, num_layers=1, mel_rounds=0, phase_iterations=0)
    _save(voices.vocoder, "vocos", Vocos(vocos, mel), vocos)
    judging = RecognizerConfig(dim=16, hidden_dim=16, num_layers=1)
    recognizer = Recognizer(judging, mel, RECOGNIZED)
    _save(voices.recognizer, "recognizer", recognizer, judging, RECOGNIZED)
    return voices


def save_tiny_expressive_voice(folder: Path, mel: MelConfig | None = None) -> Path:
    """Write a FastSpeech 2 with a pitch of its own for every frame, and residuals to draw."""
    torch.manual_seed(0)
    config = FastSpeech2Config(
        dim=16,
        encoder_layers=1,
        decoder_layers=1,
        hidden_dim=16,
        predictor_dim=16,
        frame_pitch=True,
        frame_pitch_dim=8,
    )
    model = FastSpeech2(config, mel or MelConfig(), SYMBOLS, SPEAKERS)
    _speak_at_a_human_pace(model)
    model.residual_std.copy_(torch.tensor([0.8, 0.3]))
    model.residual_memory.copy_(torch.tensor([0.6, 0.2]))
    _save(folder, "fastspeech2", model, config, SYMBOLS, SPEAKERS)
    return folder


# As the public models of both kinds have it.
_CENTRED = MelConfig(padding="center", magnitude_epsilon=0.0)


def save_tiny_paper_voice(folder: Path) -> Path:
    """Write an acoustic model as they are imported from ming024/FastSpeech2: it reads ARPAbet."""
    torch.manual_seed(0)
    config = FastSpeech2PaperConfig(
        dim=16,
        encoder_layers=1,
        decoder_layers=1,
        hidden_dim=16,
        predictor_dim=16,
        num_bins=16,
        postnet_dim=16,
        multi_speaker=True,
    )
    symbols = (*PUBLIC_ENGLISH, "@sp")
    model = FastSpeech2Paper(config, _CENTRED, symbols, SPEAKERS)
    _last_five_frames(model.duration_predictor)
    with torch.no_grad():
        model.to_mel.bias.fill_(-5.0)
    _save(folder, "fastspeech2-paper", model, config, symbols, SPEAKERS, "arpabet")
    return folder


def save_tiny_tacotron2(folder: Path) -> Path:
    """Write an acoustic model as they are imported from NVIDIA/tacotron2: it reads characters,
    has one voice without a name, and goes on for 60 frames.
    """
    torch.manual_seed(0)
    config = Tacotron2Config(
        encoder_dim=16,
        attention_rnn_dim=16,
        attention_dim=8,
        location_filters=4,
        location_kernel=5,
        prenet_dim=8,
        decoder_rnn_dim=16,
        postnet_dim=16,
        stop_threshold=1.0,
        max_steps=60,
    )
    model = Tacotron2(config, _CENTRED, PUBLIC_ENGLISH)
    _save(folder, "tacotron2", model, config, PUBLIC_ENGLISH, alphabet="characters")
    return folder


def _speak_at_a_human_pace(model: FastSpeech2) -> None:
    _last_five_frames(model.duration_predictor)
    with torch.no_grad():
        model.mel_mean.fill_(-5.0)


def _last_five_frames(durations: VariancePredictor) -> None:
    """Bias the untrained durations to about five frames (58 ms) a symbol."""
    with torch.no_grad():
        durations.line.weight.mul_(0.2)
        durations.line.bias.fill_(math.log(1 + 5))


def _save(
    folder: Path,
    kind: str,
    model: Any,
    config: object,
    symbols: tuple[str, ...] = (),
    speakers: tuple[str, ...] = (),
    alphabet: Alphabet = "ipa",
) -> None:
    info = CheckpointInfo(
        kind=kind,
        config=as_mapping(config),
        mel=model.mel,
        symbols=symbols,
        speakers=speakers,
        alphabet=alphabet,
    )
    save_checkpoint(folder, model, info)
