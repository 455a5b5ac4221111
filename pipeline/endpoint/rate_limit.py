"""Rate limit: requests a minute, and pauses that an endpoint asks for."""

import threading
import time


class Stopped(Exception):
    """The work was given up while it waited."""


class Pace:
    """Lets requests of all threads go one by one, evenly spaced."""

    def __init__(self, per_minute: float) -> None:
        self._gap_s = 60.0 / per_minute
        self._next = time.monotonic()
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def wait_for_slot(self) -> None:
        """Return when the next request may go. Raises `Stopped` after `stop`."""
        with self._lock:
            now = time.monotonic()
            mine = max(now, self._next)
            self._next = mine + self._gap_s
        self.sleep(mine - now)

    def rest(self, seconds: float) -> None:
        """No request of any thread goes for so long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def sleep(self, seconds: float) -> None:
        if self._stopped.wait(max(seconds, 0)):
            raise Stopped

    def stop(self) -> None:
        """Wake everything that waits."""
        self._stopped.set()
