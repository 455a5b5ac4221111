"""`make fuzz`: every target for some minutes, each in a process of its own, which may die.

    python -m tests.fuzz [--seconds 300] [TARGET...]

Seconds are of CPU, and every run tries other inputs. What a target fails on is shrunk and kept
in `tests/fuzz/findings/TARGET/`: once it is fixed, the test suite tries it for ever.
"""

import argparse
import hashlib
import random
import sys
import tempfile
from contextlib import suppress
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.fuzz.mutations import mutated
from tests.fuzz.target import check, cpu_seconds
from tests.fuzz.targets import TARGETS
from tests.fuzz.test_targets import FINDINGS

_EXAMPLES = 200  # a round, each with another seed
_MAX_BYTES = 8_000_000_000  # of memory
_CORPUS = Path(".hypothesis/fuzz")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=300.0, help="for each target")
    asked = parser.parse_args()
    if unknown := set(asked.targets) - TARGETS.keys():
        parser.error(f"no target {min(unknown)}; there are {', '.join(TARGETS)}")
    names = asked.targets or list(TARGETS)
    return max(_apart(name, asked.seconds) for name in names)


def _apart(name: str, seconds: float) -> int:
    """Forked where that can be done, as every parser is imported by now."""
    process = get_context("fork" if "fork" in get_all_start_methods() else "spawn").Process(
        target=_fuzz_and_exit, args=(name, seconds)
    )
    process.start()
    process.join()
    code = process.exitcode or 0
    if code < 0:
        print(f"{name}: died of signal {-code}; its last input is {_last(name)}", flush=True)
    return min(abs(code), 1)


def _fuzz_and_exit(name: str, seconds: float) -> None:
    sys.exit(_fuzz(name, seconds))


def _last(name: str) -> Path:
    return _CORPUS / f"{name}.last"


def _fuzz(name: str, seconds: float) -> int:
    """0 when nothing was found."""
    _limit_memory()
    target, tried, failed, is_found = TARGETS[name], 0, b"", False
    _CORPUS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        seeds = target.prepare(Path(folder))
        end = cpu_seconds() + seconds

        def one(data: bytes) -> None:
            nonlocal tried, failed, is_found
            if not is_found and cpu_seconds() > end:
                return
            tried, failed = tried + 1, data
            _last(name).write_bytes(data)
            try:
                check(target, data, Path(folder))
            except Exception:
                is_found = True
                raise

        while cpu_seconds() < end:
            try:
                _round(one, seeds, name, random.getrandbits(32))
            except Exception as error:  # the last input that was tried is the smallest that fails
                kept = FINDINGS / name / hashlib.sha256(failed).hexdigest()[:12]
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(failed)
                reason = str(error).partition("\n")[0][:200]
                print(
                    f"{name}: {tried} inputs, found {type(error).__name__}: {reason}; see {kept}",
                    flush=True,
                )
                return 1
    print(f"{name}: {tried} inputs, nothing found", flush=True)
    return 0


def _round(one: object, seeds: object, name: str, number: int) -> None:
    options = settings(
        max_examples=_EXAMPLES,
        database=DirectoryBasedExampleDatabase(_CORPUS / name),
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    seed(number)(options(given(mutated(seeds))(one)))()  # type: ignore[arg-type]


def _limit_memory() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MAX_BYTES, _MAX_BYTES))


if __name__ == "__main__":
    sys.exit(main())
