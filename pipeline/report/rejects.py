"""The report's section on rejects: reasons, speakers, and clips to play."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.dataset.files import REJECTS_FILE, read_dataset_rejects, read_rows
from pipeline.dataset.rejects import Lost, failures_among, losses_by, reason_of
from pipeline.pages.charts import data_uri
from pipeline.pages.playable_audio import playable
from pipeline.records import Reject

NUM_LISTED = 12  # speakers, and templates
NUM_PLAYED = 6
AUDIO_BYTES = 180_000  # of each, at most


@dataclass(frozen=True, slots=True)
class RejectReason:
    """Rejects of one stage that read alike, with one of them in full."""

    stage: str
    reason: str
    count: int
    example: Reject


@dataclass(frozen=True, slots=True)
class Rejected:
    """The section: `played` are rejects with their audio as data URIs; `retried` counts the rows
    whose first attempt was not good enough.
    """

    reasons: list[RejectReason]
    speakers: list[Lost]
    templates: list[Lost]
    played: list[tuple[Reject, str]]
    retried: int


def rejected_section(dataset: Path, rows: Collection[Mapping[str, Any]]) -> Rejected:
    """What `rejects.parquet` of the dataset says beside its `rows`."""
    rejects = read_dataset_rejects(dataset)
    failed, losses = failures_among(rejects), {}
    for field in ("speaker", "template"):
        losses[field] = losses_by(failed, Counter(row[field] for row in rows), field)[:NUM_LISTED]
    reasons = reject_reasons(rejects)
    return Rejected(
        reasons=reasons,
        speakers=losses["speaker"],
        templates=losses["template"],
        played=_played(dataset, [reason.example.id for reason in reasons]),
        retried=sum(1 for row in rows if row["attempt"]),
    )


def reject_reasons(rejects: Iterable[Reject]) -> list[RejectReason]:
    """Rejects grouped by stage and reason; numbers and quoted words do not part groups."""
    groups: dict[tuple[str, str], list[Reject]] = defaultdict(list)
    for reject in rejects:
        for reason in reason_of(reject).split("; "):
            groups[reject.stage, reason].append(reject)
    reasons = [RejectReason(*key, len(group), group[0]) for key, group in groups.items()]
    return sorted(reasons, key=lambda reason: (-reason.count, reason.stage, reason.reason))


def _played(dataset: Path, examples: Sequence[str]) -> list[tuple[Reject, str]]:
    """One clip for each reason, as many as fit."""
    wanted = set(dict.fromkeys(examples))
    played: list[tuple[Reject, str]] = []
    for row in read_rows(dataset / REJECTS_FILE):
        if len(played) == NUM_PLAYED:
            break
        if row["audio"] and row["id"] in wanted:
            reject = Reject(**row)
            audio = playable(reject.audio, AUDIO_BYTES)
            played.append((reject, data_uri(audio.data, audio.media_type)))
    return played
