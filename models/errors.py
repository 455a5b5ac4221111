"""Errors with a message of one line for the user."""

import re

_LONGEST = 3000  # characters of a message
_NO_MEMORY = re.compile("out of memory|can't allocate memory", re.IGNORECASE)  # torch's words


class VoxloomError(Exception):
    """Something the user can put right. The message says what, where, and what is allowed; what
    it quotes may be of any length, and so it ends somewhere.
    """

    def __str__(self) -> str:
        text = super().__str__()
        return text if len(text) < _LONGEST else f"{text[:_LONGEST]}…"


class ConfigError(VoxloomError):
    """A config file, a key in it or its value is wrong; raised before any work is done."""


class DataError(VoxloomError):
    """A template, lexicon, corpus, sound file or dataset is missing or cannot be used."""


class CheckpointError(VoxloomError):
    """A checkpoint is missing, damaged, of an unknown kind, or does not fit its neighbour."""


class TrainingError(VoxloomError):
    """A training run cannot go on (for instance: the loss is no longer finite)."""


def is_out_of_memory(error: Exception) -> bool:
    """Whether that is what an error says, of Python, of NumPy or of torch."""
    return isinstance(error, MemoryError) or _NO_MEMORY.search(str(error)) is not None


_SHOWN = 120  # characters


def shortened(text: str, most: int = _SHOWN) -> str:
    """One printable line of at most so many characters, for a message."""
    line = "".join(sign if sign.isprintable() else " " for sign in text[: 2 * most])
    line = " ".join(line.split())
    return line if len(text) <= 2 * most and len(line) <= most else f"{line[: most - 1]}…"
