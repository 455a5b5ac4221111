"""The peak memory of a process."""

import resource
import sys
from pathlib import Path


def peak_mib() -> float:
    """The most memory that this process ever held.

    On Linux a child's `ru_maxrss` begins at what its parent held, so /proc is asked there.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
