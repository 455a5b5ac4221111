"""The start benchmark measures fresh processes with what they started."""

import pytest

from benchmarks.start import cpu_seconds


def test_seconds_of_a_process_and_its_children_are_counted() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    in_child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    assert cpu_seconds(burn) >= 0.3
    assert cpu_seconds(in_child) >= 0.3


def test_a_program_that_fails_is_told() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        cpu_seconds("raise SystemExit('no such thing')")
