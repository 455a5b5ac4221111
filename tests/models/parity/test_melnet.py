"""MelNet against the tiers and the sampler of jgarciapueyo/MelNet-SpeechGeneration."""

from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor

from flows.cli.app import main
from models.checkpoint import load_checkpoint
from models.importers import import_files
from models.importers.files import ForeignFile, read_weights, tensors_at
from models.importers.melnet import fill_tier, read_sizes
from models.melnet.network import Mixture, Tier, make_tier, mixture_nll
from models.melnet.sampling import sample
from models.melnet.tiers import split
from tests.foreign_settings import HParams, pickled_as_public
from tests.models.parity.vectors import Vectors, assert_agrees, vectors, write

TIERS = [1, 2, 3]
_FIELDS = {"mu_hat": "mean", "std_hat": "log_std", "pi_hat": "logits"}


class Mode:
    """The vectors' draw: the sigmoid of the mean of the heaviest component."""

    def noise(self, num_frames: int, bands: int, mixtures: int) -> Tensor:
        return torch.zeros(num_frames, bands, 1, 0)

    def __call__(self, mixture: Mixture, noise: Tensor) -> Tensor:
        heaviest = mixture.logits.argmax(dim=1, keepdim=True)
        return mixture.mean.gather(1, heaviest)[:, 0].sigmoid()


def _tier(tmp_path: Path, found: Vectors, number: int, suffix: str = ".pt") -> Tier:
    """One tier, read from a file nested as the public ones are."""
    path = tmp_path / f"tier{number}{suffix}"
    write(path, {"tier_idx": torch.tensor(number), "tier": found.weights})
    file = read_weights(path)
    sizes, mel = read_sizes(file, found.folder / "config.yml")
    network = make_tier(sizes, mel, number)
    fill_tier(network, tensors_at(file, "tier"), path)
    return network.eval()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("tier", TIERS)
def test_tier(tmp_path: Path, tier: int, suffix: str) -> None:
    found = vectors(f"melnet_tier{tier}")
    network = _tier(tmp_path, found, tier, suffix)
    target, coarse = found.inputs["spectrogram"], found.inputs.get("spectrogram_prev_tier")
    with torch.no_grad():
        mixture = network(target, coarse)
        alone = [
            network(target[row : row + 1], None if coarse is None else coarse[row : row + 1])
            for row in range(len(target))
        ]
        for name, field in _FIELDS.items():
            assert_agrees(name, getattr(mixture, field), found.outputs[name])
            one_by_one = torch.cat([getattr(part, field) for part in alone])
            assert_agrees(f"{name} one by one", one_by_one, found.outputs[name])
        nll = mixture_nll(mixture, target).sum()[None]
        torch.testing.assert_close(nll, found.outputs["gmm_nll_sum"], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("tier", TIERS[1:])
def test_first_frames_of_a_tier(tmp_path: Path, tier: int) -> None:
    found = vectors(f"melnet_tier{tier}")
    network = _tier(tmp_path, found, tier)
    frames = found.outputs["partial5.mu_hat"].shape[2]
    target, coarse = found.inputs["spectrogram"], found.inputs["spectrogram_prev_tier"]
    with torch.no_grad():
        mixture = network(target[:, :, :frames], coarse)
    for name, field in _FIELDS.items():
        assert_agrees(name, getattr(mixture, field), found.outputs[f"partial5.{name}"])


def test_sampler_that_keeps_states(tmp_path: Path) -> None:
    found = vectors("melnet_sample")
    write(tmp_path / "all.pt", found.weights)
    model = import_files("melnet", [tmp_path / "all.pt"], found.folder / "config.yml").model
    expected = found.outputs["spectrogram"]
    drawn = sample(model.eval(), expected.shape[2], len(expected), Mode())
    assert_agrees("spectrogram", drawn.mels, expected)
    for tier, grid in drawn.grids.items():
        assert_agrees(f"tier{tier}", grid, found.outputs[f"tier{tier}"])


@pytest.mark.parametrize("archive", [True, False])
def test_files_as_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, archive: bool) -> None:
    """One a tier, in any order, each with its settings as an object of a foreign class."""
    pickled_as_public(monkeypatch)
    found = vectors("melnet_sample")
    settings = yaml.safe_load((found.folder / "config.yml").read_text())
    hp = HParams({name: HParams(part) for name, part in settings.items() if isinstance(part, dict)})
    hp["training"]["device"] = torch.device("cpu")
    paths = []
    for tier in range(1, settings["network"]["n_tiers"] + 1):
        weights = tensors_at(ForeignFile(found.folder, found.weights), f"tiers.{tier - 1}")
        content = {"dataset": "x", "tier_idx": tier, "hp": hp, "epoch": 2, "tier": weights}
        paths.insert(0, tmp_path / f"tier{tier}_2020_final.pt")
        torch.save(content, paths[0], _use_new_zipfile_serialization=archive)
    arguments = ["checkpoints", "import", "melnet", *map(str, paths), "--licence", "MIT"]
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--to", str(tmp_path / "ours")])
    assert ended.value.code in (0, None)
    expected = found.outputs["spectrogram"]
    model = load_checkpoint(tmp_path / "ours").model
    drawn = sample(model, expected.shape[2], len(expected), Mode())
    assert_agrees("spectrogram", drawn.mels, expected)


def test_split() -> None:
    found = vectors("melnet_sample")
    numbers = [int(name.split(".")[1][4:]) for name in found.outputs if name.endswith(".x_lg")]
    for tier in numbers:
        coarse, between = split(found.inputs["split_input"], tier, max(numbers))
        assert_agrees("x_lg", coarse, found.outputs[f"split.tier{tier}.x_lg"])
        assert_agrees("x_g", between, found.outputs[f"split.tier{tier}.x_g"])
