"""Checkpoints small enough to make in a moment, for tests of what is built around them."""

from dataclasses import dataclass
from pathlib import Path

import torch

from models.checkpoint import CheckpointInfo, save_checkpoint
from models.config import as_mapping
from models.fastspeech2 import FastSpeech2, FastSpeech2Config
from models.mel import MelConfig
from models.recognizer import Recognizer, RecognizerConfig
from models.vocos import Vocos, VocosConfig

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


@dataclass(frozen=True)
class TinyVoices:
    """The folders of one checkpoint a kind."""

    acoustic_model: Path
    vocoder: Path
    recognizer: Path


def save_tiny_voices(folder: Path, mel: MelConfig | None = None) -> TinyVoices:
    """Write an acoustic model (speakers anna and ben), a vocoder and a recognizer."""
    mel = mel or MelConfig()
    torch.manual_seed(0)
    voices = TinyVoices(folder / "acoustic", folder / "vocoder", folder / "recognizer")
    acoustic = FastSpeech2Config(
        dim=16, encoder_layers=1, decoder_layers=1, hidden_dim=16, predictor_dim=16
    )
    _save(voices.acoustic_model, "fastspeech2", FastSpeech2, acoustic, mel, SYMBOLS, SPEAKERS)
    _save(voices.vocoder, "vocos", Vocos, VocosConfig(16, 16, 1), mel, (), ())
    recognizer = RecognizerConfig(dim=16, hidden_dim=16, num_layers=1)
    _save(voices.recognizer, "recognizer", Recognizer, recognizer, mel, SYMBOLS, ())
    return voices


def _save(
    folder: Path,
    kind: str,
    model_class: type,
    config: object,
    mel: MelConfig,
    symbols: tuple[str, ...],
    speakers: tuple[str, ...],
) -> None:
    info = CheckpointInfo(
        kind=kind, config=as_mapping(config), mel=mel, symbols=symbols, speakers=speakers
    )
    save_checkpoint(folder, model_class(config, mel, symbols, speakers), info)
