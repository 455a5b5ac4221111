"""A build whose inputs lie in an object store and whose dataset goes into one."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from flows import run_build
from models.object_store import RemotePath, listing
from pipeline.storage.versions import local_copy
from tests.flows.cli.commands import run
from tests.s3_server import FaultyS3, every
from tests.store_build import OUTPUT, send_folder, write_store_build
from tests.tiny_build import rows_by_id, write_tiny_build
from tests.tiny_voices import TinyVoices


def test_rows_are_those_of_a_local_build_though_the_store_fails(
    s3: FaultyS3, tmp_path: Path, tiny_voices: TinyVoices, tiny_dataset: Path,
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    config = write_tiny_build(tmp_path, tiny_voices, count=6, shard_size=3)
    remote = write_store_build(config, tiny_voices)
    monkeypatch.chdir(remote.parent)
    monkeypatch.setattr(run_build, "_prefect_log", lambda verbose: nullcontext())
    with s3.failing(every(7, "500", "cut", "slow")):
        assert run("build", remote) == 0
    assert set(s3.failed) == {"500", "cut", "slow"}
    assert "s3://bucket/datasets/tiny/versions/" in capfd.readouterr().out
    assert not [path for path in remote.parent.iterdir() if path.name.startswith("s3")]
    rows = rows_by_id(local_copy(OUTPUT))
    assert len(rows) == 6
    assert rows.items() <= rows_by_id(tiny_dataset).items(), "the first of a larger build"

    assert run("verify", OUTPUT) == 0
    assert run("diff", OUTPUT, tiny_dataset) == 1
    assert "rows: 6 added, 0 removed, 0 changed, 6 the same" in capfd.readouterr().out
    assert run("report", OUTPUT) == 0
    assert (remote.parent / "report.html").is_file()
    assert run("export", OUTPUT, "--to", "nemo", "--out", "nemo", "--workers", "1") == 0
    assert run("export", OUTPUT, "--to", "nemo", "--out", "s3://bucket/nemo") == 2
    error = capfd.readouterr().err
    assert "s3://bucket/nemo" in error
    assert "is not on this machine" in error
    assert not listing(RemotePath("s3://bucket/nemo"))
    assert run("merge", OUTPUT, tiny_dataset, "--to", "both") == 0
    assert run("extend", OUTPUT, remote, "--set", "seed=9", "--set", "sentences.count=2") == 0
    assert run("verify", OUTPUT) == 0
    grown = rows_by_id(local_copy(OUTPUT))
    assert len(grown) == 8
    assert rows.items() <= grown.items(), "the old ones as they were"
    assert run("extend", OUTPUT, remote, "--set", "seed=9", "--set", "sentences.count=2") == 0
    assert f"nothing to add: {OUTPUT} holds" in capfd.readouterr().out


def test_what_cannot_be_published_is_told_before_any_work(
    s3: FaultyS3, tmp_path: Path, tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices)
    send_folder(tmp_path / "rooms", OUTPUT)
    assert run("build", config, "-o", OUTPUT) == 1
    assert f"error: {OUTPUT}: holds what no build published" in capsys.readouterr().err
    assert run("build", config, "-o", "ftp://host/data") == 2
    assert (
        "error: ftp://host/data: ftp:// is not supported; allowed: s3://" in capsys.readouterr().err
    )
    assert run("build", config, "--set", "runtime.work_dir=s3://bucket/work") == 2
    assert "runtime.work_dir: s3://bucket/work: is an object store" in capsys.readouterr().err
