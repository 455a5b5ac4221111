"""The last step of a build, once for all shards: their rows become a dataset."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from models.config import as_mapping
from models.errors import DataError
from pipeline.build.config import lexicon_of, licensed_sources
from pipeline.build.job import Job, index_of
from pipeline.build.making import while_unchanged
from pipeline.build.publish_dataset import publish_dataset
from pipeline.build.sentence_shards import Spread, in_turn
from pipeline.coverage.figures import CoverageFigures, coverage_of_build
from pipeline.dataset.build_record import BuildInfo, build_record
from pipeline.dataset.contents import Contents
from pipeline.dataset.data_files import Destination, SplitRule, write_data_files
from pipeline.dataset.manifest import read_kept, read_part
from pipeline.dataset.marks import marked_reject
from pipeline.dataset.output import OutputConfig, check_output
from pipeline.dataset.pieces import Each, in_groups, one_by_one
from pipeline.dataset.record import Partial
from pipeline.dataset.rejects import (
    StoredReject,
    check_rejected,
    reject_order,
    stored_rejects,
    whole_rejects,
)
from pipeline.records import Reject, Sentence
from pipeline.sentences.generate import describe_domain
from pipeline.storage.shards import is_intact, read_shard


def seal_build(job: Job, as_it_stands: bool = False, spread: Spread = in_turn) -> Path:
    """Once, at the end: the parts become the dataset, which appears whole. Returns its folder. The
    work on groups of parts and on files is `spread` over workers.

    A build that was stopped is sealed `as_it_stands`: of its whole shards, and marked partial.
    Raises `DataError` naming a file of the build that has changed since it was planned, or where
    there is no whole shard.
    """
    whole = (path for path in job.made("manifest") if is_intact(path))
    parts = list(whole) if as_it_stands else job.shards("manifest")
    if not parts:
        raise DataError(f"{job.work_dir}: no shard of this build is whole yet; nothing to seal")
    return while_unchanged(job, job.inputs.digests, partial(_seal_parts, job, parts, spread))


def _seal_parts(job: Job, parts: Sequence[Path], spread: Spread, check: Callable[[], None]) -> Path:
    config = job.config
    rejected_in = job.rejected_in(index_of(part) for part in parts)
    each = partial(_spread_each, spread, job)
    stored = stored_rejects((*rejected_in, *parts), each)
    covered = coverage_of_build(
        config.sentences,
        config.text,
        config.seed,
        lexicon_of(config),
        parts,
        {one.reject.id: one.reject.stage for one in stored},
        config.output.read_marks(),
        each,
    )
    info = replace(_build_info(job, covered), splits_in=partial(_decided_splits, job))
    if len(parts) < job.num_shards:
        info = replace(info, partial=Partial(len(parts), job.num_shards))
    limit = config.judge.max_rejected_share
    return _seal(parts, stored, info, config.output, limit, check, job.work_dir, each)


def _spread_each(
    spread: Spread, job: Job, make: Callable[[Any], Any], pieces: Sequence[Any]
) -> list[Any]:
    return spread(_make_piece, job, [(make, piece) for piece in pieces])


def _make_piece(_: Job, piece: tuple[Callable[[Any], Any], Any]) -> Any:
    make, of = piece
    return make(of)


def _decided_splits(job: Job, part: Path) -> dict[str, str]:
    """The splits of a part's rows by id, where they were decided with their sentences."""
    if not job.config.output.disjoint:
        return {}
    return {
        row.id: row.split for row in read_shard(job.next_shard("generate", part), Sentence).rows
    }


def _build_info(job: Job, covered: CoverageFigures) -> BuildInfo:
    config = job.config
    return BuildInfo(
        name=config.name,
        seed=config.seed,
        config=as_mapping(config),
        digests=job.inputs.recorded,
        versions=job.versions,
        coverage=as_mapping(describe_domain(config.sentences)) | {"figures": as_mapping(covered)},
        sources=licensed_sources(config),
    )


def seal(
    parts: Sequence[Path],
    rejected_in: Iterable[Path],
    info: BuildInfo,
    output: OutputConfig,
    max_rejected_share: float = 1.0,
) -> Path:
    """Publish the rows of `parts`, in their order, as a dataset; returns its folder.

    `parts` are what `write_part` wrote; `rejected_in` are the other stages' shards, whose
    rejects are gathered beside those of the parts. Rows, files and their bytes do not depend on how
    the rows were cut into parts. Raises `DataError` when there is no row, when more than
    `max_rejected_share` of the utterances failed, when an id occurs twice, when the target may not
    be replaced, and on a full disk; then nothing of the new dataset is left and an old one stays as
    it was.
    """
    stored = stored_rejects((*rejected_in, *parts))
    return _seal(parts, stored, info, output, max_rejected_share)


def _seal(
    parts: Sequence[Path],
    stored: Sequence[StoredReject],
    info: BuildInfo,
    output: OutputConfig,
    max_rejected_share: float,
    check: Callable[[], None] = lambda: None,
    near: Path = Path(),
    each: Each = one_by_one,
) -> Path:
    """As `seal`, of rejects that were gathered. `check` is called before the dataset is published,
    and may raise; `near` is a folder for what is sent to an object store; `each` runs the work on
    groups of parts, and on files.
    """
    check_output(output, info.name)
    kept = _kept_in(parts, each)
    check_rejected([one.reject for one in stored], *kept, max_rejected_share)

    def write_data(staging: Path) -> Iterator[Reject]:
        marks = output.read_marks()
        rule = SplitRule(info.splits_in, info.seed, output.split, marks)
        limits = (tuple(output.kept), output.max_file_bytes)
        into = Destination(staging, output.path, *limits, drop=output.drop)
        with_marked = write_data_files(parts, rule, into, each)
        marked = sorted(_marked(with_marked, marks), key=reject_order)
        return heapq.merge(whole_rejects(stored), marked, key=reject_order)

    def record_of(staging: Path, contents: Contents, num_rejects: int) -> dict[str, Any]:
        check()
        return build_record(staging, info, contents, num_rejects)

    apart, sources = output.disjoint, info.sources
    publish_dataset(output.path, write_data, record_of, apart, sources, output.license, near, each)
    return output.path


def _marked(parts: Iterable[Path], marks: Mapping[str, str]) -> Iterator[Reject]:
    """The rows of `parts` that are marked bad, in their order."""
    for part in parts:
        for row in read_part(part):
            if row["id"] in marks:
                yield marked_reject(row, marks[row["id"]])


def _kept_in(parts: Sequence[Path], each: Each = one_by_one) -> tuple[Counter[str], Counter[str]]:
    """The numbers of rows by speaker, and by template."""
    of_groups = each(_kept_in_group, in_groups(parts))
    return _added(speakers for speakers, _ in of_groups), _added(of for _, of in of_groups)


def _kept_in_group(parts: Iterable[Path]) -> tuple[Counter[str], Counter[str]]:
    of_parts = [read_kept(part) for part in parts]
    return _added(speakers for speakers, _ in of_parts), _added(of for _, of in of_parts)


def _added(counters: Iterable[Counter[str]]) -> Counter[str]:
    total = Counter[str]()
    for counter in counters:
        total.update(counter)
    return total
