"""Commands that only read a dataset run where torch cannot be imported."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "arguments",
    [["verify"], ["export", "--to", "kaldi", "--workers", "1", "--out"]],
    ids=lambda arguments: arguments[0],
)
def test_a_dataset_is_read_without_torch(
    arguments: list[str], checkout: Path, tmp_path: Path, sealed_tones: Callable[[int], Path]
) -> None:
    dataset = str(sealed_tones(2))
    given = [arguments[0], dataset, *arguments[1:]]
    given += [str(tmp_path / "out")] if arguments[-1] == "--out" else []
    block = "import sys; sys.modules.update(torch=None, torchaudio=None)"
    program = f"{block}; from flows.cli.app import main; main({given!r})"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
