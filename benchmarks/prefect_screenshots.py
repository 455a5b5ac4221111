"""Pictures of Prefect's UI during a build, as docs/pictures has them.

    .venv/bin/python -m benchmarks.prefect_screenshots

Needs Chromium (apt install chromium). Serves the deployments of prefect.yaml with a server of its
own, runs `ad-hoc`, and writes prefect-form.png, prefect-run.png, prefect-stages.png and
prefect-dataset.png.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from benchmarks.dead_runs import free_port
from benchmarks.screenshots import PICTURES, take

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from prefect.client.orchestration import SyncPrefectClient

_DEADLINE_S = 300.0
_WIDTH, _HEIGHT = 1280, 900
_DRAWN_AFTER_MS = 5000
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--out", type=Path, default=PICTURES)
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("error: needs Chromium: apt install chromium")
    with tempfile.TemporaryDirectory(prefix="voxloom-pictures-") as folder:
        os.environ |= {"PREFECT_HOME": folder, "VOXLOOM_DATA": folder}
        os.environ.pop("PREFECT_API_URL", None)
        with _served() as address, _page(chromium) as page:
            _take_all(page, address, options.count, options.out)


def _take_all(page: "Page", address: str, count: int, out: Path) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        deployment = _awaited(lambda: client.read_deployment_by_name("build-dataset/ad-hoc"))
        _show(page, f"{address}/deployments/deployment/{deployment.id}/run")
        take(page, out / "prefect-form.png")
        asked = {"count": count, "seed": 7, "overrides": [f"runtime.shard_size={count // 6}"]}
        client.create_flow_run_from_deployment(deployment.id, parameters=asked)
        run = _awaited(lambda: _run_of_shards(client))
        _awaited(lambda: _is_half_way(client))
        _show(page, f"{address}/runs/flow-run/{run}")
        page.get_by_text("Task Runs", exact=True).last.click()
        page.wait_for_timeout(2 * _DRAWN_AFTER_MS)  # its graph is drawn without a GPU here
        take(page, out / "prefect-run.png")
        _awaited(lambda: client.read_flow_run(run).state_name == "Completed")
        for key in ("stages", "dataset"):
            (shown,) = (one for one in client.read_artifacts() if one.key == f"quickstart-{key}")
            _show(page, f"{address}/artifacts/artifact/{shown.id}")
            take(page, out / f"prefect-{key}.png")


def _show(page: "Page", address: str) -> None:
    """The UI goes on asking its server, so there is no event to wait for."""
    page.goto(address)
    page.wait_for_timeout(_DRAWN_AFTER_MS)


def _run_of_shards(client: "SyncPrefectClient") -> UUID:
    return next(run.id for run in client.read_flow_runs() if "shards" in run.name)


def _is_half_way(client: "SyncPrefectClient") -> bool:
    shown = [float(str(one.data)) for one in client.read_artifacts() if one.type == "progress"]
    return max(shown, default=0.0) > 30


def _awaited(ask: Callable[[], T]) -> T:
    """The first answer that is neither false nor an error."""
    deadline = time.monotonic() + _DEADLINE_S
    while True:
        try:
            if answer := ask():
                return answer
        except Exception:
            if time.monotonic() > deadline:
                raise
        if time.monotonic() > deadline:
            sys.exit(f"error: waited {_DEADLINE_S:.0f} s")
        time.sleep(0.5)


@contextmanager
def _served() -> Iterator[str]:
    """`voxloom serve` beside a server of ours; the address of its UI."""
    from flows import serving

    with serving.server(free_port()) as api:
        command = [sys.executable, "-m", "flows.cli.app", "serve"]
        served = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield api.removesuffix("/api")
        finally:
            served.send_signal(signal.SIGINT)
            served.wait()


@contextmanager
def _page(chromium: str) -> Iterator["Page"]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has none for root
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        browser.close()


if __name__ == "__main__":
    main()
