"""The sentences of a published dataset, so that more rows of it say something else."""

from pathlib import Path

from pipeline.dataset.files import data_files, read_dataset_rejects, read_rows
from pipeline.sentences.drawing.existing_sentences import ExistingSentences

_ROWS_AT_ONCE = 4096


def existing_sentences_of(dataset: Path) -> ExistingSentences:
    """Those of the dataset in the folder `dataset`. Reads no audio."""
    texts, ids = set[str](), {reject.id for reject in read_dataset_rejects(dataset)}
    for path in data_files(dataset):
        for row in read_rows(path, ["id", "text"], _ROWS_AT_ONCE):
            texts.add(row["text"])
            ids.add(row["id"])
    return ExistingSentences(frozenset(texts), frozenset(ids))
