"""How a build on this machine ends before its time: Ctrl-C and SIGTERM, told in a line."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import TYPE_CHECKING, Self

from flows.cli.console import console
from flows.worker_processes import start_tracker_of_semaphores

if TYPE_CHECKING:
    from pipeline.build.job import Job

_GOES_ON = "the same command goes on from here"


class Stopping:
    """While it is open: ends this process at once on Ctrl-C (130) or SIGTERM (143), and says what
    is kept of its `job`.

    Shards appear whole, so there is nothing to tidy up: what is in work is dropped. Ctrl-C is
    blocked for this process and all that it starts, and heard by a thread alone, so that no other
    process is stopped in the middle of a sentence about it. Threads that a library started before
    (OpenBLAS's) do not block it: what they get, the main thread handles.
    """

    def __init__(self) -> None:
        self.job: Job | None = None
        self._over = threading.Event()
        self._ear = threading.Thread(target=self._hear, daemon=True)

    def __enter__(self) -> Self:
        start_tracker_of_semaphores()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        asked = (signal.SIGTERM, signal.SIGINT)
        self._usual = {number: signal.signal(number, self._leave) for number in asked}
        self._ear.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        signal.pthread_kill(self._ear.ident or 0, signal.SIGINT)
        self._ear.join()
        for number, handler in self._usual.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

    def _hear(self) -> None:
        # sigtimedwait would do without a flag, and takes a build that is continued (SIGCONT) for
        # one that is interrupted.
        signal.sigwait({signal.SIGINT})
        if not self._over.is_set():
            self._leave(signal.SIGINT, None)

    def _leave(self, signal_number: int, frame: FrameType | None) -> None:
        try:
            console.show_cursor(True)
            print(f"\nstopped; {self._kept()}{_GOES_ON}", file=sys.stderr, flush=True)
        finally:  # also where nobody reads it any more
            os._exit(128 + signal_number)

    def _kept(self) -> str:
        if self.job is None:
            return ""
        from pipeline.build.stages import STAGE_NAMES  # as loaded as its job is planned

        total = len(STAGE_NAMES) * self.job.num_shards
        kept = sum(len(self.job.made(stage)) for stage in STAGE_NAMES)
        return f"{kept} of {total} shards are kept, those in work were dropped; "
