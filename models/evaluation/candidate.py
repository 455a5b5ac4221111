"""A newly trained checkpoint beside the one in use: whether it should take its place."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from models.checkpoint import KINDS, read_info
from models.errors import ConfigError
from models.evaluation import acoustic, vocoders
from models.evaluation.judge import Judge
from models.evaluation.results import Column, Table, markdown
from models.training.corpus import CorpusConfig

_COLUMNS: dict[str, Sequence[Column]] = {
    "acoustic": acoustic.COLUMNS,
    "vocoder": vocoders.COLUMNS,
}


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
    kind = read_info(candidate).kind
    column = deciding_column(kind, contest.figure)
    judge = Judge(contest.recognizer, None)
    if KINDS[kind].role == "vocoder":
        of_vocoders = vocoders.VocoderRequest(
            contest.corpus, both, recognizer=contest.recognizer, count=contest.count
        )
        tables = vocoders.evaluate_vocoders(of_vocoders, judge, report)
        return _verdict(tables[0], vocoders.COLUMNS, column)
    of_models = acoustic.AcousticRequest(
        contest.corpus, both, contest.vocoder, contest.recognizer, contest.count
    )
    tables = acoustic.evaluate_acoustic(of_models, judge, report)
    return _verdict(tables[0], acoustic.COLUMNS, column)


def deciding_column(kind: str, figure: str) -> Column:
    """The column `figure` of the table that checkpoints of a kind are compared in. Raises
    `ConfigError` for a kind that is not compared, and for a figure that is not measured.
    """
    role = KINDS[kind].role
    if role not in _COLUMNS:
        raise ConfigError(f"{kind}: a {role}; only acoustic models and vocoders are compared")
    allowed = {column.key: column for column in _COLUMNS[role] if _is_measured(column)}
    if figure not in allowed:
        raise ConfigError(f"figure: {figure!r} is not one of {', '.join(allowed)}")
    return allowed[figure]


def _is_measured(column: Column) -> bool:
    """NISQA, which predicts a MOS, is not asked here; PESQ is an extra."""
    lacking = {"mos"} if find_spec("pesq") else {"mos", "pesq_wb"}
    return bool(column.better) and column.key not in lacking


def _verdict(table: Table, columns: Sequence[Column], column: Column) -> Verdict:
    rows = table.rows[-2:]  # in use, and the candidate
    used, new = (column.value(row) if row.clips else math.nan for row in rows)
    used_loss, new_loss = (column.loss(row) if row.clips else math.nan for row in rows)
    return Verdict(new, used, new_loss < used_loss, markdown(table, columns))
