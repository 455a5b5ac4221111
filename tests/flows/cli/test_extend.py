"""`voxloom extend` and `voxloom merge`, from the command line."""

from pathlib import Path

import pytest

from flows.cli import app as cli
from pipeline.build.config import load_build_config
from pipeline.build.stages import plan
from pipeline.dataset.files import read_build
from pipeline.verify.dataset import verify
from tests.tiny_build import run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_voices: TinyVoices) -> Path:
    return write_tiny_build(tmp_path_factory.mktemp("build"), tiny_voices, count=4)


@pytest.fixture(scope="module")
def dataset(config: Path) -> Path:
    return run_stages(plan(load_build_config(config)))


def _run(*arguments: object) -> int:
    """The exit status of `voxloom ARGUMENTS`."""
    try:
        cli.main([str(argument) for argument in arguments])
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def test_what_is_there_already_is_told(dataset, config, capsys) -> None:
    assert _run("extend", dataset, config) == 0
    told = capsys.readouterr().out
    assert "nothing to add" in told
    assert "4 rows, part 1; for others give another seed (--set seed=4)" in told
    assert read_build(dataset)["rows"] == 4


def test_wrong_uses_are_told(dataset, config, tmp_path, capsys) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    for arguments, message in (
        (["merge", dataset, "--to", tmp_path / "new"], "two datasets or more are needed"),
        (["merge", dataset, dataset, "--to", tmp_path / "new"], "each once"),
        (["merge", dataset, tmp_path, "--to", tmp_path / "full"], "full: is not empty"),
        (["merge", dataset, tmp_path / "full", "--to", tmp_path / "new"], "not a Voxloom dataset"),
        (["extend", tmp_path / "full", config], "full: not a Voxloom dataset"),
    ):
        assert _run(*arguments) == 1
        assert message in capsys.readouterr().err
    assert [entry.name for entry in tmp_path.iterdir()] == ["full"]


def test_a_dataset_is_extended_through_the_flow_and_merged(
    dataset: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    settings = ["seed=5", "sentences.count=5", "runtime.workers=1"]
    assert _run("extend", dataset, config, *(f"--set={setting}" for setting in settings)) == 0
    assert "5 rows added; 9 clips" in capsys.readouterr().out
    assert verify(dataset) == []
    further = load_build_config(config, ["seed=6", "name=other", f"output.path={other}"])
    run_stages(plan(further))
    assert _run("merge", dataset, other, "--to", tmp_path / "both") == 0
    build = read_build(tmp_path / "both")
    assert (build["name"], build["rows"], len(build["history"])) == ("both", 13, 3)
    assert verify(tmp_path / "both") == []
