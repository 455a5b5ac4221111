"""What the installation benchmark counts: what a package asks for, with and without its extras."""

import pytest

from benchmarks.installation import canonical, closure, megabytes


def test_extras_are_counted_only_where_they_are_asked_for() -> None:
    build, with_tests = closure("voxloom"), closure("voxloom", ("dev",))
    assert {"voxloom", "torch", "numpy", "prefect"} <= build
    assert "pytest" not in build
    assert {"pytest"} | build <= with_tests


def test_sizes_add_up() -> None:
    both = megabytes(["numpy"]) + megabytes(["typer"])
    assert megabytes(["numpy", "typer"]) == pytest.approx(both)
    assert both > 1


def test_names_are_written_in_one_way() -> None:
    assert canonical("Nemo_text.processing") == "nemo-text-processing"
