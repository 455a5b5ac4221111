"""prefect.yaml: Prefect itself reads it, `voxloom serve` does, and what it points at exists."""

import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.cli.deploy._models import DeploymentConfig
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName
from prefect.flows import load_flow_from_entrypoint

from flows.serving import deployments
from models.config import read_yaml
from pipeline.build.config import load_build_config

CHECKOUT = Path(__file__).parents[2]
ASKED = yaml.safe_load((CHECKOUT / "prefect.yaml").read_text(encoding="utf-8"))
by_name = pytest.mark.parametrize("asked", ASKED["deployments"], ids=lambda asked: asked["name"])


@by_name
def test_prefect_accepts_every_key(asked: dict[str, Any]) -> None:
    config = DeploymentConfig.model_validate(asked)
    assert config.name == asked["name"]
    assert set(asked) <= set(DeploymentConfig.model_fields)
    assert asked["work_pool"]["job_variables"]["env"] == {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}


@by_name
def test_its_flow_takes_the_parameters_and_its_configs_exist(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(CHECKOUT)
    flow = load_flow_from_entrypoint(asked["entrypoint"])
    assert flow.validate_parameters(asked["parameters"])
    given = asked["parameters"]
    assert load_build_config(given.get("config") or given["build"]).name == "quickstart"
    assert "recipe" in read_yaml(given.get("training", "configs/train/harmonic.yaml"))


def test_scheduled_runs_make_new_rows_every_time() -> None:
    scheduled = [asked for asked in ASKED["deployments"] if asked.get("schedules")]
    assert len(scheduled) == 3
    assert {asked["parameters"]["seed"] for asked in scheduled} == {"date"}


def test_workers_take_the_code_from_git_and_no_path_of_one_machine() -> None:
    (step,) = ASKED["pull"]
    assert step["prefect.deployments.steps.git_clone"]["repository"] == "{{ $VOXLOOM_REPOSITORY }}"


def test_one_machine_serves_the_same_deployments() -> None:
    served = {one.name: one for one in deployments(CHECKOUT / "prefect.yaml")}
    assert list(served) == [asked["name"] for asked in ASKED["deployments"]]
    nightly = served["nightly"]
    assert nightly.entrypoint == "flows.build_dataset.build_dataset"
    assert nightly.parameters["output"] == "$VOXLOOM_DATA/nightly/{date}"
    assert nightly.schedules is not None
    assert str(nightly.schedules[0].schedule.cron) == "0 3 * * *"


def test_a_served_schedule_becomes_runs(server: SyncPrefectClient) -> None:
    """Prefect's scheduler does that, if it gets on with the libraries that are installed."""
    nightly = next(one for one in deployments(CHECKOUT / "prefect.yaml") if one.name == "nightly")
    nightly.apply()
    deadline = time.monotonic() + 60
    by_deployment = DeploymentFilter(name=DeploymentFilterName(any_=["nightly"]))
    while not (runs := server.read_flow_runs(deployment_filter=by_deployment)):
        assert time.monotonic() < deadline, "nothing was scheduled"
        time.sleep(0.2)
    assert runs[0].state_name == "Scheduled"
    assert runs[0].parameters["seed"] == "date"
