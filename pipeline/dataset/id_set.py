"""A set of row ids in eight bytes each, for passes over millions of rows."""

import numpy as np

_FRESH = 65_536  # ids that are kept as they come before they are sorted in


class IdSet:
    """Ids by Python's hash of 64 bits: two of a million are taken for one once in 10^8 builds."""

    def __init__(self) -> None:
        self._sorted = np.zeros(0, np.int64)
        self._fresh: set[int] = set()

    def add(self, row_id: str) -> bool:
        """Whether the id is new."""
        if row_id in self:
            return False
        self._fresh.add(hash(row_id))
        if len(self._fresh) >= _FRESH:
            fresh = np.fromiter(self._fresh, np.int64, len(self._fresh))
            self._sorted = np.sort(np.concatenate([self._sorted, fresh]))
            self._fresh = set()
        return True

    def __contains__(self, row_id: str) -> bool:
        wanted = hash(row_id)
        if wanted in self._fresh:
            return True
        place = int(self._sorted.searchsorted(wanted))
        return place < len(self._sorted) and int(self._sorted[place]) == wanted
