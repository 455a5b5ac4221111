"""How large an installation is, by what asks for it: MB of the packages that are installed here.

    python -m benchmarks.installation

`make dataset` installs the first row; `make test` and training add the extras. CUDA libraries are
what torch's wheel for GPUs asks for and its CPU wheel does not.
"""

import re
import sys
from collections.abc import Iterable
from importlib import metadata

from packaging.requirements import Requirement

from models.evaluation.tables import markdown_table

_CUDA = re.compile(r"nvidia-|cuda-|triton$")


def closure(package: str, extras: Iterable[str] = ()) -> set[str]:
    """All installed packages that `package` with `extras` asks for, itself included."""
    found: set[str] = set()
    open_ends = [(package, ("", *extras))]
    while open_ends:
        name, wanted = open_ends.pop()
        found.add(canonical(name))
        for text in _requirements(name):
            asked = Requirement(text)
            if asked.marker and not any(asked.marker.evaluate({"extra": one}) for one in wanted):
                continue
            if canonical(asked.name) not in found:
                open_ends.append((asked.name, ("", *asked.extras)))
    return {name for name in found if _is_installed(name)}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def megabytes(packages: Iterable[str]) -> float:
    """What the files of `packages` take on disk."""
    total = 0
    for name in packages:
        for file in metadata.files(name) or ():
            path = file.locate()
            total += path.stat().st_size if path.is_file() else 0  # type: ignore[attr-defined]
    return total / 1e6


def _requirements(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []


def _is_installed(name: str) -> bool:
    return any(metadata.distributions(name=name))


def main() -> int:
    build = closure("voxloom") | {"nemo-text-processing"}
    everything = closure("voxloom", ("train", "dev")) | build
    cuda = {name for name in build if _CUDA.match(name)}
    parts = {
        "a build": build,
        "of it: CUDA libraries": cuda,
        "of it: torch": {"torch"},
        "added by the extras `train` and `dev`": everything - build,
    }
    table = [[what, str(len(names)), f"{megabytes(names):,.0f}"] for what, names in parts.items()]
    print(markdown_table(["", "packages", "MB"], table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
