"""The steps of docker/compose.yaml, without containers: PostgreSQL, Redis, Prefect, a worker and an
object store, each with the environment and the command that stand there.

Takes a minute or two, so it is asked for by name: `python -m pytest tests/docker/compose_steps.py`.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from models.object_store import RemotePath
from pipeline.storage.versions import local_copy
from tests.faults.prefect_server import free_port
from tests.s3_server import S3_ENVIRONMENT, FaultyS3
from tests.tiny_build import rows_by_id, write_tiny_build
from tests.tiny_voices import TinyVoices

POSTGRES = [shutil.which(name) for name in ("initdb", "postgres", "createdb")]
REDIS = shutil.which("redis-server")
DEADLINE_S = 180
pytestmark = [
    pytest.mark.skipif(None in POSTGRES, reason="PostgreSQL is not installed (apt: postgresql)"),
    pytest.mark.skipif(REDIS is None, reason="Redis is not installed (apt: redis-server)"),
    pytest.mark.skipif(find_spec("prefect_redis") is None, reason="no prefect-redis"),
]


@contextmanager
def _running(
    command: list[str], log: Path, is_up: Callable[[], bool], **options: Any
) -> Iterator[None]:
    """A process while the block runs, from when `is_up` says so."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, **options)
        try:
            deadline = time.monotonic() + DEADLINE_S
            while not is_up():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.2)
            yield
        finally:
            process.terminate()
            process.wait(timeout=60)


def _listens(port: int) -> Callable[[], bool]:
    def is_up() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return is_up


def _answers(url: str) -> Callable[[], bool]:
    def is_up() -> bool:
        try:
            return httpx.get(url, timeout=5).is_success
        except httpx.HTTPError:
            return False

    return is_up


@contextmanager
def _postgres(folder: Path, port: int) -> Iterator[None]:
    """PostgreSQL, which does not run as root, with the user and database of the compose file."""
    user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    data = Path(f"/tmp/voxloom-postgres-{os.getpid()}")
    data.mkdir(mode=0o700)
    if user:
        shutil.chown(data, **user)
    try:
        initialize = ["initdb", "-D", str(data), "-U", "prefect", "-A", "trust"]
        subprocess.run(initialize, check=True, stdout=subprocess.DEVNULL, cwd=data, **user)
        serve = ["postgres", "-D", str(data), "-p", str(port), "-k", str(data), "-h", "127.0.0.1"]
        with _running(serve, folder / "postgres.log", _listens(port), cwd=data, **user):
            command = ["createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "prefect", "prefect"]
            subprocess.run(command, check=True)
            yield
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _here(service: dict[str, Any], ports: dict[str, int]) -> dict[str, str]:
    """The environment of a service with the other services at ports of this machine."""
    found = {}
    for name, value in service["environment"].items():
        for other, (inside, port) in {
            "postgres": (5432, ports["postgres"]),
            "redis": (6379, ports["redis"]),
            "server": (4200, ports["server"]),
            "store": (9000, ports["store"]),
        }.items():
            value = value.replace(f"{other}:{inside}", f"127.0.0.1:{port}")
        value = value.replace("${POSTGRES_PASSWORD:-prefect}", "prefect")
        found[name] = value.replace("${STORE_PASSWORD:-voxloom-store}", "voxloom-store")
    if "PREFECT_REDIS_MESSAGING_HOST" in found:
        found |= {"PREFECT_REDIS_MESSAGING_HOST": "127.0.0.1"}
        found |= {"PREFECT_REDIS_MESSAGING_PORT": str(ports["redis"])}
    return os.environ | found


def test_a_run_of_a_deployment_ends_in_the_object_store(
    s3: FaultyS3, tmp_path: Path, tiny_voices: TinyVoices, checkout: Path
) -> None:
    compose = yaml.safe_load((checkout / "docker" / "compose.yaml").read_text())["services"]
    ports = {name: free_port() for name in ("postgres", "redis", "server")}
    ports["store"] = int(s3.address.rpartition(":")[2])
    api = f"http://127.0.0.1:{ports['server']}/api"
    prefect = [sys.executable, "-m", "prefect"]
    server, services, worker = (
        _here(compose[name], ports) for name in ("server", "services", "worker")
    )
    worker |= {"PYTHONPATH": str(checkout), "VOXLOOM_DATA": "s3://bucket", **S3_ENVIRONMENT}
    home = {"PREFECT_HOME": str(tmp_path / "prefect")}
    config = write_tiny_build(tmp_path, tiny_voices, count=4)
    with ExitStack() as stack:
        stack.enter_context(_postgres(tmp_path, ports["postgres"]))
        redis = [str(REDIS), "--port", str(ports["redis"]), "--save", "", "--dir", str(tmp_path)]
        stack.enter_context(_running(redis, tmp_path / "redis.log", _listens(ports["redis"])))
        command = compose["server"]["command"].replace("0.0.0.0", "127.0.0.1").split()[1:]
        stack.enter_context(
            _running(
                [*prefect, *command, "--port", str(ports["server"])],
                tmp_path / "server.log", _answers(f"{api}/health"), env=server | home,
            )
        )  # fmt: skip
        stack.enter_context(
            _running(
                [*prefect, *compose["services"]["command"].split()[1:]],
                tmp_path / "services.log", lambda: True, env=services | home,
            )
        )  # fmt: skip
        health = free_port()
        worker["PREFECT_RUNNER_SERVER_ENABLE"] = "true"  # as in the image
        worker["PREFECT_RUNNER_SERVER_PORT"] = str(health)
        work = tmp_path / "work"
        work.mkdir()
        stack.enter_context(
            _running(
                [sys.executable, "-m", "flows.cli.app", "serve"],
                tmp_path / "worker.log", _answers(f"http://127.0.0.1:{health}/health"),
                env=worker | home, cwd=work,
            )
        )  # fmt: skip
        ask = [*prefect, "deployment", "run", "build-dataset/ad-hoc", "--watch"]
        parameters = ["--param", f"config={config}"]
        done = subprocess.run(
            [*ask, *parameters], env=os.environ | home | {"PREFECT_API_URL": api},
            capture_output=True, text=True, check=False, timeout=DEADLINE_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + (tmp_path / "worker.log").read_text()
    assert len(rows_by_id(local_copy(RemotePath("s3://bucket/ad-hoc")))) == 4
