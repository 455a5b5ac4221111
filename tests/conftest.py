"""What every test needs: few threads, a Prefect that keeps to itself, and tiny voices."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# Read when torch and Prefect are imported, so before any test is.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Workers and the dozens of processes that tests start keep what they compile for each other.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="voxloom-prefect-")
os.environ.pop("PREFECT_API_URL", None)

import pytest
from filelock import FileLock

# What loads torch is imported by the fixtures that need it: xdist's own process runs no test.
if TYPE_CHECKING:
    from tests.s3_server import FaultyS3
    from tests.tiny_voices import TinyVoices


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than cores: tests wait for servers and processes that they start."""
    return (os.cpu_count() or 1) + 1


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["PREFECT_HOME"], ignore_errors=True)


MadeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """`made_once(name, make)`: a folder that `make` fills, once for all processes of a test run."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder = root / "made_once" / name
        folder.parent.mkdir(exist_ok=True)
        with FileLock(folder.with_name(f"{name}.lock")):
            if not folder.exists():
                shutil.rmtree(folder.with_name(f"{name}.tmp"), ignore_errors=True)
                folder.with_name(f"{name}.tmp").mkdir()
                make(folder.with_name(f"{name}.tmp"))
                folder.with_name(f"{name}.tmp").rename(folder)
        return folder

    return made


@pytest.fixture(scope="session")
def tiny_voices(made_once: MadeOnce) -> "TinyVoices":
    """Checkpoints with random weights: what they say is noise, but real code makes it."""
    from tests.tiny_voices import save_tiny_voices, tiny_voices_in

    return tiny_voices_in(made_once("voices", save_tiny_voices))


@pytest.fixture(scope="session")
def tiny_dataset(made_once: MadeOnce, tiny_voices: "TinyVoices") -> Path:
    """The dataset of `write_tiny_build`'s build, for tests that only read it."""
    from pipeline.build.config import load_build_config
    from pipeline.build.stages import plan
    from tests.tiny_build import run_stages, write_tiny_build

    def make(folder: Path) -> None:
        run_stages(plan(load_build_config(write_tiny_build(folder, tiny_voices))))

    return made_once("tiny-build", make) / "dataset"


@pytest.fixture(scope="session")
def sealed_tones(made_once: MadeOnce) -> Callable[[int], Path]:
    """`sealed_tones(60)`: a dataset of 60 rows of tones, for tests that only read it."""
    from tests.pipeline.synthetic_build import seal_tones

    def sealed(num_rows: int) -> Path:
        folder = made_once(f"tones-{num_rows}", lambda folder: seal_tones(folder, num_rows))
        return folder / "dataset"

    return sealed


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the repository."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def _s3_server() -> Iterator["FaultyS3"]:
    from tests.s3_server import FaultyS3

    with FaultyS3().running() as server:
        yield server


@pytest.fixture
def s3(
    _s3_server: "FaultyS3", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator["FaultyS3"]:
    """An S3 server with an empty bucket `s3://bucket`, clients that are set up for it, fast to try
    again, and an empty cache.
    """
    import fsspec

    from models import mirror, object_store
    from tests.s3_server import S3_ENVIRONMENT

    for name, value in S3_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", _s3_server.address)
    monkeypatch.setenv("VOXLOOM_CACHE", str(tmp_path / "cache"))
    options = {"retries": {"max_attempts": 1}, "read_timeout": 0.5}
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config_kwargs": options})
    monkeypatch.setattr(object_store, "_PAUSES_S", (0.0,) * 8)
    mirror.mirror.cache_clear()
    store = fsspec.filesystem("s3", use_listings_cache=False)
    store.mkdir("bucket")
    _s3_server.requests.clear()
    yield _s3_server
    store.rm("bucket", recursive=True)
