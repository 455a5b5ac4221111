"""A compact set of very many texts: some twenty bytes each."""

from array import array

_LEAST_SLOTS = 1 << 10
_HASH_BITS = (1 << 63) - 1  # of a hash; a slot holds it plus one, or 0 where it is free


class BitsByHash:
    """Eight bits for each text, by Python's hash of 63 bits of it: two of a million texts are taken
    for one once in 10^7 processes, two of a thousand million once in 20.

    A table with open addressing: a set of Python's would take a hundred bytes for each.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _LEAST_SLOTS))
        self._bits = bytearray(_LEAST_SLOTS)
        self._num_used = 0

    def __len__(self) -> int:
        return self._num_used

    def get(self, text: str | int) -> int:
        """Its bits; 0 where it is not there."""
        return self._bits[self._slot_of((hash(text) & _HASH_BITS) + 1)]

    def mark(self, text: str | int, bits: int = 1) -> int:
        """Add to its bits, of which one at least is set; returns those before."""
        entry = (hash(text) & _HASH_BITS) + 1
        slot = self._slot_of(entry)
        before = self._bits[slot]
        self._bits[slot] = before | bits
        if not before:
            self._slots[slot] = entry
            self._num_used += 1
            if 3 * self._num_used > 2 * len(self._slots):
                self._grow()
        return before

    def _slot_of(self, entry: int) -> int:
        """Where it is, or would be."""
        slots, last = self._slots, len(self._slots) - 1
        slot = entry & last
        while (found := slots[slot]) and found != entry:
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        slots, bits = self._slots, self._bits
        self._slots, self._bits = array("Q", bytes(16 * len(slots))), bytearray(2 * len(slots))
        for entry, of_entry in zip(slots, bits, strict=True):
            if entry:
                slot = self._slot_of(entry)
                self._slots[slot], self._bits[slot] = entry, of_entry
