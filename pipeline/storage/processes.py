"""Worker processes: they end with their parent, share the cores, and keep freed memory."""

import contextlib
import ctypes
import functools
import multiprocessing
import os
import signal
import threading

_shares_cores = False


def share_cores() -> None:
    """Note that this process is one of several that are as many as there are cores."""
    global _shares_cores
    _shares_cores = True


def may_start_processes() -> bool:
    """Whether this process may divide its work among others: not where it is a worker itself.

    Its siblings have the other cores. A pool's worker would not even end: Python waits for a
    process's children before it tells the pools of that process to let theirs go.
    """
    return not _shares_cores and not multiprocessing.current_process().daemon


def exit_with_parent() -> None:
    """The initializer of a process pool: end this process when the one that made it is gone, and
    not on Ctrl-C, which that one hears. It shares the cores with the others of the pool.

    A pool ends its workers in an orderly exit. After a kill -9 they would wait for work for
    ever, and hold their memory.
    """
    share_cores()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def compute_on_one_thread() -> None:
    """Let torch use one core, as workers share the cores among shards; and keep freed memory.

    The sums of a matrix product then have one order: rows do not depend on the number of cores.
    """
    import torch

    torch.set_num_threads(1)
    keep_freed_memory()


@functools.cache
def keep_freed_memory() -> None:
    """Keep up to 512 MB of freed memory for what is allocated next, where the C library is glibc.

    It gives every tensor of a megabyte back to the kernel, which then clears the pages again for
    the next: a sixth of the time of a vocoder.
    """
    mmap_threshold, trim_threshold = -3, -1  # mallopt's parameters, malloc.h
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_threshold, 32 << 20)  # the most that glibc allows
        libc.mallopt(trim_threshold, 512 << 20)
