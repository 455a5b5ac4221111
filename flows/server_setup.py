"""What a Prefect server needs once for Voxloom: the GPU's limit, and what happens to dead runs.

A run tells every 30 s that it lives (deployments set that in the environment of their runs, the
command line in its own). One that has told nothing for 80 s is marked as crashed.
"""

from collections.abc import Iterator
from datetime import timedelta

from prefect.automations import (
    AutomationCore,
    ChangeFlowRunState,
    EventTrigger,
    Posture,
    ResourceSpecification,
    SendNotification,
)
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.exceptions import ObjectNotFound

from models.errors import ConfigError

GPU_LIMIT = "gpu"
HEARTBEAT_S = 30  # Prefect allows no less
DEAD_RUNS = "voxloom: mark dead runs as crashed"
NOTIFIED = "voxloom: notify of failed runs"
FLOWS = ("build-dataset", "extend-dataset", "renew-voice")
_SILENCE = timedelta(seconds=80)
_NO_LIMIT, _NO_AUTOMATION = f"concurrency limit {GPU_LIMIT}", f"automation `{DEAD_RUNS}`"
_ENDS = ("Completed", "Failed", "TimedOut", "Cancelled", "Crashed", "Paused", "Suspended")
_RUNS = ResourceSpecification({"prefect.resource.id": "prefect.flow-run.*"})


def _of(*flows: str) -> ResourceSpecification:
    return ResourceSpecification(
        {"prefect.resource.role": "flow", "prefect.resource.name": list(flows)}
    )


def set_up(gpu_slots: int, notify: str | None) -> None:
    """Put the limit `gpu` and the automations on the server, or make them what they should be.

    `notify` is a notification block, such as `slack-webhook/data-team`, that is told of failed
    runs. Raises `ConfigError` naming a block that is not there.
    """
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(GPU_LIMIT, gpu_slots)
        _put(client, _dead_runs())
        if notify is not None:
            _put(client, _notification(client, notify))


def add_missing() -> None:
    """Put on the server what it lacks; a limit that is there keeps its slots."""
    absent = list(missing())
    with get_client(sync_client=True) as client:
        if _NO_LIMIT in absent:
            client.upsert_global_concurrency_limit_by_name(GPU_LIMIT, 1)
        if _NO_AUTOMATION in absent:
            _put(client, _dead_runs())


def missing() -> Iterator[str]:
    """What `set_up` would put on the server."""
    with get_client(sync_client=True) as client:
        try:
            client.read_global_concurrency_limit_by_name(GPU_LIMIT)
        except ObjectNotFound:
            yield _NO_LIMIT
        if not client.read_automations_by_name(DEAD_RUNS):
            yield _NO_AUTOMATION


def _dead_runs() -> AutomationCore:
    """https://docs.prefect.io/v3/advanced/detect-zombie-flows"""
    heartbeat = "prefect.flow-run.heartbeat"
    return AutomationCore(
        name=DEAD_RUNS,
        trigger=EventTrigger(
            match=_RUNS,
            match_related=_of(*FLOWS, "build-shards"),  # those of others may tell less often
            for_each={"prefect.resource.id"},
            after={heartbeat},
            expect={heartbeat, *(f"prefect.flow-run.{end}" for end in _ENDS)},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                state=StateType.CRASHED,
                force=False,
                message=f"no sign of life for {_SILENCE.seconds} s: killed, or its machine is gone",
            )
        ],
    )


def _notification(client: SyncPrefectClient, block: str) -> AutomationCore:
    kind, _, name = block.partition("/")
    try:
        found = client.read_block_document_by_name(name, kind)
    except ObjectNotFound:
        message = f"notify: Prefect has no block `{block}`; give TYPE/NAME of one under Blocks"
        raise ConfigError(message) from None
    return AutomationCore(
        name=NOTIFIED,
        trigger=EventTrigger(
            match=_RUNS,
            match_related=_of(*FLOWS),
            for_each={"prefect.resource.id"},
            expect={f"prefect.flow-run.{end}" for end in ("Failed", "TimedOut", "Crashed")},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[
            SendNotification(
                block_document_id=found.id,
                subject="{{ flow.name }} {{ flow_run.state.name }}: {{ flow_run.name }}",
                body="{{ flow_run.state.message }}\n{{ flow_run|ui_url }}",
            )
        ],
    )


def _put(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    """The server allows several of one name."""
    for automation in client.read_automations_by_name(wanted.name):
        client.update_automation(automation.id, wanted)
        return
    client.create_automation(wanted)
