"""The bars count what lies on disk, for a build that starts and for one that goes on."""

from pathlib import Path

from rich.progress import Progress

from flows.progress import Waiting, update_bars
from pipeline.build import stages
from pipeline.build.config import load_build_config
from tests.tiny_build import run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices


def test_shards_are_counted_as_they_appear(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    job = stages.plan(load_build_config(write_tiny_build(tmp_path, tiny_voices)))
    shards = Waiting(job)
    assert set(shards.made().values()) == {0}
    sentences = stages.generate_shards(job)
    stages.frontend_shard(job, sentences[1])
    assert shards.made() == dict.fromkeys(stages.STAGE_NAMES, 0) | {"generate": 3, "frontend": 1}
    run_stages(job)
    assert shards.made() == dict.fromkeys(stages.STAGE_NAMES, 3)
    assert Waiting(job).made() == shards.made()


def test_damaged_sentences_name_no_later_shards(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    job = stages.plan(load_build_config(write_tiny_build(tmp_path, tiny_voices)))
    sentences = stages.generate_shards(job)
    stages.frontend_shard(job, sentences[1])
    whole = sentences[0].read_bytes()
    sentences[0].write_bytes(whole[: len(whole) // 2])
    shards = Waiting(job)
    assert shards.made() == dict.fromkeys(stages.STAGE_NAMES, 0) | {"generate": 3}
    sentences[0].write_bytes(whole)
    assert shards.made()["frontend"] == 1


def test_a_stage_s_rate_is_of_the_time_since_it_had_something_to_do() -> None:
    clock = [0.0]
    progress = Progress(get_time=lambda: clock[0], disable=True)
    bars = {name: progress.add_task(name, start=False, total=2, rate="") for name in ("a", "b")}
    found = {"a": 0, "b": 0}

    def rates(at_s: float, a: int, b: int) -> list[str]:
        clock[0] = at_s
        update_bars(progress, bars, found, {"a": a, "b": b}, shard_size=100)
        return [task.fields["rate"] for task in progress.tasks]

    assert rates(0, 0, 0) == ["", ""]
    assert rates(10, 2, 0) == ["20.0 rows/s", ""]  # b begins
    assert rates(12, 2, 1) == ["20.0 rows/s", "50.0 rows/s"]
    assert rates(20, 2, 2) == ["20.0 rows/s", "20.0 rows/s"]
    assert rates(99, 2, 2) == ["20.0 rows/s", "20.0 rows/s"]
