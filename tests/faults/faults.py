"""What may happen to a build. Each fault disturbs it, checks it, and says in words how it ended."""

import importlib.util
import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import soundfile

from pipeline.build.stages import STAGE_NAMES
from tests.faults.disturbed_build import (
    DisturbedBuild,
    Ended,
    ended,
    processes_of,
    swapped,
)
from tests.faults.object_store import (
    failing_answers,
    killed_while_publishing,
    no_more_answers,
)
from tests.faults.prefect_server import free_port, start_server
from tests.tiny_voices import save_tiny_voices

SAME = "went on with the same command; rows equal"
_NO_MEMORY = """
from pipeline.build.stages import MAKERS
def vocode(*_):
    raise MemoryError
MAKERS["vocode"] = vocode
"""
_SEALED_BY_WORKERS = """
from flows import stage_tasks
stage_tasks._SEALED_IN_TURN = 0
"""


def killed(build: DisturbedBuild, times: int) -> str:
    """SIGKILL at random moments of a build, one after the other."""
    rng, finished = random.Random(5), 0
    started = time.monotonic()
    build.check_goes_on()
    longest_s = time.monotonic() - started
    build.clear()
    for _ in range(times):
        run = build.start()
        time.sleep(rng.uniform(0, longest_s))
        run.kill()
        run.communicate()
        build.check_kept()
        if build.job.config.output.path.exists():
            finished += 1
            build.check_goes_on()
            build.clear()
    build.check_goes_on()
    return f"{times} kills, {finished} after the dataset was there; {SAME}"


def asked_to_stop(build: DisturbedBuild, sent: signal.Signals, *overrides: str) -> str:
    """To all processes of the build, as a terminal and `timeout` do."""
    run = build.start(*overrides)
    build.until_made("vocode", run)
    os.killpg(run.pid, sent)
    stopped = ended(run)
    assert stopped.status == 128 + sent, stopped
    assert stopped.errors.count("\n") == 2, stopped.errors
    build.check_kept()
    build.check_goes_on()
    return f"status {stopped.status}, `{build.told(stopped)}`; {SAME}"


def on_another_disk(build: DisturbedBuild, options: str, told: str) -> str:
    """The work folder on a disk of its own, mounted with `options`; what it held is looked at."""
    work, kept = build.folder / "disk", build.folder / "kept"
    work.mkdir()
    script = (
        f'mount -t tmpfs -o {options} disk {work} && "$@"; rc=$?; cp -a {work} {kept}; exit $rc'
    )
    before = ["unshare", "-rm", "sh", "-c", script, "sh"]
    said = build.check_told(build.run(f"runtime.work_dir={work}", before=before), told)
    shutil.copytree(kept, build.job.work_dir, dirs_exist_ok=True)
    build.check_kept()
    build.check_goes_on()
    return f"`{said}`; {SAME}"


def full_disk(build: DisturbedBuild) -> str:
    """Half of what the build needs fits on it."""
    needed = sum(
        path.stat().st_size for path in (build.folder / "calm").rglob("*") if path.is_file()
    )
    return on_another_disk(build, f"size={needed // 2}", "the disk is full")


def read_only_disk(build: DisturbedBuild) -> str:
    return on_another_disk(build, "ro", "Read-only file system")


def damaged_shards(build: DisturbedBuild, damage: Callable[[Path], object]) -> str:
    """One shard of every stage."""
    build.check_goes_on()
    shards = [  # named first: the name of a later stage's holds what an earlier one made
        build.job.shard(stage, index % build.job.num_shards)
        for index, stage in enumerate(STAGE_NAMES)
    ]
    for shard in shards:
        damage(shard)
    build.check_goes_on()
    build.check_kept()
    return f"{len(STAGE_NAMES)} shards made again; rows equal"


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def dead_process(
    build: DisturbedBuild,
    runner: str,
    called: str,
    made: tuple[str, int] = ("vocode", 1),
    code: str = "",
) -> Ended:
    """SIGKILL for a process of a build, as the system does where memory is short, as soon as so
    many shards of a stage are there.
    """
    run = build.start(f"runtime.runner={runner}", code=code)
    build.until_made(made[0], run, made[1])
    os.kill(processes_of(run.pid, called)[-1], signal.SIGKILL)
    over = ended(run)
    build.check_kept()
    return over


def dead_worker(build: DisturbedBuild, made: tuple[str, int], code: str = "") -> str:
    over = dead_process(build, "processes", "forkserver", made, code)
    assert over.status == 0, over
    build.check_goes_on()
    return f"`{build.told(over)}`; rows equal"


def dead_actor(build: DisturbedBuild) -> str:
    if importlib.util.find_spec("ray") is None:
        return "not run: Ray is not installed"
    over = dead_process(build, "ray", "ray::StageWorker")
    assert over == Ended(0, ""), over
    build.check_goes_on()
    return "its shard was made by another; rows equal"


def dead_ray(build: DisturbedBuild) -> str:
    """The process of Ray that its others end with."""
    if importlib.util.find_spec("ray") is None:
        return "not run: Ray is not installed"
    said = build.check_told(dead_process(build, "ray", "/raylet/raylet"), "Ray has ended")
    build.check_goes_on("runtime.runner=ray")
    return f"`{said}`; {SAME}"


def restarted_server(build: DisturbedBuild) -> str:
    """The Prefect server that a build reports to is killed and started again."""
    port = free_port()
    environment = {
        "PREFECT_HOME": str(build.folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }
    server = start_server(port, environment)
    try:
        build.environment = environment | {"PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
        run = build.start()
        build.until_made("vocode", run)
        server.kill()
        server.wait()
        server = start_server(port, environment)
        over = ended(run)
    finally:
        build.environment = {}
        server.kill()
        server.wait()
    build.check_kept()
    if over.status:
        return f"`{build.check_told(over, '')}`; {build.check_goes_on() or SAME}"
    assert over.errors == "", over
    build.check_goes_on()
    return "went on; rows equal"


def replaced(build: DisturbedBuild, what: str, after: str, change: Callable[[Path], object]) -> str:
    """A file or folder of the build is another one after the first shard of a stage."""
    run = build.start()
    build.until_made(after, run)
    put_back = swapped(build.folder / what, change)
    said = build.check_told(ended(run), "since the build began")
    build.check_kept()
    put_back()
    build.check_goes_on()
    return f"`{said}`; put back: {SAME}"


def other_noise(folder: Path) -> None:
    for path in folder.rglob("*.wav"):
        times = path.stat()
        wave, rate = soundfile.read(path)
        soundfile.write(path, wave[::-1], rate)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # of the same size and time


def other_voices(folder: Path) -> None:
    save_tiny_voices(folder, seed=1)


def other_template(path: Path) -> None:
    path.write_text("Please find my {{ thing }}.\n")


def two_builds(build: DisturbedBuild) -> str:
    """Another seed on the same output, while the first build is at work."""
    run = build.start()
    build.until_made("generate", run)
    os.kill(run.pid, signal.SIGSTOP)  # so that it cannot be done before the second has begun
    second = build.run("seed=9")
    os.kill(run.pid, signal.SIGCONT)
    said = build.check_told(second, "one at a time")
    first = ended(run)
    assert (first.status, first.errors) == (0, ""), first
    build.check_kept()
    build.check_goes_on()
    return f"the second: `{said}`; the first: rows equal"


def no_memory(build: DisturbedBuild) -> str:
    """Simulated: a stage raises what Python does where no memory is left."""
    said = build.check_told(build.run(code=_NO_MEMORY), "not enough memory")
    build.check_kept()
    build.check_goes_on()
    return f"`{said}`; {SAME}"


def clock_set_back(build: DisturbedBuild) -> str:
    """Stopped half way; all that it made is dated tomorrow, and a shard of it is damaged."""
    run = build.start()
    build.until_made("vocode", run)
    run.kill()
    run.communicate()
    tomorrow = time.time() + 86_400
    for path in build.job.work_dir.rglob("*"):
        os.utime(path, (tomorrow, tomorrow))
    flip(build.job.made("vocode")[0])
    build.check_goes_on()
    build.check_kept()
    return SAME


FAULTS: dict[str, Callable[[DisturbedBuild], str]] = {
    "SIGKILL at random moments": lambda build: killed(build, 30),
    "SIGTERM": lambda build: asked_to_stop(build, signal.SIGTERM),
    "SIGINT (Ctrl-C)": lambda build: asked_to_stop(build, signal.SIGINT),
    "SIGINT (`processes`)": lambda build: asked_to_stop(
        build, signal.SIGINT, "runtime.runner=processes"
    ),
    "full disk": full_disk,
    "read-only disk": read_only_disk,
    "truncated shards": lambda build: damaged_shards(build, truncate),
    "flipped bits in shards": lambda build: damaged_shards(build, flip),
    "missing shards": lambda build: damaged_shards(build, Path.unlink),
    "worker process killed (`processes`)": lambda build: dead_worker(build, ("vocode", 1)),
    "worker process killed in the seal": lambda build: dead_worker(
        build, ("manifest", build.job.num_shards), _SEALED_BY_WORKERS
    ),
    "worker process killed (`ray`)": dead_actor,
    "Ray killed": dead_ray,
    "Prefect server restarted": restarted_server,
    "S3 answers 500": lambda build: failing_answers(build, "500", of=4),
    "S3 answers too late": lambda build: failing_answers(build, "slow", of=4),
    "S3 cuts connections": lambda build: failing_answers(build, "cut", of=4),
    "S3 answers no more": no_more_answers,
    "SIGKILL while publishing to S3": killed_while_publishing,
    "noise replaced": lambda build: replaced(build, "noise", "augment", other_noise),
    "checkpoints replaced": lambda build: replaced(build, "voices", "generate", other_voices),
    "template replaced": lambda build: replaced(
        build, "home/templates/ask.j2", "frontend", other_template
    ),
    "two builds on one output": two_builds,
    "out of memory (simulated)": no_memory,
    "clock set back": clock_set_back,
}
