"""ming024/FastSpeech2: `900000.pth.tar`, with the `preprocess.yaml` and `model.yaml` of its
`config/NAME` and the `stats.json` and `speakers.json` of its `preprocessed_data/NAME`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from models.acoustic.fastspeech2_paper import (
    FastSpeech2Paper,
    FastSpeech2PaperConfig,
    VarianceConfig,
)
from models.acoustic.frames import sinusoids
from models.config import build
from models.errors import CheckpointError, ConfigError
from models.importers import Imported
from models.importers.files import ForeignFile, fill, only, tensor_with_axes, tensors_at
from models.importers.settings import known, read_settings
from models.mel import MelConfig
from models.phonology.alphabets import PUBLIC_ENGLISH

_SILENCES = ("@sp", "@spn", "@sil")
_INITIALS = (
    "b", "c", "ch", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "q", "r", "s", "sh", "t",
    "w", "x", "y", "z", "zh",
)  # fmt: skip
_FINALS = (
    "a", "ai", "an", "ang", "ao", "e", "ei", "en", "eng", "er", "i", "ia", "ian", "iang", "iao",
    "ie", "ii", "iii", "in", "ing", "iong", "iou", "o", "ong", "ou", "u", "ua", "uai", "uan",
    "uang", "uei", "uen", "uo", "v", "van", "ve", "vn",
)  # fmt: skip
_PINYIN = (
    *(f"@{initial}" for initial in _INITIALS),
    *(f"@{final}{tone}" for final in _FINALS for tone in range(1, 6)),
    "@rr",
)
_SYMBOLS = (*PUBLIC_ENGLISH, *_PINYIN, *_SILENCES, "<never used>")  # they embed one too many

_LEVELS = {"phoneme_level": "symbol", "frame_level": "frame"}
_BLOCK = {
    "to_query": "slf_attn.w_qs",
    "to_key": "slf_attn.w_ks",
    "to_value": "slf_attn.w_vs",
    "attended": "slf_attn.fc",
    "attention_norm": "slf_attn.layer_norm",
    "expand": "pos_ffn.w_1",
    "contract": "pos_ffn.w_2",
    "convolution_norm": "pos_ffn.layer_norm",
}
_POSITIONS = ("encoder.position_enc", "decoder.position_enc")


@dataclass(frozen=True)
class _Transformer:
    encoder_layer: int
    encoder_head: int
    encoder_hidden: int
    decoder_layer: int
    decoder_head: int
    decoder_hidden: int
    conv_filter_size: int
    conv_kernel_size: tuple[int, int]
    encoder_dropout: float
    decoder_dropout: float


@dataclass(frozen=True)
class _Predictor:
    filter_size: int
    kernel_size: int
    dropout: float


@dataclass(frozen=True)
class _Bins:
    pitch_quantization: Literal["linear", "log"]
    energy_quantization: Literal["linear", "log"]
    n_bins: int


@dataclass(frozen=True)
class _Feature:
    feature: Literal["phoneme_level", "frame_level"]
    normalization: bool


@dataclass(frozen=True)
class _Settings:
    """The public config files, and the folder that they stand in."""

    folder: Path
    preprocess: Mapping[str, Any]
    model: Mapping[str, Any]

    def part(self, cls: type, *keys: str) -> Any:
        """The section of preprocess.yaml at `keys` as the dataclass `cls`."""
        return known(cls, self.section(*keys), f"{self.folder / 'preprocess.yaml'}: {keys[-1]}")

    def section(self, *keys: str) -> Any:
        inner: Any = self.preprocess
        for key in keys:
            inner = inner.get(key) if isinstance(inner, Mapping) else None
        return inner

    def model_part(self, cls: type, key: str) -> Any:
        return known(cls, self.model.get(key), f"{self.folder / 'model.yaml'}: {key}")

    def find(self, name: str) -> Path | None:
        """A file of the preprocessed data: in the folder, or where preprocess.yaml says, from
        there or from the root of the public checkout (two folders up).
        """
        preprocessed = Path(str(self.section("path", "preprocessed_path") or "."))
        here = self.folder.absolute()
        for folder in (here, *(base / preprocessed for base in (here, *here.parents[:2]))):
            if (folder / name).is_file():
                return folder / name
        return None


def convert(files: Sequence[ForeignFile], config: Path | None) -> Imported:
    """The paper's FastSpeech 2. `config` is the folder of the config files, or one of them."""
    file = only(files)
    settings = _read_settings(file.path, config)
    weights = tensors_at(file, "model")
    sizes = _sizes(settings, weights, file.path)
    mel = _mel(settings)
    symbols, notes = _symbols(settings, weights, file.path)
    speakers = _speakers(settings, sizes.multi_speaker)
    model = FastSpeech2Paper(sizes, mel, symbols, speakers)
    _check_positions(weights, file.path)
    fill(model, weights, {ours: _name(ours) for ours in model.state_dict()}, file.path, _POSITIONS)
    step = file.path.name.partition(".")[0]
    return Imported(
        kind="fastspeech2-paper",
        model=model,
        config=sizes,
        mel=mel,
        symbols=symbols,
        speakers=speakers,
        alphabet="arpabet",
        step=int(step) if step.isdecimal() else 0,
        notes=notes,
    )


def _read_settings(weights: Path, config: Path | None) -> _Settings:
    folder = weights.parent if config is None else config
    folder = folder if folder.is_dir() else folder.parent
    missing = [name for name in ("preprocess.yaml", "model.yaml") if not (folder / name).is_file()]
    if missing:
        raise CheckpointError(
            f"{weights}: no {' and '.join(missing)} in {folder}; name the folder with --config"
        )
    return _Settings(
        folder, read_settings(folder / "preprocess.yaml"), read_settings(folder / "model.yaml")
    )


def _sizes(
    settings: _Settings, weights: Mapping[str, Tensor], path: Path
) -> FastSpeech2PaperConfig:
    transformer: _Transformer = settings.model_part(_Transformer, "transformer")
    predictor: _Predictor = settings.model_part(_Predictor, "variance_predictor")
    bins: _Bins = settings.model_part(_Bins, "variance_embedding")
    where = str(settings.folder / "model.yaml")
    if transformer.encoder_hidden != transformer.decoder_hidden:
        raise ConfigError(f"{where}: transformer: encoder_hidden and decoder_hidden differ")
    mapping = {
        "dim": transformer.encoder_hidden,
        "encoder_layers": transformer.encoder_layer,
        "encoder_heads": transformer.encoder_head,
        "encoder_dropout": transformer.encoder_dropout,
        "decoder_layers": transformer.decoder_layer,
        "decoder_heads": transformer.decoder_head,
        "decoder_dropout": transformer.decoder_dropout,
        "hidden_dim": transformer.conv_filter_size,
        "kernel_sizes": transformer.conv_kernel_size,
        "predictor_dim": predictor.filter_size,
        "predictor_kernel": predictor.kernel_size,
        "predictor_dropout": predictor.dropout,
        "num_bins": bins.n_bins,
        "pitch": _variance(settings, weights, path, "pitch", bins.pitch_quantization),
        "energy": _variance(settings, weights, path, "energy", bins.energy_quantization),
        "multi_speaker": bool(settings.model.get("multi_speaker")),
        **_postnet_sizes(weights, path),
    }
    return build(FastSpeech2PaperConfig, mapping, where)


def _postnet_sizes(weights: Mapping[str, Tensor], path: Path) -> dict[str, int]:
    """The public config does not hold them."""
    first = "postnet.convolutions.0.0.conv.weight"
    width, _, kernel = tensor_with_axes(weights, first, 3, path).shape
    layers = sum(_is_postnet_weight(name) for name in weights)
    return {"postnet_dim": width, "postnet_kernel": kernel, "postnet_layers": layers}


def _is_postnet_weight(name: str) -> bool:
    return name.startswith("postnet.convolutions.") and name.endswith(".0.conv.weight")


def _variance(
    settings: _Settings, weights: Mapping[str, Tensor], path: Path, name: str, spacing: str
) -> VarianceConfig:
    """Level and scale of pitch or energy; the outermost edges are those of the weights."""
    feature: _Feature = settings.part(_Feature, "preprocessing", name)
    edges = f"variance_adaptor.{name}_bins"
    values = tensor_with_axes(weights, edges, 1, path)
    mean, deviation = _normalization(settings, name) if feature.normalization else (0.0, 1.0)
    mapping = {
        "level": _LEVELS[feature.feature],
        "spacing": spacing,
        "low": float(values[0]),
        "high": float(values[-1]),
        "mean": mean,
        "deviation": deviation,
    }
    return build(VarianceConfig, mapping, f"{path}: {edges}")


def _normalization(settings: _Settings, name: str) -> tuple[float, float]:
    """Mean and deviation that the values were brought to 0 and 1 from."""
    path = settings.find("stats.json")
    if path is None:
        raise CheckpointError(
            f"{settings.folder}: no stats.json, which says what {name} was normalized by"
        )
    stats = read_settings(path).get(name)
    if not isinstance(stats, list) or len(stats) != 4:
        raise ConfigError(f"{path}: {name}: expected [min, max, mean, deviation], found {stats!r}")
    return float(stats[2]), float(stats[3])


def _mel(settings: _Settings) -> MelConfig:
    """`TacotronSTFT`: magnitudes of centred frames, Slaney's mels, natural logarithm."""
    where = f"{settings.folder / 'preprocess.yaml'}: preprocessing"
    mapping = {
        ours: settings.section("preprocessing", *theirs.split("."))
        for ours, theirs in {
            "sample_rate": "audio.sampling_rate",
            "n_fft": "stft.filter_length",
            "hop_length": "stft.hop_length",
            "win_length": "stft.win_length",
            "n_mels": "mel.n_mel_channels",
            "f_min": "mel.mel_fmin",
            "f_max": "mel.mel_fmax",
        }.items()
    }
    fixed = {"padding": "center", "magnitude_epsilon": 0.0, "floor": 1e-5}
    return build(MelConfig, mapping | fixed, where)


def _symbols(
    settings: _Settings, weights: Mapping[str, Tensor], path: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The public table, and a note where English is not among what was learned."""
    name = "encoder.src_word_emb.weight"
    rows = len(tensor_with_axes(weights, name, 2, path))
    if rows != len(_SYMBOLS):
        raise CheckpointError(
            f"{path}: {name} has {rows} rows; the public table of symbols makes {len(_SYMBOLS)}"
        )
    language = settings.section("preprocessing", "text", "language")
    if language == "en":
        return _SYMBOLS, ()
    foreign = {symbol: f"{symbol} (never learned)" for symbol in PUBLIC_ENGLISH if "@" in symbol}
    note = f"its language is {language}: it never learned English, and will speak no sentence"
    return tuple(foreign.get(symbol, symbol) for symbol in _SYMBOLS), (note,)


def _speakers(settings: _Settings, multi_speaker: bool) -> tuple[str, ...]:
    """Names by their number; a single speaker is called as in speakers.json, or as the dataset."""
    path = settings.find("speakers.json")
    numbers = {} if path is None else read_settings(path)
    if not multi_speaker:
        name = next(iter(numbers)) if len(numbers) == 1 else settings.section("dataset")
        return (str(name or "speaker"),)
    if path is None:
        raise CheckpointError(f"{settings.folder}: no speakers.json, which names the speakers")
    if sorted(numbers.values()) != list(range(len(numbers))):
        raise ConfigError(f"{path}: expected names with numbers from 0 to {len(numbers) - 1}")
    return tuple(sorted(numbers, key=lambda name: numbers[name]))


def _check_positions(weights: Mapping[str, Tensor], path: Path) -> None:
    """The places that the file carries must be the sinusoids that we compute."""
    for name in _POSITIONS:
        table = weights.get(name)  # (1, length, D)
        if table is None or table.dim() != 3 or table.shape[2] % 2:
            continue
        ours = sinusoids(table.shape[1], table.shape[2], torch.float64)
        if not torch.allclose(ours, table[0].double(), atol=1e-4):
            raise CheckpointError(f"{path}: {name} holds other positions than sinusoids")


def _name(ours: str) -> str:
    """Our `encoder.0.to_key.bias` is their `encoder.layer_stack.0.slf_attn.w_ks.bias`."""
    first, _, rest = ours.partition(".")
    if first in ("encoder", "decoder"):
        index, layer, parameter = rest.split(".")
        return f"{first}.layer_stack.{index}.{_BLOCK[layer]}.{parameter}"
    if first == "duration_predictor":
        return f"variance_adaptor.{first}.{_predictor_name(rest)}"
    if first in ("pitch", "energy"):
        return f"variance_adaptor.{first}_{_variance_name(rest)}"
    if first == "postnet":
        return ours.replace(".conv.", ".0.conv.").replace(".norm.", ".1.")
    stem = {
        "symbol_embedding": "encoder.src_word_emb",
        "speaker_embedding": "speaker_emb",
        "to_mel": "mel_linear",
    }[first]
    return f"{stem}.{rest}"


def _variance_name(ours: str) -> str:
    if ours == "edges":
        return "bins"
    part, _, rest = ours.partition(".")
    return f"predictor.{_predictor_name(rest)}" if part == "predictor" else ours


def _predictor_name(ours: str) -> str:
    part, _, rest = ours.partition(".")
    if part == "line":
        return f"linear_layer.{rest}"
    index, parameter = rest.split(".")
    layer = {"convolutions": "conv1d_{}.conv", "norms": "layer_norm_{}"}[part]
    return f"conv_layer.{layer.format(int(index) + 1)}.{parameter}"
