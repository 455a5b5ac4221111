"""Worker processes that do not outlive the one that started them."""

import multiprocessing
import os
import threading


def exit_with_parent() -> None:
    """The initializer of a process pool: end this process when the one that made it is gone.

    A pool ends its workers in an orderly exit. After a kill -9 they would wait for work for
    ever, and hold their memory.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
