import signal
import subprocess
import sys

import pytest

_STOPPED = """
import multiprocessing, os, signal, time
from flows.stopping import Stopping
if __name__ == "__main__":
    with Stopping():
        lock = multiprocessing.get_context("spawn").Lock()
        os.kill(os.getpid(), signal.{name})
        time.sleep(60)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_build_says_one_line_though_it_has_semaphores(sent: signal.Signals) -> None:
    code = _STOPPED.format(name=sent.name)
    over = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert over.returncode == 128 + sent
    assert over.stderr == "\nstopped; the same command goes on from here\n"
