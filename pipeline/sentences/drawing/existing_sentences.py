"""Sentences that a dataset has already, which more rows of it must not repeat."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True)
class ExistingSentences:
    """The texts of a dataset and the ids of its sentences, of those that were rejected, too."""

    texts: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.texts) + len(self.ids)

    @property
    def digest(self) -> str:
        """16 hex digits over all of it."""
        digest = hashlib.blake2b(digest_size=8)
        for item in (*sorted(self.texts), "\x1f", *sorted(self.ids)):
            digest.update(f"{item}\x1f".encode())
        return digest.hexdigest()
