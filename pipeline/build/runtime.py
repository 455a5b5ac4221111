"""How a build is run, which changes no row: shards, workers, device."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.errors import ConfigError


@dataclass(frozen=True)
class RuntimeConfig:
    """How the build is run; nothing here changes a row.

    `workers` shards are worked on at a time (null: one a CPU core). `work_dir` keeps the
    shards between runs (null: `.voxloom/NAME` beside the output directory). A stage that takes
    longer than `shard_timeout_s` for a shard is tried again, and then fails (null: no limit).
    """

    shard_size: int = 256  # sentences
    workers: int | None = None
    runner: Literal["threads", "processes", "ray"] = "threads"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    work_dir: Path | None = None
    shard_timeout_s: float | None = 3600  # of a stage of a shard

    def __post_init__(self) -> None:
        if self.shard_size < 1:
            raise ValueError(f"shard_size: {self.shard_size} sentences; 1 or more is needed")
        if self.workers is not None and self.workers < 1:
            raise ValueError(f"workers: {self.workers}; 1 or more is needed, or null")
        if self.shard_timeout_s is not None and self.shard_timeout_s <= 0:
            raise ValueError(
                f"shard_timeout_s: {self.shard_timeout_s}; more than 0 is needed, or null"
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
