"""What `voxloom serve` puts on a real Prefect server, once, and how `doctor` knows."""

from datetime import timedelta

import pytest
from prefect.automations import EventTrigger
from prefect.blocks.notifications import SlackWebhook
from prefect.client.orchestration import SyncPrefectClient

from flows.cli.doctor import examine
from flows.server_setup import DEAD_RUNS, HEARTBEAT_S, NOTIFIED, add_missing, missing, set_up
from models.errors import ConfigError


def _doctors_word() -> str:
    (found,) = (one for one in examine() if one.what == "Prefect server")
    return f"{found.state}: {found.found}"


def test_a_server_is_set_up_once_and_brought_up_to_date(server: SyncPrefectClient) -> None:
    assert list(missing()) == ["concurrency limit gpu", f"automation `{DEAD_RUNS}`"]
    assert "without concurrency limit gpu" in _doctors_word()
    add_missing()
    assert list(missing()) == []
    assert server.read_global_concurrency_limit_by_name("gpu").limit == 1
    SlackWebhook(url="https://hooks.example/T/B/x").save("data-team")
    set_up(gpu_slots=1, notify=None)
    set_up(gpu_slots=2, notify="slack-webhook/data-team")
    assert list(missing()) == []
    assert _doctors_word() == f"ok: {server.api_url}".rstrip("/")
    assert server.read_global_concurrency_limit_by_name("gpu").limit == 2
    (dead_runs,) = server.read_automations_by_name(DEAD_RUNS)
    assert isinstance(dead_runs.trigger, EventTrigger)
    assert timedelta(seconds=2 * HEARTBEAT_S) < dead_runs.trigger.within < timedelta(seconds=110)
    add_missing()
    assert server.read_global_concurrency_limit_by_name("gpu").limit == 2
    (notified,) = server.read_automations_by_name(NOTIFIED)
    assert notified.actions[0].type == "send-notification"


def test_a_block_that_is_not_there_is_named(server: SyncPrefectClient) -> None:
    with pytest.raises(ConfigError, match="no block `slack-webhook/nobody`"):
        set_up(gpu_slots=1, notify="slack-webhook/nobody")
