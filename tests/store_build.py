"""A tiny build that reads its inputs from an object store and publishes its dataset there."""

from pathlib import Path

import yaml

from models.object_store import RemotePath, send
from tests.tiny_voices import TinyVoices

OUTPUT = RemotePath("s3://bucket/datasets/tiny")


def send_folder(folder: Path, place: RemotePath) -> None:
    files = (path for path in folder.rglob("*") if path.is_file())
    send({place / path.relative_to(folder).as_posix(): path for path in files})


def write_store_build(config: Path, voices: TinyVoices) -> Path:
    """Send what a tiny build reads to the bucket, but for two checkpoints; returns the path of a
    config that reads it there, and publishes at `OUTPUT`.
    """
    settings = yaml.safe_load(config.read_text())
    for name in ("home", "noise", "rooms"):
        send_folder(config.parent / name, RemotePath(f"s3://bucket/in/{name}"))
    send_folder(voices.vocoder, RemotePath("s3://bucket/in/vocoder"))
    settings["sentences"]["domain"] = "s3://bucket/in/home"
    settings["augment"]["noise"]["folder"] = "s3://bucket/in/noise"
    settings["augment"]["room"]["folder"] = "s3://bucket/in/rooms"
    settings["voice"]["vocoder"] = "s3://bucket/in/vocoder"
    settings["output"]["path"] = str(OUTPUT)
    remote = config.parent / "remote" / "build.yaml"
    remote.parent.mkdir()
    settings["runtime"]["work_dir"] = str(remote.parent / "work")
    remote.write_text(yaml.safe_dump(settings))
    return remote
