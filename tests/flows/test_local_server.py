"""Prefect's temporary server goes when the process that started it goes, however that went."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

DEADLINE_S = 60
# Prefect's own application would take seconds to come up: one that answers takes its place.
_HEALTHY = """
async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"true"})
"""
_PROGRAM = """
import subprocess
import sys
import flows
from flows.local_server import start_local_server
from prefect.server.api.server import SubprocessASGIServer

def healthy(server):
    options = ["--app-dir", sys.argv[1], "--port", str(server.port), "--log-level=error"]
    return subprocess.Popen([sys.executable, "-m", "uvicorn", "healthy:app", *options])

assert SubprocessASGIServer._run_uvicorn_command
SubprocessASGIServer._run_uvicorn_command = healthy
start_local_server()
print(SubprocessASGIServer().server_process.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the server in /proc")
def test_the_server_of_a_killed_process_ends(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "healthy.py").write_text(_HEALTHY)
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    program = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(tmp_path)],
        cwd=checkout,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    command = Path(f"/proc/{int(program.stdout.readline())}/cmdline")
    assert "uvicorn" in command.read_text()
    os.kill(program.pid, signal.SIGKILL)
    program.communicate()
    started = time.monotonic()
    while _runs(command):
        assert time.monotonic() - started < DEADLINE_S, "the server still runs"
        time.sleep(0.02)


def _runs(command: Path) -> bool:
    try:
        return "uvicorn" in command.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
