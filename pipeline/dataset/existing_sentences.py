"""What a dataset says already, so that more rows of it say something else."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.dataset.files import data_files, read_dataset_rejects, read_rows

_ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Said:
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


def said_in(dataset: Path) -> Said:
    """What the dataset in the folder `dataset` says. Reads no audio."""
    texts, ids = set[str](), {reject.id for reject in read_dataset_rejects(dataset)}
    for path in data_files(dataset):
        for row in read_rows(path, ["id", "text"], _ROWS_AT_ONCE):
            texts.add(row["text"])
            ids.add(row["id"])
    return Said(frozenset(texts), frozenset(ids))
