"""`voxloom doctor`: a check of this machine: packages, device, checkpoints, server, disk."""

import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from flows.cli.console import console
from models.errors import ConfigError, VoxloomError

_DISK_WARNING_BYTES = 2e9


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table; `remedy` is empty when there is nothing to do.

    `state` is `ok`, `missing` (a build cannot run) or `note` (something optional).
    """

    what: str
    state: str
    found: str
    remedy: str = ""


def doctor(
    set_up: Annotated[
        bool, typer.Option("--set-up", help="Create what the Prefect server lacks.")
    ] = False,
) -> None:
    """Check this machine: packages, device, text grammars, checkpoints, Prefect server, disk.

    Says how to install what is missing. Exits with status 1 if a build could not run.
    """
    if set_up:
        _set_up_server()
    colors = {"ok": "green", "missing": "red", "note": "yellow"}
    table = Table("", "", box=None)
    table.add_column("found", overflow="fold")
    table.add_column("what to do", overflow="fold")
    findings = []
    for finding in examine():
        findings.append(finding)
        color = colors[finding.state]
        state = f"[{color}]{finding.state}[/{color}]"
        table.add_row(finding.what, state, finding.found, finding.remedy)
    console.print(table)
    if any(finding.state == "missing" for finding in findings):
        sys.exit(1)
    console.print("All there: [bold]voxloom build configs/build/quickstart.yaml[/bold]")


def _set_up_server() -> None:
    from prefect.settings import get_current_settings

    if get_current_settings().api.url is None:
        raise ConfigError("--set-up: no Prefect server is configured; set PREFECT_API_URL")
    from flows.server_setup import add_missing

    add_missing()


def examine() -> Iterator[Finding]:
    """Everything a build touches, from the interpreter to the disk."""
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.machine()}")
    yield from _packages()
    yield _tried("device", _device, "install torch again; see README.md")
    yield _tried("espeak-ng", _espeak, "pip install --force-reinstall espeakng-loader phonemizer")
    yield _tried("text grammars", _grammars, "set VOXLOOM_CACHE to a folder that can be written")
    yield from _checkpoints()
    yield _tried("Prefect server", _server, "start it, or unset PREFECT_API_URL")
    yield _disk()


def _packages() -> Iterator[Finding]:
    """Every package that voxloom's metadata asks for; those of an extra are optional."""
    from importlib import metadata

    try:
        requirements = requirements_by_extra(metadata.requires("voxloom") or ())
    except metadata.PackageNotFoundError:
        yield Finding("voxloom", "missing", "-", "pip install -c constraints.txt -e .")
        return
    installed, missing = _versions([*requirements.pop(""), "nemo_text_processing"])
    if installed:
        yield Finding("packages", "ok", ", ".join(installed))
    for name in missing:
        options = "--no-deps " if name == "nemo_text_processing" else ""
        yield Finding(name, "missing", "-", f"pip install -c constraints.txt {options}{name}")
    requirements.pop("dev", None)  # what only the tests of a checkout need
    for extra, names in requirements.items():
        installed, missing = _versions(names)
        if missing:
            without, remedy = f"without {', '.join(missing)}", f"pip install -e '.\\[{extra}]'"
            yield Finding(f"extra {extra}", "note", without, f"optional: {remedy}")
        else:
            yield Finding(f"extra {extra}", "ok", ", ".join(installed))


def requirements_by_extra(requirements: Sequence[str]) -> dict[str, list[str]]:
    """The names of packages under the extra that needs them; "" is every installation.

    `requirements` are as in the metadata of a distribution: `pooch>=1.8; extra == "train"`.
    """
    names: dict[str, list[str]] = {"": []}
    for requirement in requirements:
        specifier, _, condition = requirement.partition(";")
        extra = re.search(r"extra == ['\"]([\w-]+)", condition)
        name = re.split(r"[^\w.-]", specifier, maxsplit=1)[0]
        names.setdefault(extra[1] if extra else "", []).append(name)
    return names


def _versions(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """What is installed, as `torch 2.11.0`, and what is not."""
    from importlib import metadata

    installed, missing = [], []
    for name in names:
        try:
            installed.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    return installed, missing


def _tried(what: str, examination: Callable[[], Finding], remedy: str) -> Finding:
    """A broken installation may raise anything, and the doctor has to live to tell."""
    try:
        return examination()
    except VoxloomError as error:
        return Finding(what, "missing", "-", str(error))
    except Exception as error:
        return Finding(what, "missing", f"{type(error).__name__}: {error}", remedy)


def _device() -> Finding:
    import torch

    if torch.cuda.is_available():
        names = {torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())}
        return Finding("device", "ok", f"cuda: {', '.join(sorted(names))}")
    return Finding("device", "ok", f"cpu, {os.cpu_count()} cores; no GPU, builds run without one")


def _espeak() -> Finding:
    from models.phonology.phonemes import Phonemizer

    phonemes = Phonemizer("en-us").phonemize(["Hello, world."])[0]
    return Finding("espeak-ng", "ok", phonemes)


def _grammars() -> Finding:
    from models.cache_folder import cache_folder

    for compiled in cache_folder().glob("nemo-en-*/complete"):
        return Finding("text grammars", "ok", str(compiled.parent))
    return Finding("text grammars", "note", "-", "the first build compiles them: half a minute")


def _checkpoints() -> Iterator[Finding]:
    """Those that a build uses when its config names none."""
    try:
        from pipeline.judging.judge import JudgeConfig
        from pipeline.speech.synthesize import VoiceConfig
    except ImportError as error:  # a package that is named above, or a broken one
        yield Finding("checkpoints", "missing", f"cannot be read: {error}", "see above")
        return
    voice = VoiceConfig()
    for name in (voice.acoustic_model, voice.vocoder, JudgeConfig().recognizer):
        if name is not None:
            yield _checkpoint(name)


def _checkpoint(name: str) -> Finding:
    from models.checkpoint import checkpoint_digest, read_info

    try:
        info, digest = read_info(name), checkpoint_digest(name)
    except VoxloomError as error:
        remedy = f"git checkout models/pretrained, or voxloom train configs/train/{name}.yaml"
        return Finding(name, "missing", str(error), remedy)
    speakers = f", {len(info.speakers)} speakers" if info.speakers else ""
    return Finding(name, "ok", f"intact, step {info.step}{speakers}, {digest}")


def _server() -> Finding:
    """The one that is configured; builds run without."""
    from prefect.settings import get_current_settings

    address = get_current_settings().api.url
    if address is None:
        return Finding("Prefect server", "ok", "none is configured; builds run without")
    from flows.server_setup import missing

    absent = ", ".join(missing())
    if absent:
        remedy = "voxloom doctor --set-up"
        return Finding("Prefect server", "note", f"{address}, without {absent}", remedy)
    return Finding("Prefect server", "ok", address)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    state = "ok" if free > _DISK_WARNING_BYTES else "note"
    remedy = "" if state == "ok" else "100 clips take about 10 MB, and as much again in shards"
    return Finding("disk", state, f"{free / 1e9:.0f} GB free here", remedy)
