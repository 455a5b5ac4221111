"""MelNet's recipe: tiers one after the other, each on its own cut of random segments of speech."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from models.atomic import write_atomically
from models.errors import DataError
from models.losses import check_loss_names
from models.mel import MelConfig, convert_mels
from models.melnet.network import MelNet, MelNetConfig, Tier, make_tier, mixture_nll
from models.melnet.sampling import RandomDraw, draw_tier
from models.melnet.tiers import frame_factor, interleave, split
from models.training.corpus import CorpusConfig
from models.training.features import Clip, Features, prepare_features
from models.training.optimizers import OptimizerConfig
from models.training.pictures import save_spectrogram
from models.training.provenance import Origin, Provenance
from models.training.session import Batch, LoopConfig
from models.training.supervised import train_supervised

_HELD_OUT_CLIPS = 48
_DRAWN = 2  # samples a tier draws at every evaluation

UNIT_MEL = MelConfig(log="db", scaling="unit", ref_level_db=0.0, min_level_db=-100.0)


@dataclass(frozen=True, slots=True)
class TierPlan:
    """How much one tier learns from. `segment_frames` are those of the whole spectrogram."""

    batch_size: int
    segment_frames: int
    steps: int | None = None  # None: as many as `loop` says

    def __post_init__(self) -> None:
        if min(self.batch_size, self.segment_frames) < 1:
            raise ValueError("batch_size: batch_size and segment_frames must be positive")


@dataclass(frozen=True, slots=True)
class MelNetTraining:
    """`configs/train/melnet.yaml`. `only` names the tiers to train now; empty: all of them."""

    recipe: Literal["melnet"]
    run: Path
    corpus: CorpusConfig
    plans: tuple[TierPlan, ...]
    loop: LoopConfig
    optimizer: OptimizerConfig
    provenance: Provenance
    cache: Path = Path("runs/cache")
    mel: MelConfig = UNIT_MEL
    model: MelNetConfig = MelNetConfig()
    only: tuple[int, ...] = ()
    loss_weights: dict[str, float] = dataclasses.field(default_factory=lambda: {"nll": 1.0})

    def __post_init__(self) -> None:
        check_loss_names(self.loss_weights, ("nll",))
        if self.mel.scaling != "unit":
            raise ValueError(f"mel.scaling: MelNet draws unit values, not {self.mel.scaling}")
        if len(self.plans) != self.model.num_tiers:
            raise ValueError(
                f"plans: {self.model.num_tiers} tiers need as many, found {len(self.plans)}"
            )
        strange = [tier for tier in self.only if not 1 <= tier <= self.model.num_tiers]
        if strange:
            raise ValueError(f"only: tiers are 1 to {self.model.num_tiers}, found {strange[0]}")
        for tier, plan in enumerate(self.plans, start=1):
            factor = frame_factor(1, self.model.num_tiers)
            if plan.segment_frames % factor:
                raise ValueError(
                    f"plans: tier {tier}: segment_frames must be a multiple of {factor}, "
                    f"found {plan.segment_frames}"
                )

    def tier_folder(self, tier: int) -> Path:
        return self.run / f"tier{tier}"


def train_melnet(config: MelNetTraining) -> Path:
    """Train the tiers that are asked for; returns the folder of the whole model.

    It is written once every tier has been trained, by this call or an earlier one.
    """
    features = prepare_features(config.corpus, natural_log(config.mel), config.cache)
    for tier in config.only or range(1, config.model.num_tiers + 1):
        print(f"{config.model.name}: tier {tier} of {config.model.num_tiers}", flush=True)
        plan = config.plans[tier - 1]
        loop = dataclasses.replace(config.loop, steps=plan.steps or config.loop.steps)
        torch.manual_seed(loop.seed + tier)
        task = TierTask(config, features, tier)
        train_supervised(task, loop, config.optimizer, config.tier_folder(tier))
    return assemble(config)


def assemble(config: MelNetTraining) -> Path:
    """The best of every tier as one checkpoint in `run/best`; which of them are missing, if any."""
    files = {
        tier: config.tier_folder(tier) / "best" / "tier.safetensors"
        for tier in range(1, config.model.num_tiers + 1)
    }
    missing = [str(tier) for tier, path in files.items() if not path.is_file()]
    if missing:
        print(f"{config.run}: still to be trained are tiers {', '.join(missing)}", flush=True)
        return config.run
    model = MelNet(config.model, config.mel)
    metrics: dict[str, float] = {}
    steps = 0
    for (tier, path), network in zip(files.items(), model.tiers, strict=True):
        network.load_state_dict(load_file(path))
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
        steps += int(metadata["step"])
        values = json.loads(metadata["metrics"])
        metrics |= {f"{name}_tier{tier}": value for name, value in values.items()}
    _origin_of(config).save(model, config.run / "best", steps, metrics)
    return config.run / "best"


def _origin_of(config: MelNetTraining) -> Origin:
    return Origin("melnet", config.model, config.mel, config.provenance)


class TierTask:
    """See `SupervisedTask`. Metrics and losses are nats a pixel, in the scale of `mel`."""

    def __init__(self, config: MelNetTraining, features: Features, tier: int) -> None:
        self.config, self.features, self.tier = config, features, tier
        self.plan = config.plans[tier - 1]
        self.model = make_tier(config.model, config.mel, tier)
        self.loss_weights = dict(config.loss_weights)
        length = self.plan.segment_frames
        self.clips = [clip for clip in features.training() if clip.num_frames >= length]
        held_out = [clip for clip in features.held_out() if clip.num_frames >= length]
        self.held_out = held_out[:: -(-len(held_out) // _HELD_OUT_CLIPS) or 1]
        if not self.clips or not self.held_out:
            which = "to evaluate on" if self.clips else "to train on"
            raise DataError(f"plans: tier {tier}: no clip {which} has {length} frames or more")
        shares = np.array([clip.num_frames - length + 1 for clip in self.clips], dtype=np.float64)
        self._shares = shares / shares.sum()

    def batch(self, step: int) -> Batch:
        rng = np.random.default_rng((self.config.loop.seed, self.tier, step))
        chosen = rng.choice(len(self.clips), self.plan.batch_size, p=self._shares)
        return self._cut([self._segment(self.clips[index], rng) for index in chosen])

    def _segment(self, clip: Clip, rng: np.random.Generator | None) -> np.ndarray:
        """(segment_frames, n_mels) of the clip, at a random place or (None) in its middle."""
        length = self.plan.segment_frames
        latest = clip.num_frames - length
        first = latest // 2 if rng is None else rng.integers(latest + 1)
        return self.features.mel(clip)[first : first + length]

    def _cut(self, segments: list[np.ndarray]) -> Batch:
        """Segments as the condition of the tier and what it has to draw: (B, F, T) each."""
        mels = torch.from_numpy(np.stack(segments)).transpose(1, 2)  # (B, T, F) -> (B, F, T)
        mels = convert_mels(mels, self.features.mel_config, self.config.mel)
        coarse, target = split(mels, self.tier, self.config.model.num_tiers)
        return {"target": target, "coarse": None if self.tier == 1 else coarse}

    def losses(self, model: nn.Module, batch: Batch) -> dict[str, Tensor]:
        mixture = model(batch["target"], batch["coarse"])
        return {"nll": mixture_nll(mixture, batch["target"]).mean()}

    @torch.no_grad()
    def evaluate(self, model: nn.Module, board: Any, step: int) -> dict[str, float]:
        """Held-out likelihood, and that of a Gaussian for each band, which any model must beat.

        What the tier draws goes to TensorBoard and to `samples/`.
        """
        device, size = next(model.parameters()).device, self.plan.batch_size
        real = self._cut([self._segment(clip, None) for clip in self.held_out])
        self._draw(model, real, board, step)
        found = []
        for first in range(0, len(self.held_out), size):
            batch: Batch = {name: _rows(part, first, size, device) for name, part in real.items()}
            found.append(mixture_nll(model(batch["target"], batch["coarse"]), batch["target"]))
        return {
            "nll": float(torch.cat(found).mean()),
            "band_gaussian_nll": _band_gaussian_nll(real["target"]),
        }

    def _draw(self, model: nn.Module, real: Batch, board: Any, step: int) -> None:
        assert isinstance(model, Tier)
        draw = RandomDraw.seeded(range(_DRAWN))
        frames = real["target"].shape[2]
        coarse = None if real["coarse"] is None else real["coarse"][:_DRAWN]
        grid = draw_tier(model, coarse, frames, _DRAWN, draw).cpu()
        whole = grid if coarse is None else interleave(grid, coarse, self.tier)
        folder = self.config.tier_folder(self.tier) / "samples"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"step{step + 1:06d}"
        np.save(folder / f"{name}.npy", whole.numpy())
        for index, picture in enumerate(whole):
            board.add_image(f"drawn_{index}", picture.flip(0)[None], step)
            title = f"{self.config.model.name}, tier {self.tier}, step {step + 1}"
            save_spectrogram(folder / f"{name}-{index}.png", picture.numpy(), title)

    @property
    def identity(self) -> dict[str, Any]:
        return {**_origin_of(self.config).identity, "tier": self.tier}

    def export(self, model: nn.Module, folder: Path, step: int, metrics: dict[str, float]) -> None:
        """One tier's weights and figures; `assemble` makes a checkpoint of all."""
        weights = {name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()}
        told = {"step": str(step), "metrics": json.dumps(metrics)}
        write_atomically(folder / "tier.safetensors", save(weights, told))


def natural_log(mel: MelConfig) -> MelConfig:
    """The same spectrogram in the scale that other recipes keep it in: one cache for all."""
    plain = MelConfig()
    return dataclasses.replace(
        mel,
        log=plain.log,
        scaling=plain.scaling,
        ref_level_db=plain.ref_level_db,
        min_level_db=plain.min_level_db,
    )


def _band_gaussian_nll(target: Tensor) -> float:
    """Nats a pixel of (B, F, T) under one Gaussian a band, fitted to these very pixels."""
    std = target.transpose(0, 1).flatten(1).std(dim=1).clamp(min=1e-5)
    return float((std.log() + 0.5 * np.log(2 * np.pi * np.e)).mean())


def _rows(values: Tensor | None, first: int, count: int, device: torch.device) -> Tensor | None:
    return None if values is None else values[first : first + count].to(device)
