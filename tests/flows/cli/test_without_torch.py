"""Commands that only read a dataset run where torch cannot be imported."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

_BLOCKED = """
import sys

class NoTorch:
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "torchaudio"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify"],
        ["audit"],
        ["report", "--out"],
        ["export", "--to", "kaldi", "--workers", "1", "--out"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_dataset_is_read_without_torch(
    arguments: list[str], checkout: Path, tmp_path: Path, sealed_tones: Callable[[int], Path]
) -> None:
    dataset = str(sealed_tones(2))
    given = [arguments[0], dataset, *arguments[1:]]
    given += [str(tmp_path / "out")] if arguments[-1] == "--out" else []
    program = f"{_BLOCKED}\nfrom flows.cli.app import main; main({given!r})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
