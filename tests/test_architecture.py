"""Imports run one way: flows -> pipeline -> models; and the synthesis half needs only torch."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "models": {"models"},
    "pipeline": {"models", "pipeline"},
    "flows": {"models", "pipeline", "flows"},
}
ORCHESTRATION = {"prefect", "prefect_ray", "ray"}
NOT_IN_MODELS = {"pyarrow", "jinja2", "datasets", "nemo_text_processing"}
BARE = [
    "pipeline.records",
    "pipeline.randomness",
    "pipeline.speech.synthesize",
    "pipeline.speech.vocode",
]

# Everything that a machine with torch and numpy alone lacks.
ABSENT = [
    "prefect", "pyarrow", "pandas", "jinja2", "datasets", "nemo_text_processing", "pynini",
    "phonemizer", "espeakng_loader", "librosa", "audiomentations", "soundfile", "soxr", "scipy",
    "typer", "rich", "accelerate", "tensorboard", "matplotlib", "pyloudnorm", "jiwer",
]  # fmt: skip


def _sources() -> Iterator[Path]:
    for package in MAY_IMPORT:
        yield from sorted((ROOT / package).rglob("*.py"))


def _imported(path: Path) -> set[str]:
    """The top-level names of all modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write imports absolutely"
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("path", _sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    imported = _imported(path)
    assert imported & set(MAY_IMPORT) <= MAY_IMPORT[package]
    if package != "flows":
        assert not imported & ORCHESTRATION, "Prefect stays in flows/"
    if package == "models":
        assert not imported & NOT_IN_MODELS


def _importable_without(absent: list[str], modules: list[str]) -> subprocess.CompletedProcess[str]:
    """Import `modules` in a fresh interpreter in which `absent` ones cannot be imported."""
    block = f"import sys; sys.modules.update(dict.fromkeys({absent!r}))"
    imports = "; ".join(f"import {module}" for module in modules)
    return subprocess.run(
        [sys.executable, "-c", f"{block}; {imports}"], cwd=ROOT, capture_output=True, text=True
    )


def test_models_and_the_synthesis_half_import_on_bare_torch() -> None:
    rooms = (".", "acoustic", "vocoders", "melnet", "phonology", "recognition", "speakers")
    networks = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in rooms
        for path in (ROOT / "models" / room).glob("*.py")
        if path.stem != "__init__"
    ]
    outcome = _importable_without(ABSENT, [*networks, *BARE])
    assert outcome.returncode == 0, outcome.stderr


def test_the_command_line_starts_without_anything_heavy() -> None:
    heavy = ["torch", "prefect", "pyarrow", "numpy", "pandas", "librosa", "datasets"]
    outcome = _importable_without(heavy, ["flows.cli.app"])
    assert outcome.returncode == 0, outcome.stderr
