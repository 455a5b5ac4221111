"""Prefect's engine without a server, for a build whose tasks all run in this process.

A build asks a server for little: to note that its flow run exists and in which state it is. The
temporary server that Prefect would start for that takes some seven seconds of a core to import
itself and its database, keeps nothing that anybody looks at after the build, and does not come up
in time on a busy machine. Here the run is an object; flows, task runners and retries are Prefect's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas import OrchestrationResult
from prefect.client.schemas.objects import FlowRun, ServerDefaultResultStorage, State, TaskRun
from prefect.client.schemas.responses import SetStateStatus, StateAcceptDetails
from prefect.context import SyncClientContext
from prefect.settings import PREFECT_API_KEY, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings
from prefect.states import Pending

_NOWHERE = "http://localhost/api"  # a client must have an address; nothing is sent to it
_SENDS_NO_EVENTS = "none"  # Prefect starts a server to send events to, except for who has a key


class _InMemoryClient(SyncPrefectClient):
    """What the engine asks a server for, in a flow that has no subflows."""

    def __init__(self) -> None:
        super().__init__(_NOWHERE)
        self._flow_runs: dict[UUID, FlowRun] = {}

    def raise_for_api_version_mismatch_once(self) -> None:
        """There is no server whose version could be another."""

    def read_server_default_result_storage(self) -> ServerDefaultResultStorage:
        """None: results are not stored. Asked three times a flow; sent, each would take 1.5 s."""
        return ServerDefaultResultStorage()

    def create_flow_run(self, flow: Any, *args: Any, **of_run: Any) -> FlowRun:
        run = FlowRun(
            flow_id=uuid4(),
            name=flow.name,
            state=of_run["state"],
            parameters=of_run["parameters"],
            tags=list(of_run["tags"]),
        )
        self._flow_runs[run.id] = run
        return run

    def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        return self._flow_runs[flow_run_id]

    def set_flow_run_name(self, flow_run_id: UUID, name: str) -> httpx.Response:
        self._flow_runs[flow_run_id].name = name
        return httpx.Response(204)

    def set_flow_run_state(
        self, flow_run_id: UUID | str, state: State[Any], force: bool = False
    ) -> OrchestrationResult[Any]:
        self._flow_runs[UUID(str(flow_run_id))].state = state
        return OrchestrationResult(
            state=state, status=SetStateStatus.ACCEPT, details=StateAcceptDetails()
        )

    def read_task_run(self, task_run_id: UUID) -> TaskRun:
        """Asked of tasks that are not done; the engine waits for them by their futures."""
        return TaskRun.model_construct(id=task_run_id, state=Pending())


@contextmanager
def in_memory_runs() -> Iterator[None]:
    """Flows that are called in the block need no server, unless their tasks run elsewhere."""
    offline = {PREFECT_LOGGING_TO_API_ENABLED: False, PREFECT_API_KEY: _SENDS_NO_EVENTS}
    client = SyncClientContext.model_construct(client=_InMemoryClient())
    with temporary_settings(offline), client:
        yield
