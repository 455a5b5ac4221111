"""How long after a kill -9 of a worker and of its run Prefect shows that run as crashed, and what
a notification block is told of it.

    python -m benchmarks.dead_runs

On this machine alone: a server, a process work pool whose worker clones this checkout's last
commit, and the deployment `ad-hoc` of prefect.yaml with more sentences than it gets to. Takes three
minutes.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun

_CHECKOUT = Path(__file__).resolve().parent.parent
_DEADLINE_S = 300.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="voxloom-dead-runs-") as folder:
        # Read by Prefect when it is imported.
        os.environ |= {"PREFECT_HOME": folder, "VOXLOOM_DATA": folder}
        os.environ |= {"VOXLOOM_REPOSITORY": str(_CHECKOUT), "VOXLOOM_BRANCH": _branch()}
        os.environ.pop("PREFECT_API_URL", None)
        from flows import serving
        from flows.server_setup import set_up

        with serving.server(free_port()), _told() as told:
            set_up(gpu_slots=1, notify="custom-webhook/told")
            seconds, states = _measure(Path(folder))
            time.sleep(5)
    print(f"marked as crashed {seconds:.0f} s after kill -9; states of its runs: {states}")
    print(f"notified: {told}")


@contextmanager
def _told() -> Iterator[list[str]]:
    """What is sent to the notification block `custom-webhook/told`."""
    from prefect.blocks.notifications import CustomWebhookNotificationBlock

    told: list[str] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(200)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as webhook:
        threading.Thread(target=webhook.serve_forever, daemon=True).start()
        CustomWebhookNotificationBlock(
            name="told",
            url=f"http://127.0.0.1:{webhook.server_port}",
            json_data={"text": "{{subject}}: {{body}}"},
            headers=None,
            cookies=None,
        ).save("told")
        yield told
        webhook.shutdown()


def _measure(folder: Path) -> tuple[float, Mapping[str, str]]:
    """Seconds from the kill to the last state, and all states by run."""
    _prefect("work-pool", "create", "voxloom", "--type", "process")
    _prefect("deploy", "--name", "ad-hoc")
    worker = subprocess.Popen(
        [sys.executable, "-m", "prefect", "worker", "start", "--pool", "voxloom"],
        cwd=folder,
        start_new_session=True,
    )
    _prefect("deployment", "run", "build-dataset/ad-hoc", "--param", "count=100000")
    _wait_for(lambda runs: len(runs) == 2 and all(run.state_name == "Running" for run in runs))
    time.sleep(5)  # until the first sign of life is there
    started = time.monotonic()
    _kill_family(worker.pid)
    runs = _wait_for(lambda runs: all(run.state_name == "Crashed" for run in runs))
    return time.monotonic() - started, {run.name: str(run.state_name) for run in runs}


def _kill_family(pid: int) -> None:
    """The worker and all that it started, as when a machine goes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(pid, signal.SIGKILL)
    for child in children:
        _kill_family(int(child))


def _wait_for(is_enough: Callable[[list["FlowRun"]], bool]) -> list["FlowRun"]:
    from prefect.client.orchestration import get_client

    deadline = time.monotonic() + _DEADLINE_S
    with get_client(sync_client=True) as client:
        while not is_enough(runs := client.read_flow_runs()):
            states = {run.name: run.state_name for run in runs}
            if time.monotonic() > deadline:
                sys.exit(f"error: waited {_DEADLINE_S:.0f} s; the runs are {states}")
            time.sleep(1)
    return runs


def _prefect(*arguments: str) -> None:
    command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
    subprocess.run(command, cwd=_CHECKOUT, check=True)


def _branch() -> str:
    command = ["git", "rev-parse", "--abbrev-ref", "HEAD"]
    return subprocess.check_output(command, cwd=_CHECKOUT, text=True).strip()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


if __name__ == "__main__":
    main()
