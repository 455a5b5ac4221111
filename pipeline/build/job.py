"""A planned build: its config, its shards and their names."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.build.config import BuildConfig
from pipeline.licences.summary import RowLicences
from pipeline.storage.shards import shard_path


@dataclass(frozen=True)
class Job:
    """A build as the stages see it: plain data, small enough to send to any worker.

    `keys` by stage, in their order; `versions` by library; `device` is `cpu` or `cuda`; `work_dir`
    is absolute. `extends` is the dataset that the rows will be added to, and say nothing of.
    """

    config: BuildConfig
    keys: dict[str, str]
    versions: dict[str, str]
    work_dir: Path
    device: str
    num_shards: int
    licences: RowLicences
    extends: Path | None = None

    def shard(self, stage: str, index: int) -> Path:
        """Where the shard `index` of `stage` lies, once it is made."""
        return shard_path(self.work_dir, stage, self.keys[stage], index)

    def shards(self, stage: str) -> list[Path]:
        return [self.shard(stage, index) for index in range(self.num_shards)]

    def next_shard(self, stage: str, source: Path) -> Path:
        """What `stage` makes out of the shard `source` of an earlier stage."""
        return self.shard(stage, index_of(source))

    @property
    def rejected_in(self) -> list[Path]:
        """The shards of all stages but the last, whose own are the parts of the dataset."""
        return [path for stage in list(self.keys)[:-1] for path in self.shards(stage)]


def index_of(path: Path) -> int:
    """Shards are called `INDEX-KEY.parquet`."""
    return int(path.name.partition("-")[0])
