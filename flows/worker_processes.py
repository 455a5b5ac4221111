"""Processes of this machine that make shards, forked from one that has loaded what they need.

Each computes on a core of its own, with an interpreter of its own. Imports nothing heavy, so that
what they need is loaded while this process loads what it needs itself.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext
from types import FrameType
from typing import Any

from pipeline.storage.processes import exit_with_parent

# Forking after an import is not safe with the frameworks of macOS.
_FORKS = sys.platform == "linux"
_PRELOADED = ("pipeline.build.preloaded",)


class TookTooLong(Exception):
    """A worker was stopped."""


def load_ahead() -> None:
    """Begin to load what workers need, in the process that they will be forked from."""
    if not _FORKS:
        return
    start_tracker_of_semaphores()
    multiprocessing.set_forkserver_preload(list(_PRELOADED))
    # Blocked where it is heard by nobody: this process ends its workers.
    heard = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, heard)


def worker_pool(num_workers: int) -> ProcessPoolExecutor:
    """Processes that end with this one, in its environment."""
    load_ahead()
    context: BaseContext = multiprocessing.get_context("forkserver" if _FORKS else "spawn")
    environment = dict(os.environ)  # as it is now, with the keys of endpoints
    return ProcessPoolExecutor(num_workers, context, _begin, (environment,))


def _begin(environment: dict[str, str]) -> None:
    exit_with_parent()
    os.environ.update(environment)


def made_within(
    timeout_s: float | None, make: Callable[[Any, Any], Any], job: Any, piece: Any
) -> Any:
    """What `make` makes of a piece, in a process of the pool. Raises `TookTooLong`, where the call
    into a library ends that it came in."""
    if timeout_s is None:
        return make(job, piece)
    usual = signal.signal(signal.SIGALRM, _stop)
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        return make(job, piece)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)


def _stop(signal_number: int, frame: FrameType | None) -> None:
    raise TookTooLong


def start_tracker_of_semaphores() -> None:
    """Python's tracker removes a pool's semaphores when this process ends at once, and warns of
    each: not here, where that is the way to end. Where a pool starts it, CPython 3.11 and 3.12 let
    Ctrl-C through to this process again.
    """
    quiet = "ignore::UserWarning:multiprocessing.resource_tracker"
    asked = os.environ.get("PYTHONWARNINGS", "")
    if quiet not in asked:
        os.environ["PYTHONWARNINGS"] = f"{asked},{quiet}" if asked else quiet
    resource_tracker.ensure_running()
