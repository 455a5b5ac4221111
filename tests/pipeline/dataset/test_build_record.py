"""`build.json` is the same on every machine, and knows whether it is whole."""

import json
import shutil
from pathlib import Path

import pytest

from pipeline.dataset import build_record
from pipeline.dataset.build_record import record_digest, stamp_pages, write_build
from pipeline.dataset.files import read_build
from tests.pipeline.synthetic_build import seal_tones


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return seal_tones(tmp_path_factory.mktemp("here"))


def test_another_place_makes_the_same_bytes(sealed: Path, tmp_path: Path) -> None:
    there = seal_tones(tmp_path / "there", part_size=7)
    text = (there / "build.json").read_text()
    assert text == (sealed / "build.json").read_text()
    for secret in (str(tmp_path), str(Path.home()), Path.cwd().name + "/"):
        assert secret not in text


def test_paths_into_the_checkout_are_relative_to_it() -> None:
    checkout = Path(build_record.__file__).resolve().parents[2]
    config = {
        "sentences": {"domain": f"{checkout}/prompts/digits", "files": [{"path": "/data/a.txt"}]},
        "augment": {"chain": [{"folder": f"{checkout}/sounds/noise"}]},
        "output": {"path": "/out", "license": "mit"},
        "runtime": {"workers": 3},
    }
    assert build_record.portable(config) == {
        "sentences": {"domain": "prompts/digits", "files": [{"path": "/data/a.txt"}]},
        "augment": {"chain": [{"folder": "sounds/noise"}]},
        "output": {"license": "mit"},
    }


def test_what_is_named(sealed: Path) -> None:
    build = read_build(sealed)
    assert set(build["pages"]) >= {"README.md", "audit.json", "report.html"}
    assert build["versions"]["voxloom"]
    assert isinstance(build["revision"], str)
    assert build["digest"] == record_digest(build)


def test_an_edited_record_is_not_made_good_by_a_new_page(sealed: Path, tmp_path: Path) -> None:
    dataset = Path(shutil.copytree(sealed, tmp_path / "dataset"))
    (dataset / "report.html").write_text("a new page")
    stamp_pages(dataset, ["report.html"])
    build = read_build(dataset)
    assert build["digest"] == record_digest(build)
    assert build["pages"]["report.html"]["bytes"] == len("a new page")
    path = dataset / "build.json"
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))
    stamp_pages(dataset)
    build = read_build(dataset)
    assert build["digest"] != record_digest(build)


def test_line_ends_do_not_count(sealed: Path, tmp_path: Path) -> None:
    build = read_build(sealed)
    write_build(tmp_path, build)
    assert json.loads((tmp_path / "build.json").read_text()) == build
    assert record_digest(json.loads(json.dumps(build, indent=8))) == build["digest"]
