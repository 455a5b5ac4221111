"""`voxloom build`."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from flows.cli.console import console, tell
from flows.cli.options import Overrides, Verbose


def build(
    config: Annotated[Path, typer.Argument(help="The build config (YAML).")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The dataset's folder: `output.path`.")
    ] = None,
    overrides: Overrides = None,
    verbose: Verbose = False,
) -> None:
    """Build a dataset.

    If interrupted, the same command resumes. After a change of the config only the stages that it
    concerns run again.

    [dim]Examples:[/dim]

      voxloom build configs/build/quickstart.yaml

      voxloom build configs/build/quickstart.yaml -o data/loud --set augment.noise.snr_db.low=0

      voxloom build my.yaml --set sentences.count=50000 --set runtime.workers=16
    """
    from flows.run_build import run_build
    from pipeline.build.config import load_build_config

    overrides = list(overrides or [])
    if output is not None:
        overrides.append(f"output.path={json.dumps(str(output))}")
    started = time.monotonic()
    settings = load_build_config(config, overrides)

    dataset = run_build(settings, verbose)
    _conclude(dataset, time.monotonic() - started)


def _conclude(dataset: Path, seconds: float) -> None:
    from pipeline.dataset.files import AUDIT_FILE
    from pipeline.dataset.record import read_record

    record = read_record(dataset)
    audio_s = record.hours * 3600
    console.print(
        f"{record.rows} clips, {audio_s / 60:.1f} minutes of audio, {record.rejects} "
        f"rejected, in {seconds:.0f} s ({audio_s / seconds:.1f} x real time)"
    )
    audit = json.loads((dataset / AUDIT_FILE).read_text(encoding="utf-8"))
    tell(f"audit    {audit['verdict']}\ndataset  {dataset}\nreport   {dataset / 'report.html'}")
