"""Commands that only read a dataset run where torch cannot be imported."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_BLOCKED = """
import sys

class NoTorch:
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "torchaudio"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
"""


def test_a_dataset_is_read_without_torch(
    checkout: Path, tmp_path: Path, sealed_tones: Callable[[int], Path]
) -> None:
    dataset, out = str(sealed_tones(2)), str(tmp_path / "out")
    commands = [
        ["verify", dataset],
        ["audit", dataset],
        ["report", dataset, "--out", f"{out}.html"],
        ["export", dataset, "--to", "kaldi", "--workers", "1", "--out", out],
    ]
    run = "from tests.flows.cli.commands import run"
    program = f"{_BLOCKED}\n{run}\nassert [run(*one) for one in {commands!r}] == [0] * 4"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_config_that_is_not_there_is_told_before_torch_is_imported(checkout: Path) -> None:
    commands = [["build", "x.yaml"], ["plan", "x.yaml"], ["extend", "x", "x.yaml"]]
    run = "from tests.flows.cli.commands import run"
    program = f"{_BLOCKED}\n{run}\nassert [run(*one) for one in {commands!r}] == [2] * 3"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("x.yaml: cannot be read as a config") == len(commands)
