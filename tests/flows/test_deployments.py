"""prefect.yaml: Prefect itself reads it, and what it points at exists."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.cli.deploy._models import DeploymentConfig
from prefect.flows import load_flow_from_entrypoint

from pipeline.build.config import load_build_config


@pytest.fixture
def deployment(checkout: Path) -> dict[str, Any]:
    content = yaml.safe_load((checkout / "prefect.yaml").read_text(encoding="utf-8"))
    (only,) = content["deployments"]
    return dict(only)


def test_prefect_accepts_every_key(deployment: dict[str, Any]) -> None:
    config = DeploymentConfig.model_validate(deployment)
    assert config.name == "quickstart-nightly"
    assert config.schedules


def test_the_entrypoint_is_the_flow_and_takes_the_parameters(
    deployment: dict[str, Any], checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    flow = load_flow_from_entrypoint(deployment["entrypoint"])
    assert flow.name == "build-dataset"
    assert flow.validate_parameters(deployment["parameters"]) == deployment["parameters"]


def test_its_config_is_valid(deployment: dict[str, Any], checkout: Path) -> None:
    assert load_build_config(checkout / deployment["parameters"]["config"]).name == "quickstart"
