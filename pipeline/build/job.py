"""A planned build: its config, its shards and their names."""

import functools
import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.build.config import BuildConfig
from pipeline.build.inputs import Inputs
from pipeline.licences.summary import RowLicences
from pipeline.storage.shards import content_digest, shard_path

SENTENCES = "generate"  # the stage whose shards all others are made of
_MIXING = ("augment", "manifest")  # where a row may hear of other rows


@dataclass(frozen=True)
class Job:
    """A build as the stages see it: plain data, small enough to send to any worker.

    `keys` by stage, in their order; `versions` by library; `inputs` are the files as they were when
    it was planned; `device` is `cpu` or `cuda`; `work_dir` is absolute. `extends` is the dataset
    that the rows will be added to, and say nothing of.
    """

    config: BuildConfig
    keys: dict[str, str]
    versions: dict[str, str]
    inputs: Inputs
    work_dir: Path
    device: str
    num_shards: int
    licences: RowLicences
    extends: Path | None = None

    def shard(self, stage: str, index: int) -> Path:
        """Where the shard `index` of `stage` lies, once it is made.

        Its name holds what its sentences are, wherever they came from: a build of more sentences
        finds the shards of those that stayed. Raises `DataError` where they are not there yet.
        """
        key = self.keys[stage]
        if stage != SENTENCES:
            key = _joined([key, self._sentences_of(stage, index)])
        return shard_path(self.work_dir, stage, key, index)

    def _sentences_of(self, stage: str, index: int) -> str:
        """A digest of all sentences that decide the rows of a shard."""
        augment = self.config.augment
        if stage in _MIXING and augment.hears_own_speech:
            return _digests_so_far(tuple(self.shards(SENTENCES)))[-1]
        if stage in _MIXING and augment.sampler == "stratified":  # it counts from the first on
            return _digests_so_far(tuple(self.shards(SENTENCES)))[index]
        return content_digest(self.shard(SENTENCES, index))

    def shards(self, stage: str) -> list[Path]:
        return [self.shard(stage, index) for index in range(self.num_shards)]

    def made(self, stage: str) -> list[Path]:
        """The shards of `stage` that lie there, in order; of later stages than the first none
        before all sentences do.
        """
        sentences = [path for path in self.shards(SENTENCES) if path.exists()]
        if stage == SENTENCES or len(sentences) < self.num_shards:
            return sentences if stage == SENTENCES else []
        return [path for path in self.shards(stage) if path.exists()]

    def remove_shards(self) -> None:
        """Of all stages, for whoever will not build this again; the sentences last, which the names
        of the others depend on.
        """
        for stage in reversed(self.keys):
            for path in self.made(stage):
                path.unlink(missing_ok=True)

    def next_shard(self, stage: str, source: Path) -> Path:
        """What `stage` makes out of the shard `source` of an earlier stage."""
        return self.shard(stage, index_of(source))

    def rejected_in(self, indices: Iterable[int]) -> list[Path]:
        """The shards of all stages but the last, whose own are the parts of the dataset."""
        stages, chosen = list(self.keys)[:-1], list(indices)
        return [self.shard(stage, index) for stage in stages for index in chosen]


def index_of(path: Path) -> int:
    """Shards are called `INDEX-KEY.parquet`."""
    return int(path.name.partition("-")[0])


@functools.lru_cache(maxsize=2)
def _digests_so_far(shards: tuple[Path, ...]) -> list[str]:
    """For each of the shards, a digest of it and of all before it."""
    own = (content_digest(path) for path in shards)
    return list(itertools.accumulate(own, lambda before, one: _joined([before, one])))


def _joined(digests: Iterable[str]) -> str:
    return hashlib.blake2b("\0".join(digests).encode(), digest_size=8).hexdigest()
