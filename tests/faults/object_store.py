"""What may happen to a build whose inputs and dataset lie in an object store."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

import fsspec

from pipeline.build.config import load_build_config
from pipeline.build.stages import plan
from pipeline.storage.versions import current
from tests.faults.disturbed_build import DisturbedBuild, ended
from tests.s3_server import S3_ENVIRONMENT, Fault, FaultyS3, every
from tests.store_build import OUTPUT, write_store_build
from tests.tiny_voices import tiny_voices_in


def failing_answers(build: DisturbedBuild, fault: Fault, of: int) -> str:
    """One request `of` so many fails, from the first to the last of the build."""
    with _in_store(build) as server, server.failing(every(of, fault)):
        build.check_goes_on()
        return f"{len(server.failed)} requests failed; rows equal"


def no_more_answers(build: DisturbedBuild) -> str:
    """From the first waveforms on no request succeeds until the build has ended."""
    with _in_store(build) as server:
        run = build.start()
        build.until_made("vocode", run)
        with server.failing(every(1, "500")):
            over = ended(run)
        said = build.check_told(over, "cannot be reached")
        build.check_goes_on()
        return f"`{said}`; went on with the same command; rows equal"


def killed_while_publishing(build: DisturbedBuild) -> str:
    """SIGKILL when the second file of the dataset arrives."""
    with _in_store(build) as server:
        run, sent = build.start(), []

        def kill(method: str, path: str) -> Fault | None:
            if method == "PUT" and "/versions/" in path:
                sent.append(path)
            if len(sent) == 2:
                os.kill(run.pid, signal.SIGKILL)
            return None

        with server.failing(kill):
            over = ended(run)
        assert over.status == -signal.SIGKILL, over
        assert current(OUTPUT) is None, "half a dataset is published"
        build.check_goes_on()
    return "nothing was published; went on with the same command; rows equal"


@contextmanager
def _in_store(build: DisturbedBuild) -> Iterator[FaultyS3]:
    """The server that `build` reads from and publishes to meanwhile."""
    with FaultyS3().running() as server:
        environment = {
            **S3_ENVIRONMENT,
            "AWS_ENDPOINT_URL": server.address,
            "VOXLOOM_CACHE": str(build.folder / "cache"),
            "FSSPEC_S3": '{"config_kwargs": {"read_timeout": 0.5}}',
        }
        with mock.patch.dict(os.environ, environment):
            store = fsspec.filesystem("s3", skip_instance_cache=True)
            store.clear_instance_cache()
            if store.exists("bucket"):  # of the fault before: the process has one store
                store.rm("bucket", recursive=True)
            store.mkdir("bucket")
            build.config = write_store_build(build.config, tiny_voices_in(build.folder / "voices"))
            build.job = plan(load_build_config(build.config))
            yield server
