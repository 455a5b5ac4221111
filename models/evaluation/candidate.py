"""A newly trained checkpoint beside the one in use: whether it should take its place."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.checkpoint import KINDS, read_info
from models.errors import ConfigError
from models.evaluation import acoustic, vocoders
from models.evaluation.judge import Judge
from models.evaluation.results import Column, Table, markdown
from models.training.corpus import CorpusConfig


@dataclass(frozen=True, slots=True)
class Contest:
    """What decides: a figure of the tables of `voxloom evaluate`, on `count` held-out clips.

    `figure` is a column's key, such as `per`, `mcd_dtw_db` or `mel_l1`; `vocoder` is the one that
    acoustic models are heard through.
    """

    corpus: CorpusConfig
    figure: str
    count: int = 30
    vocoder: str = "harmonic"
    recognizer: str = "recognizer"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The figure of both, NaN where there is none, and the table in Markdown."""

    candidate: float
    in_use: float
    is_better: bool
    table: str


def compare_with_used(
    candidate: Path, in_use: Path, contest: Contest, report: Callable[[str], None]
) -> Verdict:
    """Both on the same held-out clips. Raises `ConfigError`, `DataError` or `CheckpointError`."""
    both = (str(in_use), str(candidate))
    role = KINDS[read_info(candidate).kind].role
    judge = Judge(contest.recognizer, None)
    if role == "vocoder":
        column = _column(vocoders.COLUMNS, contest.figure)
        of_vocoders = vocoders.VocoderRequest(
            contest.corpus, both, recognizer=contest.recognizer, count=contest.count
        )
        tables = vocoders.evaluate_vocoders(of_vocoders, judge, report)
        return _verdict(tables[0], vocoders.COLUMNS, column)
    if role != "acoustic":
        raise ConfigError(f"{candidate}: a {role}; only acoustic models and vocoders are compared")
    column = _column(acoustic.COLUMNS, contest.figure)
    of_models = acoustic.AcousticRequest(
        contest.corpus, both, contest.vocoder, contest.recognizer, contest.count
    )
    tables = acoustic.evaluate_acoustic(of_models, judge, report)
    return _verdict(tables[0], acoustic.COLUMNS, column)


def _column(columns: Sequence[Column], key: str) -> Column:
    allowed = {column.key: column for column in columns if column.better}
    if key not in allowed:
        raise ConfigError(f"figure: {key!r} is not one of {', '.join(allowed)}")
    return allowed[key]


def _verdict(table: Table, columns: Sequence[Column], column: Column) -> Verdict:
    rows = table.rows[-2:]  # in use, and the candidate
    used, new = (column.value(row) if row.clips else math.nan for row in rows)
    used_loss, new_loss = (column.loss(row) if row.clips else math.nan for row in rows)
    return Verdict(new, used, new_loss < used_loss, markdown(table, columns))
