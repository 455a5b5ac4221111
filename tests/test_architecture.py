"""Imports run one way: flows -> pipeline -> models, and down the layers of each, in no circle."""

import ast
import functools
import graphlib
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MAY_IMPORT = {
    "models": {"models"},
    "pipeline": {"models", "pipeline"},
    "flows": {"models", "pipeline", "flows"},
}
# The rooms of a package, lowest first: packages, and modules that lie beside them. A room imports
# what lies below it, and of its own layer what does not import it.
LAYERS = {
    "pipeline": [
        {"records", "randomness", "distributions", "splits", "bits_by_hash"}
        | {"storage", "audio", "licences", "statistics", "endpoint"},
        {"domain", "text"},
        {"sentences"},
        {"speech"},
        {"judging"},
        {"augment"},
        {"dataset", "pages"},
        {"coverage", "audit", "label_leakage"},
        {"report", "card", "browse"},
        {"verify", "diff", "export"},
        {"build"},
        {"editing", "probe"},
    ],
    "models": [
        {"errors", "config", "text_files", "content", "file_state", "folders", "revision"}
        | {"paths", "object_store", "mirror", "cache_folder", "imports"}
        | {"yaml_files", "json_files", "sound_files", "weights_size", "atomic", "lock"}
        | {
            "waveform",
            "mel",
            "precision",
            "padded_layers",
            "cuda_graphs",
            "stft",
            "losses",
            "voice",
        },
        {"phonology"},
        {"checkpoint"},
        {"recognition", "speakers", "engines"},
        {"acoustic", "vocoders", "melnet"},
        {"importers"},
        {"training"},
        {"evaluation"},
    ],
}
# What people look at: no config needs it.
PAGES = ["audit", "browse", "card", "coverage", "label_leakage", "pages", "report"]
# What a config is read and checked without.
USED_LATER = {
    "openai",
    "httpx2",
    "prefect",
    "pynini",
    "nemo_text_processing",
    "matplotlib",
    "scipy",
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


@functools.cache
def _imports_in(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Every import of a file, wherever in it."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    return tuple(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def _imported(path: Path) -> set[str]:
    """The top-level names of all modules that a file imports."""
    names = set()
    for node in _imports_in(path):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        else:
            assert node.level == 0, f"{path}: write imports absolutely"
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_run_one_way(package: str) -> None:
    refused = set(MAY_IMPORT) - MAY_IMPORT[package]
    refused |= ORCHESTRATION if package != "flows" else set()  # Prefect stays in flows/
    refused |= NOT_IN_MODELS if package == "models" else set()
    sources = list((ROOT / package).rglob("*.py"))
    assert sources
    wrong = {path: found for path in sources if (found := _imported(path) & refused)}
    assert wrong == {}


@functools.cache
def _modules() -> dict[str, Path]:
    """Every module by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in _sources()
    }


def _imported_modules(path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The dotted names of our modules that a file imports, wherever in it."""
    for node in _imports_in(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in known else str(node.module)


@functools.cache
def _rooms(package: str) -> dict[str, dict[str, str]]:
    """Room -> the rooms of the same package that it imports, each with one such import."""
    known, found = _modules(), defaultdict[str, dict[str, str]](dict)
    for module, path in known.items():
        room = module.split(".")[1:2]
        if module.split(".")[0] != package or not room:
            continue
        for name in _imported_modules(path, known):
            if name.split(".")[0] == package and name.split(".")[1:2] not in ([], room):
                found[room[0]].setdefault(name.split(".")[1], f"{module} imports {name}")
        found[room[0]]  # one that imports none is a room, too
    return found


@pytest.mark.parametrize("package", LAYERS)
def test_every_room_has_a_layer(package: str) -> None:
    assert set(_rooms(package)) == set().union(*LAYERS[package])


@pytest.mark.parametrize("package", LAYERS)
def test_no_import_runs_up(package: str) -> None:
    layer_of = {room: number for number, rooms in enumerate(LAYERS[package]) for room in rooms}
    upward = [
        example
        for room, imports in _rooms(package).items()
        for other, example in imports.items()
        if layer_of[other] > layer_of[room]
    ]
    assert upward == []


@pytest.mark.parametrize("package", LAYERS)
def test_rooms_form_no_circle(package: str) -> None:
    rooms = {room: set(imports) for room, imports in _rooms(package).items()}
    graphlib.TopologicalSorter(rooms).prepare()  # raises CycleError, which names the circle


def test_a_config_loads_no_page() -> None:
    loaded = {name for name in _loaded_with_a_config() if name.startswith("pipeline.")}
    assert "pipeline.dataset.output" in loaded
    assert {name for name in loaded if name.split(".")[1] in PAGES} == set()
    assert "pipeline.build.pages" not in loaded


def test_a_config_loads_nothing_that_only_some_builds_use_or_that_reads_sentences() -> None:
    loaded = _loaded_with_a_config()
    assert {name.split(".")[0] for name in loaded} & USED_LATER == set()
    assert "pipeline.sentences.language_model.chat.client" not in loaded
    assert {name for name in loaded if name.startswith("pipeline.text.readings.")} <= {
        "pipeline.text.readings.characters"
    }


@functools.cache
def _loaded_with_a_config() -> set[str]:
    """The names of all modules that a fresh interpreter has after it imported the config's."""
    code = "import sys, pipeline.build.config; print(*sys.modules)"
    outcome = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(outcome.stdout.split())


def test_every_package_says_what_lives_there_and_is_on_the_architecture_page() -> None:
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for path in (path for path in _sources() if path.name == "__init__.py"):
        name = f"{path.parent.relative_to(ROOT)}/"
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), name
        assert f"`{name}`" in page, f"docs/ARCHITECTURE.md lacks {name}"


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
