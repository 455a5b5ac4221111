"""How a build is run, which changes no row: shards, workers, device."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from models.errors import ConfigError
from models.object_store import RemotePath

ShardStage = Literal["frontend", "synthesize", "vocode", "judge", "augment", "manifest"]
SHARD_STAGES: tuple[ShardStage, ...] = get_args(ShardStage)
GPU_STAGES: tuple[ShardStage, ...] = ("synthesize", "vocode")

_MOST_WORKERS = 10_000  # more than shards of any build are made at a time


@dataclass(frozen=True)
class RayPoolConfig:
    """Ray actors that make the shards of `stages`: how many, and what each holds of its machine."""

    stages: tuple[ShardStage, ...]
    workers: int
    cpus: float = 1.0
    gpus: float = 0.0  # 0.25: four share one

    def __post_init__(self) -> None:
        if self.workers < 1 or self.cpus < 0 or self.gpus < 0:
            raise ValueError(
                f"workers: {self.workers}, cpus: {self.cpus:g}, gpus: {self.gpus:g}; allowed are 1 "
                "worker or more, and no less than 0 of the others"
            )


@dataclass(frozen=True)
class RuntimeConfig:
    """How the build is run; nothing here changes a row.

    `workers` shards are worked on at a time (null: one a CPU core). `work_dir` keeps the
    shards between runs (null: `.voxloom/NAME` beside the output directory). A stage that takes
    longer than `shard_timeout_s` for a shard is tried again, and then fails (null: no limit).
    `ray_pools` are for `runner: ray`; by default one that makes all stages, and one for GPU stages
    where there is a GPU.
    """

    shard_size: int = 256  # sentences
    workers: int | None = None
    runner: Literal["threads", "processes", "ray"] = "threads"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    work_dir: Path | None = None
    shard_timeout_s: float | None = 3600  # of a stage of a shard
    ray_pools: tuple[RayPoolConfig, ...] = ()

    def __post_init__(self) -> None:
        if self.shard_size < 1:
            raise ValueError(f"shard_size: {self.shard_size} sentences; 1 or more is needed")
        if isinstance(self.work_dir, RemotePath):
            raise ValueError(
                f"work_dir: {self.work_dir}: is an object store; shards are renamed, locked and "
                "read at random, which needs a disk of this machine"
            )
        if self.workers is not None and not 1 <= self.workers <= _MOST_WORKERS:
            allowed = f"1 to {_MOST_WORKERS:,}, or null"
            raise ValueError(f"workers: {self.workers}; allowed are {allowed}")
        if self.shard_timeout_s is not None and self.shard_timeout_s <= 0:
            raise ValueError(
                f"shard_timeout_s: {self.shard_timeout_s}; more than 0 is needed, or null"
            )

        pooled = [stage for pool in self.ray_pools for stage in pool.stages]
        if self.ray_pools and sorted(pooled) != sorted(SHARD_STAGES):
            raise ValueError(
                f"ray_pools: their stages are {', '.join(pooled)}; each of "
                f"{', '.join(SHARD_STAGES)} must be in one of them"
            )

    @property
    def num_workers(self) -> int:
        return self.workers or os.cpu_count() or 1


def resolve_device(runtime: RuntimeConfig) -> str:
    """`cpu` or `cuda`; `ConfigError` when a GPU is asked for and there is none."""
    import torch

    has_gpu = torch.cuda.is_available()
    if runtime.device == "cuda" and not has_gpu:
        raise ConfigError("runtime.device: cuda, but torch finds no GPU; use auto or cpu")
    if runtime.device == "auto":
        return "cuda" if has_gpu else "cpu"
    return runtime.device


def ray_pools_of(runtime: RuntimeConfig, device: str) -> tuple[RayPoolConfig, ...]:
    """Those of the config, or one of `workers` actors and, on a GPU, one actor for its stages."""
    if runtime.ray_pools:
        return runtime.ray_pools
    if device == "cpu":
        return (RayPoolConfig(SHARD_STAGES, runtime.num_workers),)
    others = tuple(stage for stage in SHARD_STAGES if stage not in GPU_STAGES)
    on_gpu = RayPoolConfig(GPU_STAGES, workers=1, gpus=1.0)
    return (on_gpu, RayPoolConfig(others, runtime.num_workers))
