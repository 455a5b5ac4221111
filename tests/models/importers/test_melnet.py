"""MelNet-SpeechGeneration's files, as its training writes them: one a tier, a class pickled in."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from models.errors import CheckpointError, ConfigError
from models.importers import import_files
from models.melnet.network import MelNet, MelNetConfig, make_tier
from tests.foreign_settings import HParams, pickled_as_public
from tests.tiny_melnet import UNIT_MEL

LAYERS, HIDDEN, MIXTURES, BANDS = (3, 2, 2), 4, 2, 8
_THEIRS = {
    "time_input": "layers.0.module.W_t_0",
    "frequency_input": "layers.0.module.W_f_0",
    "central_input": "layers.0.module.W_c_0",
    "time_condition": "layers.0.module.W_t_z",
    "frequency_condition": "layers.0.module.W_f_z",
    "to_mixture": "W_theta",
    "features": "feature_extraction.module.rnn",
}
_IN_LAYER = {
    "time": ("rnn_t_l_forwardtime", "forwardtime"),
    "up": ("rnn_t_l_forwardfreq", "forwardfreq"),
    "down": ("rnn_t_l_backwardfreq", "backwardfreq"),
    "frequency": ("rnn_f_l", "freq"),
    "central": ("rnn_c_l", "central"),
    "mix_time": ("W_t_l", ""),
    "mix_frequency": ("W_f_l", ""),
    "mix_central": ("W_c_l", ""),
}


def _settings() -> dict[str, Any]:
    return {
        "name": "podcast_v3",
        "audio": {
            "sample_rate": 22050,
            "spectrogram_type": "power",
            "n_fft": 512,
            "mel_channels": BANDS,
            "hop_length": 128,
            "win_length": 400,
            "ref_level_db": 20,
            "min_level_db": -90,
        },
        "network": {
            "n_tiers": len(LAYERS),
            "layers": list(LAYERS),
            "hidden_size": HIDDEN,
            "gmm_size": MIXTURES,
        },
        "data": {"dataset": "podcast", "path": "datasets/"},
    }


def _public_tier(number: int) -> dict[str, Tensor]:
    """Random weights of one tier under the public names."""
    torch.manual_seed(number)
    config = MelNetConfig(LAYERS, HIDDEN, MIXTURES)
    mel = UNIT_MEL.__class__(**{**_fields(UNIT_MEL), "n_mels": BANDS})
    weights = {}
    for name, value in make_tier(config, mel, number).state_dict().items():
        value = torch.randn_like(value)
        part, _, rest = name.partition(".")
        if part != "layers":
            joint = "_" if part == "features" else "."
            flat = part in ("time_input", "frequency_input") and rest == "weight"
            weights[f"{_THEIRS[part]}{joint}{rest}"] = value[:, None] if flat else value
            continue
        index, kind, *parameter = rest.split(".")
        layer = f"layers.{int(index) + 1}.module"
        module, state = _IN_LAYER[kind]
        if parameter == ["start"]:
            weights[f"{layer}.hidden_state_{state}"] = value[0][None, None]
            weights[f"{layer}.cell_state_{state}"] = value[1][None, None]
        else:
            weights[f"{layer}.{module}.{parameter[-1]}"] = value
    return weights


def _fields(config: Any) -> dict[str, Any]:
    return {name: getattr(config, name) for name in config.__dataclass_fields__}


def _write(folder: Path, number: int, changed: Mapping[str, Any] | None = None) -> Path:
    content = {
        "dataset": "podcast",
        "tier_idx": number,
        "hp": HParams(_settings()),
        "epoch": 1,
        "tier": _public_tier(number),
        "optimizer": {"state": {}},
    }
    path = folder / f"tier{number}_2020-08-01_final.pt"
    torch.save(content | dict(changed or {}), path)
    return path


@pytest.fixture(autouse=True)
def _public_class(monkeypatch: pytest.MonkeyPatch) -> None:
    pickled_as_public(monkeypatch)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [_write(tmp_path, number) for number in (3, 1, 2)]


def test_tiers_in_any_order_with_the_settings_that_they_carry(files: list[Path]) -> None:
    imported = import_files("melnet", files)
    assert isinstance(imported.model, MelNet)
    assert imported.config.name == "dpodcast_v3_t3_l3.2.2_hd4_gmm2"
    assert imported.config.public_quirks
    assert (imported.mel.n_mels, imported.mel.win_length) == (BANDS, 400)
    assert (imported.mel.scaling, imported.mel.min_level_db) == ("unit", -90.0)
    assert "power" in imported.notes[0]
    for number in (1, 2, 3):
        theirs, ours = _public_tier(number), imported.model.tier(number)
        assert torch.equal(ours.to_mixture.weight, theirs["W_theta.weight"])
        start = theirs["layers.1.module.cell_state_freq"].flatten()
        assert torch.equal(ours.stack[0].frequency.start[1], start)


def test_the_training_s_yaml_comes_first(files: list[Path], tmp_path: Path) -> None:
    settings = _settings()
    settings["name"] = "ljspeech_v5"
    (tmp_path / "other.yml").write_text(yaml.safe_dump(settings))
    imported = import_files("melnet", files, tmp_path / "other.yml")
    assert imported.config.data == "ljspeech_v5"


class _Trap:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.mark}",)


def test_nothing_in_a_file_is_executed(files: list[Path], tmp_path: Path) -> None:
    trap = _write(tmp_path, 1, {"optimizer": _Trap(tmp_path / "sprung")})
    with pytest.raises(CheckpointError, match="nothing of it was executed"):
        import_files("melnet", [trap, files[0], files[2]])
    assert not (tmp_path / "sprung").exists()


def _without(name: str, number: int = 2) -> dict[str, Any]:
    return {"tier": {key: value for key, value in _public_tier(number).items() if key != name}}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (_without("W_theta.bias"), "W_theta.bias missing"),
        (
            _without("layers.1.module.cell_state_freq"),
            r"layers\.1\.module\.cell_state_freq missing",
        ),
        (_without("layers.1.module.rnn_f_l.weight_hh_l0"), r"rnn_f_l\.weight_hh_l0 missing"),
        ({"tier": _public_tier(2) | {"extra": torch.ones(1)}}, "extra not expected"),
        (
            {"tier": _public_tier(2) | {"W_theta.bias": torch.ones(5)}},
            r"W_theta\.bias has shape \(5,\), expected \(6,\)",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    files: list[Path], tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    wrong = _write(tmp_path, 2, changed)
    with pytest.raises(CheckpointError, match=message):
        import_files("melnet", [files[0], files[1], wrong])


def test_a_tier_that_is_missing_or_given_twice_is_named(files: list[Path]) -> None:
    with pytest.raises(CheckpointError, match="3 tiers need as many files, 2 were given; tier 2"):
        import_files("melnet", files[:2])
    with pytest.raises(CheckpointError, match="4 were given; a tier was given twice"):
        import_files("melnet", [*files, files[0]])


def test_settings_that_do_not_describe_a_network(files: list[Path], tmp_path: Path) -> None:
    settings = _settings()
    del settings["network"]["hidden_size"]
    path = tmp_path / "config.yml"
    path.write_text(yaml.safe_dump(settings))
    with pytest.raises(ConfigError, match="network: hidden_size: missing"):
        import_files("melnet", files, path)
