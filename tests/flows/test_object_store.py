"""A build whose inputs lie in an object store and whose dataset goes into one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from models.object_store import RemotePath, listing, send
from pipeline.build.config import load_build_config
from pipeline.build.stages import plan
from pipeline.storage.versions import local_copy
from tests.flows.cli.commands import run
from tests.s3_server import FaultyS3, every
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices

OUTPUT = RemotePath("s3://bucket/datasets/tiny")


def _send(folder: Path, place: RemotePath) -> None:
    files = (path for path in folder.rglob("*") if path.is_file())
    send({place / path.relative_to(folder).as_posix(): path for path in files})


def _of_store(config: Path, voices: TinyVoices) -> Path:
    """The same build with everything that it reads and writes in the bucket."""
    settings = yaml.safe_load(config.read_text())
    for name in ("home", "noise", "rooms"):
        _send(config.parent / name, RemotePath(f"s3://bucket/in/{name}"))
    _send(voices.vocoder, RemotePath("s3://bucket/in/vocoder"))
    settings["sentences"]["domain"] = "s3://bucket/in/home"
    settings["augment"]["noise"]["folder"] = "s3://bucket/in/noise"
    settings["augment"]["room"]["folder"] = "s3://bucket/in/rooms"
    settings["voice"]["vocoder"] = "s3://bucket/in/vocoder"
    settings["output"]["path"] = str(OUTPUT)
    remote = config.parent / "remote" / "build.yaml"
    remote.parent.mkdir()
    remote.write_text(yaml.safe_dump(settings))
    return remote


def test_rows_are_those_of_a_local_build_though_the_store_fails(
    s3: FaultyS3, tmp_path: Path, tiny_voices: TinyVoices, checkout: Path,
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    config = write_tiny_build(tmp_path, tiny_voices, count=6, shard_size=3)
    local = run_stages(plan(load_build_config(config)))
    remote = _of_store(config, tiny_voices)
    environment = os.environ | {"FSSPEC_S3": '{"config_kwargs": {"read_timeout": 0.5}}'}
    command = [sys.executable, "-m", "flows.cli.app", "build", str(remote)]
    place = {"PYTHONPATH": str(checkout)}
    with s3.failing(every(7, "500", "cut", "slow")):
        subprocess.run(command, cwd=remote.parent, env=environment | place, check=True)
    assert set(s3.failed) == {"500", "cut", "slow"}
    said = capfd.readouterr()
    assert "s3://bucket/datasets/tiny/versions/" in said.out
    assert said.err == ""
    assert not [path for path in remote.parent.iterdir() if path.name.startswith("s3")]
    assert rows_by_id(local_copy(OUTPUT)) == rows_by_id(local)

    monkeypatch.chdir(remote.parent)
    assert run("verify", OUTPUT) == 0
    assert run("diff", OUTPUT, local) == 1, "the config names other places"
    assert "rows: 0 added, 0 removed, 0 changed, 6 the same" in capfd.readouterr().out
    assert run("report", OUTPUT) == 0
    assert (remote.parent / "report.html").is_file()
    assert run("export", OUTPUT, "--to", "nemo", "--out", "nemo", "--workers", "1") == 0
    assert run("export", OUTPUT, "--to", "nemo", "--out", "s3://bucket/nemo") == 2
    error = capfd.readouterr().err
    assert "s3://bucket/nemo" in error
    assert "is not on this machine" in error
    assert not listing(RemotePath("s3://bucket/nemo"))
    assert run("merge", OUTPUT, local, "--to", "both") == 0
    assert run("extend", OUTPUT, config) == 2
    assert "s3://bucket/datasets/tiny: is not on this machine" in capfd.readouterr().err


def test_what_cannot_be_published_is_told_before_any_work(
    s3: FaultyS3, tmp_path: Path, tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices)
    _send(tmp_path / "rooms", OUTPUT)
    assert run("build", config, "-o", OUTPUT) == 1
    assert f"error: {OUTPUT}: holds what no build published" in capsys.readouterr().err
    assert run("build", config, "-o", "ftp://host/data") == 2
    assert (
        "error: ftp://host/data: ftp:// is not supported; allowed: s3://" in capsys.readouterr().err
    )
    assert run("build", config, "--set", "runtime.work_dir=s3://bucket/work") == 2
    assert "runtime.work_dir: s3://bucket/work: is an object store" in capsys.readouterr().err
