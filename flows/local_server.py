"""Prefect's temporary server for a build on one machine, gone whenever the build is."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

# Waits for its standard input to end, which it does when the build's process is gone, however
# it went. Prefect itself stops the server only on an orderly exit: after a kill -9 it would
# run, and hold the database, until the machine is restarted. A server that is asked to end while
# it works says so at length, so it is not asked.
_WATCH = """
import os, signal, sys
sys.stdin.read()
try:
    os.kill(int(sys.argv[1]), signal.SIGKILL)
except ProcessLookupError:
    pass
"""


def start_local_server() -> None:
    """Start Prefect's temporary server, unless a server is configured or it is running."""
    from prefect.settings import get_current_settings

    if get_current_settings().api.url is not None:
        return
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    if server.running:
        return
    with _in_sessions_of_their_own():
        server.start()
    assert server.server_process is not None
    command = [sys.executable, "-c", _WATCH, str(server.server_process.pid)]
    # Kept with the server, whose life it shares; Prefect stops the server when Python exits.
    server._watch = subprocess.Popen(  # type: ignore[attr-defined]
        command, stdin=subprocess.PIPE, start_new_session=True
    )


@contextmanager
def _in_sessions_of_their_own() -> Iterator[None]:
    """Keep what a terminal or `timeout` sends to the build's processes from those started here:
    Prefect's server offers no option for it.
    """
    usual = subprocess.Popen
    subprocess.Popen = partial(usual, start_new_session=True)  # type: ignore[misc,assignment]
    try:
        yield
    finally:
        subprocess.Popen = usual  # type: ignore[misc]
