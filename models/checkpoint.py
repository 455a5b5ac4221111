"""Checkpoints: a folder with `checkpoint.yaml` and `model.safetensors`, and nothing pickled.

A checkpoint rebuilds its model from its folder alone. The YAML carries the digest of the
weights, so a damaged file is found before it speaks; the digest of the YAML stands for both.
"""

import functools
import hashlib
import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from models.atomic import write_together
from models.config import as_mapping, build, read_yaml, resolve_path
from models.errors import CheckpointError, ConfigError, shortened
from models.file_state import FileState, file_state
from models.mel import MelConfig, check_convertible_mel
from models.phonology.alphabets import Alphabet
from models.voice import AcousticModel, Vocoder
from models.weights_size import WeightsSize, built_no_larger, check_numbers, size_of

FORMAT = 1
PRETRAINED = Path(__file__).resolve().parent / "pretrained"

Role = Literal["acoustic", "vocoder", "recognizer", "spectrogram", "speaker encoder"]

_KEPT_LOADED = 8  # checkpoints: a build has three
_KEPT_INFOS = 64


class Kind(NamedTuple):
    """Where a kind of model lives. Its class takes (config, mel, symbols, speakers)."""

    role: Role
    module: str
    model: str
    config: str


KINDS = {
    "fastspeech2": Kind(
        "acoustic", "models.acoustic.fastspeech2", "FastSpeech2", "FastSpeech2Config"
    ),
    "fastspeech2-paper": Kind(
        "acoustic",
        "models.acoustic.fastspeech2_paper",
        "FastSpeech2Paper",
        "FastSpeech2PaperConfig",
    ),
    "tacotron2": Kind("acoustic", "models.acoustic.tacotron2", "Tacotron2", "Tacotron2Config"),
    "harmonic": Kind("vocoder", "models.vocoders.harmonic", "Harmonic", "HarmonicConfig"),
    "vocos": Kind("vocoder", "models.vocoders.vocos", "Vocos", "VocosConfig"),
    "hifigan": Kind("vocoder", "models.vocoders.hifigan", "HifiGan", "HifiGanConfig"),
    "melgan": Kind("vocoder", "models.vocoders.melgan", "MelGan", "MelGanConfig"),
    "griffin-lim": Kind("vocoder", "models.vocoders.griffin_lim", "GriffinLim", "GriffinLimConfig"),
    "melnet": Kind("spectrogram", "models.melnet.network", "MelNet", "MelNetConfig"),
    "recognizer": Kind(
        "recognizer", "models.recognition.recognizer", "Recognizer", "RecognizerConfig"
    ),
    "speaker-encoder": Kind(
        "speaker encoder",
        "models.recognition.speaker_encoder",
        "SpeakerEncoder",
        "SpeakerEncoderConfig",
    ),
}


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """Everything in `checkpoint.yaml` but the weights.

    `featured` are the speakers who speak where nobody says who; empty: all.
    """

    kind: str
    config: dict[str, Any]
    mel: MelConfig
    symbols: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    step: int = 0
    licence: str = ""
    trained_on: tuple[str, ...] = ()
    revision: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    weights_digest: str = ""
    format: int = FORMAT
    alphabet: Alphabet = "ipa"  # what the symbols are
    featured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A loaded checkpoint; `model` is in evaluation mode, float32, on the device asked for, and
    `digest` that of `checkpoint_digest`.
    """

    name: str
    model: Any
    info: CheckpointInfo
    digest: str = ""

    @property
    def acoustic_model(self) -> AcousticModel:
        """The model as what it promises; `CheckpointError` for a checkpoint of another role."""
        self._check_role("acoustic")
        return cast(AcousticModel, self.model)

    @property
    def vocoder(self) -> Vocoder:
        """The model as what it promises; `CheckpointError` for a checkpoint of another role."""
        self._check_role("vocoder")
        return cast(Vocoder, self.model)

    @property
    def kind(self) -> str:
        return self.info.kind

    @property
    def mel(self) -> MelConfig:
        return self.info.mel

    @property
    def speakers(self) -> tuple[str, ...]:
        """By their number; a single voice without a name is called as its checkpoint."""
        return _speakers(self.info, self.name)

    @property
    def symbols(self) -> tuple[str, ...]:
        return self.info.symbols

    @property
    def label(self) -> str:
        """`name@digest`, as dataset rows name their makers."""
        return _label(self.name, self.digest)

    def _check_role(self, role: Role) -> None:
        if KINDS[self.kind].role != role:
            raise CheckpointError(f"{self.name}: is a {self.kind}; needed is {_kinds_of(role)}")


def save_checkpoint(
    folder: Path, model: nn.Module, info: CheckpointInfo, dtype: torch.dtype = torch.float32
) -> None:
    """Write `model` and `info` to `folder`, whole: what it held stays until both are written.

    Floating-point weights are stored as `dtype` and come back as float32. Raises `DataError` when
    the disk is full.
    """
    import yaml

    weights = save(
        {
            name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous().cpu()
            for name, tensor in model.state_dict().items()
        }
    )
    described = as_mapping(info) | {"weights_digest": _digest_in_short(hashlib.sha256(weights))}
    text = yaml.safe_dump(described, sort_keys=False, allow_unicode=True, width=100)
    write_together(folder, {"model.safetensors": weights, "checkpoint.yaml": text.encode()})


def load_checkpoint(name_or_path: str | Path, device: str = "cpu") -> Checkpoint:
    """A checkpoint by the name of a shipped one or by its folder.

    Raises `CheckpointError` naming the file: missing, damaged, of an unknown kind or format.
    """
    folder = find_checkpoint(name_or_path)
    info = read_info(name_or_path)
    if info.weights_digest:
        _check_weights(folder, info)
    model = _rebuild(info, folder)
    if info.weights_digest:
        _load_weights(model, folder / "model.safetensors")
    return Checkpoint(folder.name, model.eval().to(device), info, _digest_of_both(folder))


def shared_checkpoint(name_or_path: str | Path, device: str = "cpu") -> Checkpoint:
    """As `load_checkpoint`, and the same object again for as long as the files stay as they are:
    the stages of a process load each model once. Not to be changed.
    """
    folder, info = find_checkpoint(name_or_path), read_info(name_or_path)
    if info.weights_digest:
        _check_weights(folder, info)
    return _loaded(str(name_or_path), device, f"{folder} {info}")


@functools.lru_cache(maxsize=_KEPT_LOADED)
def _loaded(name_or_path: str, device: str, described: str) -> Checkpoint:
    """`described` is there for the cache alone: the folder, the weights' digest and all else."""
    return load_checkpoint(name_or_path, device)


def read_info(name_or_path: str | Path) -> CheckpointInfo:
    """What `checkpoint.yaml` says, without loading weights."""
    folder = find_checkpoint(name_or_path)
    path = folder / "checkpoint.yaml"
    if not path.is_file() and folder.name == "griffin-lim":
        return CheckpointInfo(kind="griffin-lim", config={}, mel=MelConfig())
    return _info_in(path, file_state(path))


@functools.lru_cache(maxsize=_KEPT_INFOS)
def _info_in(path: Path, _: FileState) -> CheckpointInfo:
    """What the file says for as long as it is what it is: a build asks in every stage."""
    try:
        info = build(CheckpointInfo, read_yaml(path), where=str(path))
    except ConfigError as error:
        raise CheckpointError(str(error)) from None
    if info.format != FORMAT:
        raise CheckpointError(f"{path}: format {info.format}; this version reads {FORMAT}")
    if info.kind not in KINDS:
        raise CheckpointError(f"{path}: kind {info.kind!r}; known are {', '.join(KINDS)}")
    if not info.weights_digest and info.kind != "griffin-lim":
        raise CheckpointError(f"{path}: weights_digest: missing, so the weights cannot be checked")
    return info


def find_checkpoint(name_or_path: str | Path) -> Path:
    """The folder of a checkpoint. `griffin-lim` needs none: it has no weights."""
    if str(name_or_path) == "griffin-lim":
        return PRETRAINED / "griffin-lim"
    for folder in (resolve_path(name_or_path), PRETRAINED / name_or_path):
        if (folder / "checkpoint.yaml").is_file():
            return folder
    shipped = ", ".join([path.name for path in list_checkpoints()] + ["griffin-lim"])
    raise CheckpointError(
        f"{name_or_path}: no such checkpoint; shipped are {shipped}, or name a folder "
        "with checkpoint.yaml and model.safetensors"
    )


def checkpoint_files(name_or_path: str | Path) -> list[Path]:
    """The files of a checkpoint that are there: the shipped `griffin-lim` has none."""
    folder = find_checkpoint(name_or_path)
    paths = (folder / "checkpoint.yaml", folder / "model.safetensors")
    return [path for path in paths if path.is_file()]


def list_checkpoints() -> list[Path]:
    """The folders of the checkpoints that ship with the project."""
    return sorted(path.parent for path in PRETRAINED.glob("*/checkpoint.yaml"))


def checkpoint_digest(name_or_path: str | Path) -> str:
    """The digest of the description and, as that holds theirs, of the weights, which are checked;
    empty for the shipped `griffin-lim`, which has no files.
    """
    folder, info = find_checkpoint(name_or_path), read_info(name_or_path)
    if info.weights_digest:
        _check_weights(folder, info)
    return _digest_of_both(folder)


def checkpoint_label(name_or_path: str | Path) -> str:
    """As `Checkpoint.label`, without loading the checkpoint."""
    folder = find_checkpoint(name_or_path)
    return _label(folder.name, _digest_of_both(folder))


def check_role(name: str, role: Role, key: str) -> CheckpointInfo:
    """What a checkpoint says of itself; `CheckpointError` naming `key` for one of another role."""
    info = read_info(name)
    if KINDS[info.kind].role != role:
        raise CheckpointError(f"{key}: {name} is a {info.kind}; needed is {_kinds_of(role)}")
    return info


def voices_of(name: str) -> tuple[str, ...]:
    """The speakers of an acoustic model, as `Checkpoint.speakers` has them."""
    return _speakers(read_info(name), find_checkpoint(name).name)


def followed_controls(name: str) -> frozenset[str]:
    """Which fields of `Controls` an acoustic model follows."""
    kind = KINDS[read_info(name).kind]
    followed: frozenset[str] = getattr(importlib.import_module(kind.module), kind.model).controls
    return followed


def check_vocoder_fits(acoustic: CheckpointInfo, vocoder: CheckpointInfo) -> None:
    """Raise `CheckpointError` unless the vocoder can speak the acoustic model's mels."""
    check_convertible_mel(acoustic.mel, vocoder.mel, "the acoustic model and the vocoder")


def _kinds_of(role: Role) -> str:
    return " or ".join(kind for kind, entry in KINDS.items() if entry.role == role)


def _speakers(info: CheckpointInfo, name: str) -> tuple[str, ...]:
    has_voice = KINDS[info.kind].role == "acoustic"
    return info.speakers or ((name,) if has_voice else ())


def _label(name: str, digest: str) -> str:
    return f"{name}@{digest}" if digest else name


def _digest_of_both(folder: Path) -> str:
    path = folder / "checkpoint.yaml"
    return _digest_of(path, file_state(path)) if path.is_file() else ""


def _rebuild(info: CheckpointInfo, folder: Path) -> nn.Module:
    kind, where = KINDS[info.kind], f"{folder}/checkpoint.yaml"
    module = importlib.import_module(kind.module)
    weights = folder / "model.safetensors"
    size = size_of(weights) if info.weights_digest else WeightsSize(0, 0)
    try:
        config = build(getattr(module, kind.config), info.config, where)
        check_numbers(info.config, size, f"{where}: config")
        with built_no_larger(size, where):
            model: nn.Module = getattr(module, kind.model)(
                config, info.mel, info.symbols, info.speakers
            )
    except ConfigError as error:
        raise CheckpointError(str(error)) from None
    except (RuntimeError, ValueError, TypeError, ArithmeticError) as error:  # of torch
        raise CheckpointError(
            f"{where}: config: no model can be made of it ({shortened(str(error))})"
        ) from None
    return model


def _load_weights(model: nn.Module, path: Path) -> None:
    try:
        weights: Mapping[str, torch.Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: cannot be read as safetensors ({error})") from None
    expected = model.state_dict()
    # What a kind got `later` keeps its first value, so that older checkpoints do as they did.
    weights = {name: expected[name] for name in getattr(model, "later", ())} | dict(weights)
    wrong = [f"{name} missing" for name in expected.keys() - weights.keys()] + [
        f"{name} not expected" for name in weights.keys() - expected.keys()
    ]
    wrong += [
        f"{name} has shape {tuple(weights[name].shape)}, expected {tuple(expected[name].shape)}"
        for name in expected.keys() & weights.keys()
        if weights[name].shape != expected[name].shape
    ]
    if wrong:
        raise CheckpointError(f"{path}: does not fit its model: {'; '.join(sorted(wrong)[:3])}")
    model.load_state_dict({name: weights[name].to(expected[name].dtype) for name in expected})


def _check_weights(folder: Path, info: CheckpointInfo) -> None:
    path = folder / "model.safetensors"
    if not path.is_file():
        raise CheckpointError(f"{path}: missing")
    found = _digest_of(path, file_state(path))
    if found != info.weights_digest:
        raise CheckpointError(
            f"{path}: damaged: its digest is {found}, checkpoint.yaml says {info.weights_digest}"
        )


@functools.lru_cache(maxsize=64)
def _digest_of(path: Path, state: FileState) -> str:
    """`state` is there for the cache alone."""
    return _file_digest(path)


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return _digest_in_short(hashlib.file_digest(file, "sha256"))


def _digest_in_short(digest: "hashlib._Hash") -> str:
    return digest.hexdigest()[:16]
