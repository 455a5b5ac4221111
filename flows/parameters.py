"""What the forms of deployments ask for, put over a build's config when a run begins."""

import json
import os
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from prefect.runtime import flow_run
from pydantic import Field

from models.errors import ConfigError
from models.paths import as_path
from pipeline.build.config import BuildConfig, load_build_config

Count = Annotated[int, Field(ge=1)] | None
Seed = Annotated[int, Field(ge=0)] | Literal["date"] | None
Overrides = list[str] | None


def settings_of(
    config: str, output: str | None, count: int | None, seed: Seed, overrides: Overrides
) -> BuildConfig:
    """The config in the file `config` with what is asked for put over it.

    Raises `ConfigError` naming the file and the key.
    """
    asked = {
        "output.path": None if output is None else expanded(output),
        "sentences.count": count,
        "seed": int(f"{night():%Y%m%d}") if seed == "date" else seed,
    }
    given = [
        f"{key}={json.dumps(value, ensure_ascii=False)}"
        for key, value in asked.items()
        if value is not None
    ]
    return load_build_config(config, [*given, *(overrides or [])])


def place(path: str) -> Path:
    """A folder as a deployment names it."""
    return as_path(expanded(path))


def expanded(path: str) -> str:
    """A folder or address with `{date}` and variables of the worker's environment in it.

    Raises `ConfigError` for a variable that is not set there.
    """
    found = os.path.expandvars(path.replace("{date}", night().isoformat()))
    if unset := re.search(r"\$\{?\w+", found):
        raise ConfigError(f"{path}: {unset[0]} is not set in the environment of this worker")
    return found


def night() -> date:
    """The day for which the run was scheduled, in UTC: a run that comes late, or again, makes what
    it was meant to make.
    """
    scheduled = flow_run.scheduled_start_time
    return scheduled.astimezone(UTC).date() if scheduled else datetime.now(UTC).date()


def run_name() -> str:
    """What a run of a deployment is called, by its parameters: they are all that is known yet."""
    asked: dict[str, Any] = flow_run.parameters
    config = Path(asked["config"]).stem
    count = f", {asked['count']} sentences" if asked.get("count") else ""
    seed = night().isoformat() if asked.get("seed") == "date" else asked.get("seed")
    seeded = "" if seed is None else f", seed {seed}"
    into = f" into {Path(asked['dataset']).name}" if asked.get("dataset") else ""
    return f"{config}{into}{count}{seeded}"
