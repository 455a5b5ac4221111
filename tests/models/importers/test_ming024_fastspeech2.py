"""The public FastSpeech 2's config files, and what is said of wrong ones."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from models.acoustic.fastspeech2_paper import (
    FastSpeech2Paper,
    FastSpeech2PaperConfig,
    VarianceConfig,
)
from models.acoustic.frames import sinusoids
from models.errors import CheckpointError, ConfigError, DataError, VoxloomError
from models.importers import Imported, import_files
from models.importers.ming024_fastspeech2 import _name
from models.mel import MelConfig
from models.phonology.alphabets import PUBLIC_ENGLISH, tokenize
from models.phonology.phonemes import Phonemizer

SPEAKERS = {"cleo": 2, "anna": 0, "ben": 1}
STATS = {"pitch": [-2.0, 10.0, 170.0, 50.0], "energy": [-1.0, 8.0, 40.0, 30.0]}
PREPROCESS = {
    "dataset": "Tiny",
    "path": {"preprocessed_path": "./preprocessed_data/Tiny"},
    "preprocessing": {
        "text": {"text_cleaners": ["english_cleaners"], "language": "en"},
        "audio": {"sampling_rate": 16000, "max_wav_value": 32768.0},
        "stft": {"filter_length": 512, "hop_length": 128, "win_length": 400},
        "mel": {"n_mel_channels": 20, "mel_fmin": 50, "mel_fmax": None},
        "pitch": {"feature": "phoneme_level", "normalization": True},
        "energy": {"feature": "frame_level", "normalization": False},
    },
}
MODEL = {
    "transformer": {
        "encoder_layer": 1,
        "encoder_head": 2,
        "encoder_hidden": 8,
        "decoder_layer": 2,
        "decoder_head": 4,
        "decoder_hidden": 8,
        "conv_filter_size": 12,
        "conv_kernel_size": [3, 1],
        "encoder_dropout": 0.1,
        "decoder_dropout": 0.2,
    },
    "variance_predictor": {"filter_size": 6, "kernel_size": 3, "dropout": 0.5},
    "variance_embedding": {
        "pitch_quantization": "linear",
        "energy_quantization": "linear",
        "n_bins": 16,
    },
    "multi_speaker": True,
    "max_seq_len": 30,
    "vocoder": {"model": "HiFi-GAN", "speaker": "universal"},
}
SIZES = FastSpeech2PaperConfig(
    dim=8,
    encoder_layers=1,
    encoder_heads=2,
    encoder_dropout=0.1,
    decoder_layers=2,
    decoder_heads=4,
    hidden_dim=12,
    kernel_sizes=(3, 1),
    predictor_dim=6,
    num_bins=16,
    pitch=VarianceConfig(low=-2.0, high=10.0, mean=170.0, deviation=50.0),
    energy=VarianceConfig(level="frame", low=-1.0, high=8.0),
    postnet_dim=5,
    postnet_layers=3,
    multi_speaker=True,
)


def _weights() -> dict[str, Tensor]:
    torch.manual_seed(0)
    symbols = tuple(map(str, range(361)))
    model = FastSpeech2Paper(SIZES, MelConfig(n_mels=20), symbols, ("a", "b", "c"))
    state = {_name(ours): tensor for ours, tensor in model.state_dict().items()}
    return state | {"encoder.position_enc": sinusoids(31, 8)[None]}


def _write(folder: Path, weights: dict[str, Tensor] | None = None) -> Path:
    """The public project's files; returns the checkpoint's."""
    (folder / "preprocess.yaml").write_text(yaml.safe_dump(PREPROCESS))
    (folder / "model.yaml").write_text(yaml.safe_dump(MODEL))
    data = folder / "preprocessed_data" / "Tiny"
    data.mkdir(parents=True)
    (data / "stats.json").write_text(json.dumps(STATS))
    (data / "speakers.json").write_text(json.dumps(SPEAKERS))
    torch.save({"model": weights or _weights()}, folder / "9000.pth.tar")
    return folder / "9000.pth.tar"


def _import(file: Path, config: Path | None = None) -> Imported:
    return import_files("ming024-fastspeech2", [file], config)


def _edit(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    settings = yaml.safe_load(path.read_text())
    change(settings)
    path.write_text(yaml.safe_dump(settings))


def test_everything_comes_from_the_public_files(tmp_path: Path) -> None:
    imported = _import(_write(tmp_path))
    assert imported.kind == "fastspeech2-paper"
    assert imported.config == SIZES
    assert imported.speakers == ("anna", "ben", "cleo")
    assert imported.alphabet == "arpabet"
    assert imported.step == 9000
    assert imported.notes == ()
    assert imported.mel == MelConfig(
        sample_rate=16000,
        n_fft=512,
        hop_length=128,
        win_length=400,
        n_mels=20,
        f_min=50.0,
        f_max=None,
        padding="center",
        magnitude_epsilon=0.0,
    )


def test_symbols_are_the_public_table(tmp_path: Path) -> None:
    symbols = _import(_write(tmp_path)).symbols
    assert len(symbols) == len(set(symbols)) == 361
    assert symbols[: len(PUBLIC_ENGLISH)] == PUBLIC_ENGLISH
    assert symbols[148:151] == ("@b", "@c", "@ch")
    assert symbols[171:173] == ("@a1", "@a2")
    assert symbols[355:360] == ("@vn5", "@rr", "@sp", "@spn", "@sil")


@pytest.mark.parametrize("name", ["preprocess.yaml", "model.yaml", "."])
def test_config_may_be_the_folder_or_a_file_in_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "home").mkdir()
    file = _write(tmp_path / "home").rename(tmp_path / "9000.pth.tar")
    assert _import(file, tmp_path / "home" / name).config == SIZES
    with pytest.raises(CheckpointError, match=r"no preprocess\.yaml and model\.yaml in .*--config"):
        _import(file)


def test_config_may_be_that_of_a_public_checkout(tmp_path: Path) -> None:
    file = _write(tmp_path)
    home = tmp_path / "config" / "Tiny"
    home.mkdir(parents=True)
    for name in ("preprocess.yaml", "model.yaml"):
        (tmp_path / name).rename(home / name)
    assert _import(file, home).speakers == ("anna", "ben", "cleo")


def test_a_single_speaker_is_called_as_its_dataset(tmp_path: Path) -> None:
    weights = _weights()
    del weights["speaker_emb.weight"]
    file = _write(tmp_path, weights)
    _edit(tmp_path / "model.yaml", lambda settings: settings.update(multi_speaker=False))
    assert _import(file).speakers == ("Tiny",)


def test_a_checkpoint_that_never_learned_english_speaks_no_sentence(tmp_path: Path) -> None:
    file = _write(tmp_path)
    _edit(
        tmp_path / "preprocess.yaml",
        lambda settings: settings["preprocessing"]["text"].update(language="zh"),
    )
    imported = _import(file)
    assert imported.notes == (
        "its language is zh: it never learned English, and will speak no sentence",
    )
    phonemes = Phonemizer().phonemize(["Good morning."])[0]
    with pytest.raises(DataError, match="good: phoneme @G: the voice never learned it"):
        tokenize("arpabet", imported.symbols, "Good morning.", phonemes)


def _swap_stats(folder: Path) -> None:
    (folder / "preprocessed_data" / "Tiny" / "stats.json").write_text('{"pitch": [1, 2]}')


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "preprocessed_data" / "Tiny" / name).unlink()


def _number_from_one(folder: Path) -> None:
    path = folder / "preprocessed_data" / "Tiny" / "speakers.json"
    path.write_text('{"anna": 1, "ben": 2, "cleo": 3}')


def _set_model(section: str, **changed: object) -> Callable[[Path], None]:
    return lambda folder: _edit(
        folder / "model.yaml", lambda settings: settings[section].update(changed)
    )


def _drop(section: str) -> Callable[[Path], None]:
    return lambda folder: _edit(folder / "model.yaml", lambda settings: settings.pop(section))


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (_remove("stats.json"), CheckpointError, "no stats.json, which says what pitch was"),
        (_swap_stats, ConfigError, r"stats\.json: pitch: expected \[min, max, mean, deviation\]"),
        (_remove("speakers.json"), CheckpointError, "no speakers.json, which names the speakers"),
        (_number_from_one, ConfigError, r"speakers\.json: .* numbers from 0 to 2"),
        (_drop("transformer"), ConfigError, r"model\.yaml: transformer: expected a section"),
        (
            _set_model("transformer", decoder_hidden=16),
            ConfigError,
            "encoder_hidden and decoder_hidden differ",
        ),
        (_set_model("transformer", encoder_head=3), ConfigError, "encoder_heads: 3 does not"),
        (
            _set_model("variance_embedding", pitch_quantization="cubic"),
            ConfigError,
            "pitch_quantization: 'cubic' is not one of linear, log",
        ),
        (
            _set_model("variance_embedding", n_bins=32),
            CheckpointError,
            r"variance_adaptor\.pitch_bins has shape \(15,\), expected \(31,\)",
        ),
        (
            _set_model("transformer", encoder_layer=2),
            CheckpointError,
            r"encoder\.layer_stack\.1\.slf_attn\.w_qs\.weight missing",
        ),
        (
            _set_model("transformer", decoder_layer=1),
            CheckpointError,
            r"decoder\.layer_stack\.1\.slf_attn\.w_qs\.weight not expected",
        ),
    ],
)
def test_wrong_configs_are_named(
    tmp_path: Path, spoil: Callable[[Path], None], error: type[VoxloomError], message: str
) -> None:
    file = _write(tmp_path)
    spoil(tmp_path)
    with pytest.raises(error, match=message):
        _import(file)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("mel_linear.bias", None, r"mel_linear\.bias missing"),
        ("mel_linear.bias", torch.zeros(3), r"mel_linear\.bias has shape \(3,\), expected \(20,\)"),
        ("extra.weight", torch.zeros(3), r"extra\.weight not expected"),
        ("postnet.convolutions.0.0.conv.weight", None, r"postnet\..*conv\.weight missing"),
        ("variance_adaptor.energy_bins", None, r"variance_adaptor\.energy_bins missing"),
        ("encoder.src_word_emb.weight", None, r"encoder\.src_word_emb\.weight missing"),
        ("encoder.src_word_emb.weight", torch.zeros(99, 8), r"99 rows; .* makes 361"),
        ("encoder.position_enc", torch.zeros(1, 31, 8), "other positions than sinusoids"),
    ],
)
def test_wrong_weights_are_named(
    tmp_path: Path, name: str, value: Tensor | None, message: str
) -> None:
    weights = {key: tensor for key, tensor in _weights().items() if key != name}
    file = _write(tmp_path, weights if value is None else weights | {name: value})
    with pytest.raises(CheckpointError, match=message):
        _import(file)
