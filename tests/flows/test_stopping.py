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


_HEARD_ELSEWHERE = """
import signal, threading, time
from flows.stopping import Stopping
if __name__ == "__main__":
    library = threading.Thread(target=time.sleep, args=(60,), daemon=True)
    library.start()
    with Stopping():
        signal.pthread_kill(library.ident, signal.SIGINT)
        while True:
            time.sleep(0.05)
"""


def test_ctrl_c_is_told_though_a_thread_of_a_library_gets_it() -> None:
    over = subprocess.run(
        [sys.executable, "-c", _HEARD_ELSEWHERE], capture_output=True, text=True, timeout=60
    )
    assert over.returncode == 128 + signal.SIGINT
    assert over.stderr == "\nstopped; the same command goes on from here\n"
