"""A Prefect server of our own, to be killed."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping

_DEADLINE_S = 120


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def start_server(port: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """It answers when this returns."""
    command = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "critical"],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + _DEADLINE_S
    while not _answers(port):
        assert server.poll() is None, "the Prefect server ended"
        assert time.monotonic() < deadline, "the Prefect server does not answer"
        time.sleep(0.2)
    return server


def _answers(port: int) -> bool:
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=5)
    except OSError:
        return False
    return True
