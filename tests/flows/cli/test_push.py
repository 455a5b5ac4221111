"""`voxloom push`, against a server that speaks the hub's protocol."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from models.mirror import mirror
from models.object_store import RemotePath
from pipeline.dataset.files import BUILD_FILE, data_files
from pipeline.dataset.output import OutputConfig, check_output
from tests.flows.cli.commands import run
from tests.hub_server import TOKEN, Hub, Repository
from tests.pipeline.synthetic_build import seal_tones

PLACE = RemotePath("hf://datasets/org/tones")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    from huggingface_hub import constants

    with Hub().running() as server:
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        monkeypatch.setenv("VOXLOOM_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "ENDPOINT", server.address)
        resolve = f"{server.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", resolve)
        # What it is without hf_xet, whose servers no stand-in speaks for.
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        mirror.cache_clear()
        yield server


@pytest.fixture
def dataset(sealed_tones: Callable[[int], Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(sealed_tones(60), tmp_path / "tones"))


def _contents(dataset: Path) -> dict[str, bytes]:
    files = (path for path in dataset.rglob("*") if path.is_file())
    return {path.relative_to(dataset).as_posix(): path.read_bytes() for path in files}


def test_a_dataset_is_one_commit_and_reads_back(
    hub: Hub, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", dataset, PLACE) == 0
    assert f"commit   {hub.address}/datasets/org/tones/commit/" in capsys.readouterr().out
    repository = hub.repositories["org/tones"]
    assert repository.private
    assert len(repository.commits) == 1
    assert repository.files == _contents(dataset) | {".gitattributes": b""}
    assert run("verify", PLACE) == 0
    assert run("diff", PLACE, dataset) == 0


def test_a_second_push_sends_what_is_new_and_takes_away_what_is_gone(
    hub: Hub, dataset: Path, tmp_path: Path
) -> None:
    assert run("push", dataset, PLACE, "--public") == 0
    repository = hub.repositories["org/tones"]
    assert not repository.private
    repository.files |= {"LICENSE": b"mine", "data/train-00099-of-00100.parquet": b"old"}
    hub.sent.clear()
    assert run("push", dataset, PLACE) == 0
    assert hub.sent == []
    assert repository.files == _contents(dataset) | {".gitattributes": b"", "LICENSE": b"mine"}


def test_a_commit_that_fails_changes_nothing(
    hub: Hub, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.refuses_commits = True
    assert run("push", dataset, PLACE) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {PLACE}: the hub does not take it (")
    assert said.count("\n") == 1
    assert TOKEN not in said
    assert hub.repositories["org/tones"].files == {".gitattributes": b""}
    hub.refuses_commits = False
    hub.sent.clear()
    assert run("push", dataset, PLACE) == 0
    assert hub.sent == [], "what was sent before is not sent again"


def test_a_hub_that_cannot_be_reached_is_told(
    hub: Hub, dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # between the library's attempts
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    assert run("push", dataset, PLACE) == 1
    assert f"error: {PLACE}: the hub cannot be reached (Conn" in capsys.readouterr().err


def test_what_is_no_whole_dataset_is_not_sent(
    hub: Hub, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data_files(dataset)[0]
    file.write_bytes(file.read_bytes() + b"\0")
    assert run("push", dataset, PLACE) == 1
    assert f"error: {file}: is not what {BUILD_FILE} lists" in capsys.readouterr().err
    assert not hub.repositories


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("hf://datasets/tones", "hf://datasets/ORG/NAME is needed"),
        ("s3://bucket/tones", "hf://datasets/ORG/NAME is needed"),
        ("org/tones", "hf://datasets/ORG/NAME is needed"),
    ],
)
def test_other_addresses_are_refused(
    hub: Hub, dataset: Path, place: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("push", dataset, place) == 2
    assert message in capsys.readouterr().err


def test_the_token_is_that_of_the_environment(
    hub: Hub, dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    assert run("push", dataset, PLACE) == 1
    assert f"error: {PLACE}: HF_TOKEN is not set" in capsys.readouterr().err
    monkeypatch.setenv("HF_TOKEN", "hf_another_secret")
    assert run("push", dataset, PLACE) == 1
    assert "hf_another_secret" not in capsys.readouterr().err


def test_files_of_others_stay(hub: Hub, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub.repositories["org/tones"] = Repository(False, {"thesis.tex": b""})
    assert run("push", dataset, PLACE) == 1
    assert "holds files that are not ours (thesis.tex)" in capsys.readouterr().err


def test_a_build_publishes_there_in_one_commit(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_output(OutputConfig(PLACE), "tones")
    seal_tones(tmp_path / "a", 12, output=OutputConfig(PLACE))
    repository = hub.repositories["org/tones"]
    assert len(repository.commits) == 1
    assert BUILD_FILE in repository.files
    check_output(OutputConfig(PLACE), "tones")
