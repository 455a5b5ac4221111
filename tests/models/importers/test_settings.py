from dataclasses import dataclass
from pathlib import Path

import pytest

from models.errors import CheckpointError, ConfigError
from models.importers.settings import find_settings, known, read_settings

# As `yaml.dump` writes the arguments of a training: with the classes of what it dumps.
DUMPED = """!!python/object:argparse.Namespace
ngf: 32
ratios: !!python/tuple
- 8
- 2
save_path: !!python/object/apply:pathlib.PosixPath
- logs
- run
"""


@dataclass(frozen=True)
class Wanted:
    ngf: int
    ratios: tuple[int, ...] = ()


def test_dumped_objects_are_read_as_their_fields(tmp_path: Path) -> None:
    path = tmp_path / "args.yml"
    path.write_text(DUMPED)
    settings = read_settings(path)
    assert settings == {"ngf": 32, "ratios": [8, 2], "save_path": ["logs", "run"]}
    assert known(Wanted, settings, "here") == Wanted(32, (8, 2))


def test_nothing_in_a_config_is_executed(tmp_path: Path) -> None:
    path = tmp_path / "config.yml"
    path.write_text(f"a: !!python/object/apply:os.system ['touch {tmp_path}/sprung']\n")
    assert read_settings(path) == {"a": [f"touch {tmp_path}/sprung"]}
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["config.json", "config.yml"])
@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe\x00", b"", b"PK\x03\x04\x00\x01"])
def test_what_is_no_config_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=f"{path}: ") as caught:
        read_settings(path)
    assert "\n" not in str(caught.value)


def test_missing_and_wrong_keys_are_named() -> None:
    with pytest.raises(ConfigError, match="here: ngf: missing"):
        known(Wanted, {"other": 1}, "here")
    with pytest.raises(ConfigError, match="here: ngf: expected a whole number, found 'x'"):
        known(Wanted, {"ngf": "x"}, "here")
    with pytest.raises(ConfigError, match="here: expected a section"):
        known(Wanted, None, "here")


def test_config_is_sought_beside_the_weights(tmp_path: Path) -> None:
    weights, given = tmp_path / "weights.pt", Path("given.yml")
    assert find_settings(weights, given, "config.yml") == given
    with pytest.raises(
        CheckpointError, match=r"no config.json or config.yml beside it; .*--config"
    ):
        find_settings(weights, None, "config.json", "config.yml")
    (tmp_path / "config.yml").touch()
    assert find_settings(weights, None, "config.json", "config.yml") == tmp_path / "config.yml"
