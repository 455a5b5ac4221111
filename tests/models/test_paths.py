"""Paths as people write them."""

import pickle
from pathlib import Path

import pytest

from models.errors import ConfigError
from models.object_store import RemotePath
from models.paths import as_path


def test_home_folders_are_meant_by_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert as_path("~/noise") == tmp_path / "noise"
    assert as_path("a/~/noise") == Path("a/~/noise")


@pytest.mark.parametrize("written", ["s3://bucket/a/b", "s3:/bucket/a/b", Path("s3://bucket/a/b")])
def test_a_path_in_a_store_is_named_and_joined_as_others_are(written: Path | str) -> None:
    path = as_path(written)
    assert isinstance(path, RemotePath)
    assert str(path / "c.wav") == "s3://bucket/a/b/c.wav"
    assert (path.scheme, path.key, path.name) == ("s3", "bucket/a/b", "b")
    assert str(path.parent) == "s3://bucket/a"
    assert path.absolute() == path.resolve() == path.expanduser() == as_path(path) == path
    assert str(pickle.loads(pickle.dumps(path))) == str(path)


def test_a_path_in_a_store_is_never_taken_for_one_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = as_path("s3://bucket/a")
    for use in (path.mkdir, path.is_dir, path.stat, path.touch):
        with pytest.raises(ConfigError, match="s3://bucket/a: is not on this machine"):
            use()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("ftp://host/noise", r"noise\.folder: ftp://host/noise: ftp:// is not supported; allowed: "
         r"s3://, gs://, az://, hf:// and local paths"),
        (Path("http://host/x"), r"http://host/x: http:// is not supported"),
        ("S3://bucket/a", r"S3:// is not supported"),
        ("file:///a", r"file:///?a: file:// is not supported"),
        ("s3://", r"s3://: names no bucket"),
        ("s3://key:hush@bucket/a", r"s3://…: credentials do not belong in an address"),
        ("az://box/a?sv=2026&sig=hush", r"az://…: credentials do not belong in an address"),
        ("s3a://key:hu/sh@bucket/a", r"folder: s3a://…@bucket/a: s3a:// is not supported"),
        ("https://host/a?X-Amz-Signature=hush", r"https://host/a\?…: https:// is not supported"),
        ("~nosuchuser/x", r"~nosuchuser: there is no such user"),
    ],
)  # fmt: skip
def test_what_is_no_path_is_told_by_name(written: Path | str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as told:
        as_path(written, "noise.folder")
    assert "hush" not in str(told.value)
