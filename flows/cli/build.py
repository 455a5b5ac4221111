"""`voxloom build`."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.configs import read_config
from flows.cli.console import console, tell
from flows.cli.options import Overrides, Verbose
from models.imports import uncollected

if TYPE_CHECKING:
    from pipeline.build.config import BuildConfig


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
    started = time.monotonic()
    settings = _settings(config, output, overrides, runs=True)

    with uncollected():
        from flows.prepare import hold
        from flows.run_build import run_build

    with hold(settings):
        dataset = run_build(settings, verbose)
    _conclude(dataset, time.monotonic() - started)


def seal(
    config: Annotated[Path, typer.Argument(help="The build config (YAML).")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The dataset's folder: `output.path`.")
    ] = None,
    overrides: Overrides = None,
) -> None:
    """Make a dataset of the finished shards of a stopped build, marked partial.

    Use the arguments of `voxloom build`. The build may be resumed later, and then replaces it.

    [dim]Example:[/dim]  voxloom seal configs/build/quickstart.yaml
    """
    settings = _settings(config, output, overrides)

    from flows.prepare import hold, prepare
    from pipeline.build.seal import seal_build
    from pipeline.dataset.record import read_record
    from pipeline.storage.versions import published

    with hold(settings), console.status("sealing what is there"):
        dataset = seal_build(prepare(settings), as_it_stands=True)
    dataset = published(dataset)
    record = read_record(dataset)
    of = f", {record.partial.shards} of {record.partial.of} shards" if record.partial else ""
    tell(f"{record.rows} clips{of}\ndataset  {dataset}\nreport   {dataset / 'report.html'}")


def _settings(
    config: Path, output: Path | None, overrides: list[str] | None, runs: bool = False
) -> "BuildConfig":
    where = [] if output is None else [f"output.path={json.dumps(str(output), ensure_ascii=False)}"]
    return read_config(config, [*(overrides or []), *where], runs)


def _conclude(dataset: Path, seconds: float) -> None:
    from pipeline.audit.record import read_audit
    from pipeline.dataset.record import read_record
    from pipeline.storage.versions import published

    dataset = published(dataset)
    record = read_record(dataset)
    audio_s = record.hours * 3600
    console.print(
        f"{record.rows} clips, {audio_s / 60:.1f} minutes of audio, {record.rejects} "
        f"rejected, in {seconds:.0f} s ({audio_s / seconds:.1f} x real time)"
    )
    verdict = read_audit(dataset).verdict
    tell(f"audit    {verdict}\ndataset  {dataset}\nreport   {dataset / 'report.html'}")
