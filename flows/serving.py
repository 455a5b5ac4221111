"""The deployments of prefect.yaml served from this machine, with a server of its own if need be."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from prefect import Flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.flows import load_flow_from_entrypoint
from prefect.schedules import Cron
from prefect.settings import PREFECT_API_URL, get_current_settings, temporary_settings
from prefect.types.entrypoint import EntrypointType

from flows.server_setup import HEARTBEAT_S
from models.config import read_yaml
from models.errors import DataError

_CHECKOUT = Path(__file__).resolve().parent.parent
_COMES_UP_IN_S = 120


@contextmanager
def server(port: int) -> Iterator[str]:
    """The address of Prefect's API: the one that is configured, the one that answers at `port`
    of this machine, or a server that is started there and ends with the block.

    Raises `DataError` where that does not come up.
    """
    configured = get_current_settings().api.url
    if configured is not None:
        yield configured
        return
    address = f"http://127.0.0.1:{port}/api"
    started = None if _answers(address) else start_server(port, address)
    os.environ["PREFECT_API_URL"] = address  # for the runs, which are processes
    try:
        with temporary_settings({PREFECT_API_URL: address}):
            yield address
    finally:
        if started is not None:
            started.terminate()
            started.wait()


def start_server(port: int, address: str) -> subprocess.Popen[bytes]:
    """Start a server with all its services at a port of this machine; it answers when this returns.

    It is in a session of its own: Ctrl-C is heard here, and the server is ended without a word.
    Raises `DataError` where it does not come up.
    """
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
    # What its UI asks, which Prefect looks for at port 4200, and where notifications link to.
    links = {"PREFECT_UI_API_URL": address, "PREFECT_UI_URL": address.removesuffix("/api")}
    started = subprocess.Popen(
        command, env=os.environ | links, stdout=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + _COMES_UP_IN_S
    while not _answers(address):
        if started.poll() is not None or time.monotonic() > deadline:
            started.kill()
            raise DataError(f"{address}: Prefect's server does not come up; is the port free?")
        time.sleep(0.2)
    return started


def _answers(address: str) -> bool:
    try:
        # Asked again and again, and on this machine: no certificates are loaded.
        return httpx.get(f"{address}/health", timeout=5, verify=False).is_success
    except httpx.HTTPError:
        return False


def serve_deployments() -> None:
    """Run what is scheduled or asked for, until Ctrl-C; then schedules are paused."""
    os.environ.setdefault("VOXLOOM_DATA", str(Path("data").absolute()))
    serve(*deployments(_CHECKOUT / "prefect.yaml"), heartbeat_seconds=HEARTBEAT_S)


def deployments(file: Path) -> list[RunnerDeployment]:
    """What `prefect deploy --all` would deploy, for this process instead of a work pool."""
    return [_deployment(asked) for asked in read_yaml(file)["deployments"]]


def _deployment(asked: dict[str, Any]) -> RunnerDeployment:
    module, _, name = asked["entrypoint"].partition(":")
    entrypoint = f"{module.removesuffix('.py').replace('/', '.')}.{name}"
    flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint)
    schedules = [
        Cron(when["cron"], timezone=when["timezone"], active=when["active"])
        for when in asked.get("schedules", [])
    ]
    deployment = flow.to_deployment(
        name=asked["name"],
        description=asked["description"],
        tags=asked["tags"],
        parameters=asked["parameters"],
        schedules=schedules,
        concurrency_limit=asked["concurrency_limit"],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    assert isinstance(deployment, RunnerDeployment)
    return deployment
