"""What Prefect's UI shows of a build beside its runs: progress, stages and rejects, the dataset.

Only where a server is configured: artifacts on a temporary one would be gone with the build.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.settings import get_current_settings

from pipeline.audit.record import read_audit
from pipeline.build.stages import STAGE_NAMES
from pipeline.dataset.files import read_dataset_rejects
from pipeline.dataset.marks import STAGE as MARKS
from pipeline.dataset.record import DatasetRecord, read_record
from pipeline.dataset.rejects import reason_of
from pipeline.records import Reject
from pipeline.storage.versions import published

_TELL_EVERY_S = 5.0
_TOLD_REASONS = 5  # of a stage


def has_server() -> bool:
    """Whether a Prefect server is configured, which outlives the build."""
    return get_current_settings().api.url is not None


@contextmanager
def progress_of(name: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar beside the run in Prefect's UI: `tell(done)` of `total` groups of shards."""
    if not has_server():
        yield lambda done: None
        return
    bar = cast(UUID, create_progress_artifact(0.0, key=_key(name, "progress")))
    told_at = time.monotonic()

    def tell(done: int) -> None:
        nonlocal told_at
        if done < total and time.monotonic() - told_at < _TELL_EVERY_S:
            return
        told_at = time.monotonic()
        update_progress_artifact(bar, 100 * done / total, f"{done} of {total} groups of shards")

    yield tell


def show_dataset(dataset: Path) -> None:
    """Put beside the run what the sealed `dataset` holds, and what was rejected for what."""
    if not has_server():
        return
    dataset = published(dataset)
    record = read_record(dataset)
    create_table_artifact(
        stage_table(record.rows, read_dataset_rejects(dataset)),
        key=_key(record.name, "stages"),
        description=f"Rows and rejects of {record.name}, by stage",
    )
    create_markdown_artifact(
        _summary(dataset, record, read_audit(dataset).verdict),
        key=_key(record.name, "dataset"),
        description=f"{record.name}: rows, audit and report",
    )


def stage_table(num_rows: int, rejects: list[Reject]) -> list[dict[str, Any]]:
    """For each stage the rows that went through it, and what it rejected, for which reasons."""
    table, passed = [], num_rows
    marked = [MARKS] if any(reject.stage == MARKS for reject in rejects) else []
    for stage in reversed([*STAGE_NAMES, *marked]):
        reasons = Counter(reason_of(reject) for reject in rejects if reject.stage == stage)
        told = [f"{count} x {reason}" for reason, count in reasons.most_common(_TOLD_REASONS)]
        rejected = reasons.total()
        table.append(
            {"stage": stage, "rows": passed, "rejected": rejected, "reasons": "; ".join(told)}
        )
        passed += rejected
    return table[::-1]


def _summary(dataset: Path, record: DatasetRecord, verdict: str) -> str:
    splits = ", ".join(f"{name} {split.rows}" for name, split in record.splits.items())
    lines = {
        "rows": f"{record.rows} ({splits})",
        "audio": f"{record.hours:.2f} hours",
        "rejected": str(record.rejects),
        "seed": str(record.seed),
        "audit": verdict,
        "dataset": f"`{dataset}`",
        "report": f"`{dataset / 'report.html'}`",
        "digest": f"`{record.digest}`",
    }
    rows = (f"| {name} | {value} |" for name, value in lines.items())
    return "\n".join([f"# {record.name}", "", "| | |", "|---|---|", *rows])


def _key(name: str, what: str) -> str:
    """Prefect's keys are lower-case letters, digits and dashes."""
    return f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}-{what}"
