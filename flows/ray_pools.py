"""Stages on a Ray cluster: pools of actors, each of which loads what it needs once.

A Prefect task of this process waits in a thread for the actor that makes its shards, so names,
logs, attempts and what is in flight are as on one machine. Actors take and return paths: shards lie
on a disk that all machines share. Nothing here imports Prefect: actors import this module.
"""

import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models.errors import ConfigError, DataError, shortened
from pipeline.build.job import Job
from pipeline.build.runtime import RayPoolConfig, ShardStage, ray_pools_of
from pipeline.storage.processes import share_cores

_TOLD = 300  # characters of what Ray says
_CHECKOUT = str(Path(__file__).resolve().parent.parent)


class StageWorker:
    """An actor. What a stage loads stays in its process."""

    def __init__(self) -> None:
        share_cores()

    def make(self, make: Callable[[Job, Any], Any], job: Job, piece: Any) -> Any:
        return make(job, piece)


class RayPools:
    """The pools of a job; `make` may be called by any number of threads."""

    def __init__(self, job: Job) -> None:
        import ray

        self._job = ray.put(job)  # sent once to a machine, not with every shard
        self._timeout_s = job.config.runtime.shard_timeout_s
        configs = ray_pools_of(job.config.runtime, job.device)
        self.num_workers = sum(config.workers for config in configs)
        self._pools: Mapping[ShardStage, _Pool] = {
            stage: pool for config in configs for pool in [_Pool(config)] for stage in config.stages
        }

    def make(self, stage: ShardStage, make: Callable[[Job, Any], Any], job: Job, piece: Any) -> Any:
        """What `make` makes of the piece, on some actor of the stage's pool.

        An actor that dies is started again by Ray, and makes its piece again, once. Raises what the
        actor raised, and `TimeoutError` or `ConnectionError`, which are worth another attempt,
        where it was too slow or died twice; another one takes its place.
        """
        import ray
        from ray.exceptions import GetTimeoutError, RayActorError, RayTaskError

        with self._pools[stage].actor() as actor:
            try:
                return ray.get(actor.make.remote(make, self._job, piece), timeout=self._timeout_s)
            except RayTaskError as error:
                raise error.cause from None
            except GetTimeoutError:
                raise TimeoutError(f"{stage}: took longer than {self._timeout_s:g} s") from None
            except RayActorError:
                raise ConnectionError(
                    f"{stage}: a Ray worker died, or its machine is gone"
                ) from None


class _Pool:
    """Actors, each idle or lent."""

    def __init__(self, config: RayPoolConfig) -> None:
        import ray

        self._actors = ray.remote(
            num_cpus=config.cpus, num_gpus=config.gpus, max_restarts=-1, max_task_retries=1
        )(StageWorker)
        self._idle: queue.Queue[Any] = queue.Queue()  # of handles
        for _ in range(config.workers):
            self._idle.put(self._actors.remote())

    @contextmanager
    def actor(self) -> Iterator[Any]:
        """An idle one, as soon as there is one; it comes back, or another for one that is lost."""
        import ray

        lent = self._idle.get()
        try:
            yield lent
        except (TimeoutError, ConnectionError):
            ray.kill(lent)
            lent = self._actors.remote()
            raise
        finally:
            self._idle.put(lent)


@contextmanager
def ray_pools(job: Job) -> Iterator[RayPools]:
    """Pools on the cluster that `RAY_ADDRESS` names, else on a Ray of this machine's own.

    Raises `ConfigError` where Ray is not installed, or this machine has fewer GPUs than the pools
    ask for, and `DataError` where no cluster of the same versions answers, or Ray does not start.
    """
    try:
        import ray
    except ImportError:
        message = "runtime.runner: ray needs Ray; pip install 'voxloom[ray]'"
        raise ConfigError(message) from None
    address = os.environ.get("RAY_ADDRESS")
    of_actors = {"PYTHONPATH": _CHECKOUT, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    needed = ray_pools_of(job.config.runtime, job.device)
    if not address:
        _check_gpus(needed)
    own: dict[str, Any] = {
        "num_cpus": max(1, round(sum(pool.cpus * pool.workers for pool in needed))),
        "include_dashboard": False,
    }
    try:
        ray.init(
            address=address or "local",  # not one that somebody has left running here
            runtime_env={"env_vars": of_actors},
            log_to_driver=False,
            logging_level=logging.ERROR,
            **({} if address else own),
        )
    except Exception as error:  # a RuntimeError of other versions, a ValueError of no address
        where = f"RAY_ADDRESS: {address}" if address else "runtime.runner: Ray does not start"
        raise DataError(f"{where}: {shortened(str(error), _TOLD)}") from None
    over = threading.Event()
    if not address:
        threading.Thread(target=_end_with_ray, args=(over,), daemon=True).start()
    try:
        yield RayPools(job)
    finally:
        over.set()
        ray.shutdown()


def _check_gpus(pools: Sequence[RayPoolConfig]) -> None:
    """Actors that there is no GPU for would be waited for until `runtime.shard_timeout_s`. Of a
    cluster nobody knows which machines are still to come.
    """
    import torch

    asked, found = sum(pool.gpus * pool.workers for pool in pools), torch.cuda.device_count()
    if asked > found:
        raise ConfigError(
            f"runtime.ray_pools: {asked:g} GPUs are asked for, workers x gpus, and this machine "
            f"has {found}; lower them, or name a cluster in RAY_ADDRESS"
        )


def _end_with_ray(over: threading.Event) -> None:
    """End this process with an error when the Ray that it started dies before it is `over`.

    Ray's library would end it a moment later, without a word that a user can use.
    """
    from ray._private import worker

    node: Any = worker._global_node
    (raylet,) = node.all_processes["raylet"]
    raylet.process.wait()
    if not over.is_set():
        told = "Ray has ended; the same command goes on from here"
        print(f"error: runtime.runner: {told}", file=sys.stderr, flush=True)
        os._exit(1)
