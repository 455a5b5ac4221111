"""Prefect's temporary server for a build on one machine, gone whenever the build is."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Waits for its standard input to end, which it does when the build's process is gone, however
# it went. Prefect itself stops the server only on an orderly exit: after a kill -9 it would
# run, and hold the database, until the machine is restarted.
_WATCH = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.stdin.read()
try:
    os.kill(int(sys.argv[1]), signal.SIGTERM)
except ProcessLookupError:
    pass
"""


@contextmanager
def local_server() -> Iterator[None]:
    """Start Prefect's temporary server unless a server is configured, and stop it afterwards."""
    from prefect.settings import get_current_settings

    if get_current_settings().api.url is not None:
        yield
        return
    from prefect.server.api.server import SubprocessASGIServer

    server = SubprocessASGIServer()
    server.start()
    assert server.server_process is not None
    command = [sys.executable, "-c", _WATCH, str(server.server_process.pid)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as watch:
        try:
            yield
        finally:
            server.stop()
            assert watch.stdin is not None
            watch.stdin.close()
