"""The rejects of a build: gathered from its shards, and when they are too many, where in its config
they come from.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from models.errors import DataError
from pipeline.dataset.pieces import Each, in_groups, one_by_one
from pipeline.records import Reject
from pipeline.storage.shards import read_rejects

# Not failures: these sentences were not wanted in the first place.
_UNWANTED = "generate"
_VARYING = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\d+(?:\.\d+)?")
_ATTEMPTS = re.compile(r" \(first of \d+ (?:attempts|takes)\)$")  # `takes` in older datasets
_SECTION = {
    "frontend": "text, or in the domain's templates",
    "synthesize": "voice.acoustic_model, or in the domain's templates",
    "vocode": "voice.vocoder",
    "judge": "voice, or in the limits of judge",
    "augment": "augment",
}
_STANDS_OUT = 2.0  # times the share of all
_AT_ONCE = 1000  # rejects whose audio is in memory


@dataclass(frozen=True, slots=True)
class StoredReject:
    """A reject without its audio, and the shard that has it."""

    reject: Reject
    shard: Path


def stored_rejects(shards: Iterable[Path], each: Each = one_by_one) -> list[StoredReject]:
    """The rejects in shards of any stage, by id and stage; `each` runs the work on groups."""
    found = chain.from_iterable(each(_stored_in, in_groups(list(shards))))
    return sorted(found, key=lambda stored: reject_order(stored.reject))


def _stored_in(shards: Iterable[Path]) -> list[StoredReject]:
    return [
        StoredReject(reject, shard)
        for shard in shards
        for reject in read_rejects(shard, with_audio=False)
    ]


def whole_rejects(stored: Sequence[StoredReject]) -> Iterator[Reject]:
    """The same with their audio, of which little is in memory at a time."""
    for start in range(0, len(stored), _AT_ONCE):
        some = stored[start : start + _AT_ONCE]
        wanted = {reject_order(one.reject) for one in some}
        whole = {
            reject_order(reject): reject
            for shard in dict.fromkeys(one.shard for one in some)
            for reject in read_rejects(shard)
            if reject_order(reject) in wanted
        }
        yield from (whole[reject_order(one.reject)] for one in some)


@dataclass(frozen=True, slots=True)
class Lost:
    """Utterances of one speaker, template or reason: how many, and how many were rejected."""

    name: str
    rejected: int
    total: int

    @property
    def share(self) -> float:
        return self.rejected / max(1, self.total)


def reject_order(reject: Reject) -> tuple[str, str]:
    """The key by which `rejects.parquet` is sorted."""
    return reject.id, reject.stage


def failures_among(rejects: Iterable[Reject]) -> list[Reject]:
    """The rejects that a stage gave up, without sentences that a filter dropped."""
    return [reject for reject in rejects if reject.stage != _UNWANTED]


def losses_by(rejects: Sequence[Reject], kept: Mapping[str, int], field: str) -> list[Lost]:
    """What was lost of each `field` (`speaker` or `template`) of which anything was, most first.

    `kept` are the numbers of rows by the same field.
    """
    counts = Counter(name for reject in rejects if (name := getattr(reject, field)))
    lost = [Lost(name, count, count + kept.get(name, 0)) for name, count in counts.items()]
    return sorted(lost, key=lambda item: (-item.rejected, -item.share, item.name))


def check_rejected(
    rejects: Sequence[Reject],
    kept_by_speaker: Mapping[str, int],
    kept_by_template: Mapping[str, int],
    max_share: float,
) -> None:
    """Raise `DataError` where more than `max_share` of the utterances failed.

    It says for which reason most did, and which speaker or template stands out, by the key of
    the config that it comes from.
    """
    failed, num_kept = failures_among(rejects), sum(kept_by_speaker.values())
    total = len(failed) + num_kept
    if len(failed) <= max_share * total:
        return
    what = "every utterance was" if not num_kept else f"{len(failed)} of {total} utterances were"
    raise DataError(
        f"{what} rejected, and judge.max_rejected_share is {max_share:g}: "
        f"{_blame(failed, kept_by_speaker, kept_by_template, len(failed) / total)}"
    )


def reason_of(reject: Reject) -> str:
    """The reject's reason without what differs between two of the same kind."""
    return _VARYING.sub("…", _ATTEMPTS.sub("", reject.reason))


def _blame(
    failed: Sequence[Reject],
    kept_by_speaker: Mapping[str, int],
    kept_by_template: Mapping[str, int],
    share: float,
) -> str:
    (stage, part), count = Counter(
        (reject.stage, part) for reject in failed for part in reason_of(reject).split("; ")
    ).most_common(1)[0]
    example = next(
        reject.reason for reject in failed if reject.stage == stage and part in reason_of(reject)
    )
    lines = [f"{count} for `{part}` (such as `{example}`); look in {_SECTION.get(stage, stage)}"]
    for field, key, kept in (
        ("speaker", "voice.speakers", kept_by_speaker),
        ("template", "sentences.domain, template", kept_by_template),
    ):
        lost = [
            item
            for item in losses_by(failed, kept, field)
            if item.rejected > 1 and item.share >= _STANDS_OUT * share
        ]
        lines += [f"{key} {item.name} lost {item.rejected} of {item.total}" for item in lost[:3]]
    return "; ".join(lines)
