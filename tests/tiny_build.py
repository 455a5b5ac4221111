"""A build that takes seconds: two templates, random voices, one noise and one room."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from unittest.mock import patch

import numpy as np
import soundfile
import yaml

from pipeline.build import stages
from pipeline.build.job import Job
from pipeline.build.seal import seal_build
from pipeline.card.card import write_card
from pipeline.dataset.build_record import stamp_pages
from pipeline.dataset.files import data_files, read_rows
from tests.tiny_voices import TinyVoices

SAMPLE_RATE = 22050
# Random voices say nothing that could be understood.
NO_LIMITS = dict.fromkeys(
    (
        "max_phone_error_rate",
        "max_divergent_phones",
        "max_missing_phones",
        "max_surplus_phones",
        "max_word_shift_s",
        "phones_per_s",
        "max_dead_air_s",
        "min_level_db",
        "min_end_drop_db",
        "max_dc_offset",
        "max_clipped_fraction",
    )
)


def write_tiny_build(
    folder: Path, voices: TinyVoices, count: int = 12, shard_size: int = 4
) -> Path:
    """Write a domain, sounds and a config into `folder`; returns the config's path."""
    domain = folder / "home"
    (domain / "templates").mkdir(parents=True)
    (domain / "lexicons").mkdir()
    (domain / "templates" / "switch.j2").write_text("Turn on the {{ thing }} in the {{ place }}.\n")
    (domain / "templates" / "ask.j2").write_text("Where is my {{ thing }}?\n")
    (domain / "lexicons" / "thing.txt").write_text("lamp\nfan\nradio\nheater\noven\n")
    (domain / "lexicons" / "place.txt").write_text("kitchen\nhall\ngarden\nbedroom\n")
    _write_sounds(folder)
    path = folder / "build.yaml"
    path.write_text(yaml.safe_dump(_tiny_config(folder, voices, count, shard_size)))
    return path


def _tiny_config(folder: Path, voices: TinyVoices, count: int, shard_size: int) -> dict:
    return {
        "name": "tiny",
        "seed": 3,
        "sentences": {"domain": str(folder / "home"), "count": count},
        "voice": {"acoustic_model": str(voices.acoustic_model), "vocoder": str(voices.vocoder)},
        "augment": {
            "noise": {"folder": str(folder / "noise"), "probability": 0.7},
            "room": {"folder": str(folder / "rooms"), "probability": 0.5},
            "gain_db": {"low": -6, "high": 0},
        },
        "judge": {"recognizer": str(voices.recognizer), **NO_LIMITS},
        "output": {"path": str(folder / "dataset")},
        "runtime": {"shard_size": shard_size, "workers": 2, "device": "cpu"},
    }


def _write_sounds(folder: Path) -> None:
    rng = np.random.default_rng(0)
    (folder / "noise" / "hiss").mkdir(parents=True)
    hiss = 0.1 * rng.standard_normal(3 * SAMPLE_RATE)
    soundfile.write(folder / "noise" / "hiss" / "hiss.wav", hiss, SAMPLE_RATE)
    (folder / "rooms").mkdir()
    decay = np.exp(-np.arange(SAMPLE_RATE // 4) / (0.05 * SAMPLE_RATE))
    soundfile.write(
        folder / "rooms" / "box.wav", decay * rng.standard_normal(len(decay)) * 0.2, SAMPLE_RATE
    )


def run_stages(job: Job, workers: int = 1, *, pages: bool = True) -> Path:
    """The whole build in this process, `workers` shards at a time, without Prefect; without pages,
    a third of its time, for tests that do not look at them.
    """
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda shard: run_shard(job, shard), stages.generate_shards(job)))
    with nullcontext() if pages else without_pages():
        return seal_build(job)


def without_pages() -> AbstractContextManager[object]:
    """Datasets that are sealed within have no card, audit and report."""
    return patch("pipeline.build.pages.write_pages")


def card_alone() -> AbstractContextManager[object]:
    """Datasets that are sealed or changed within have a card, and neither audit nor report."""

    def write(folder: Path, license_name: str) -> None:
        write_card(folder, license_name)
        stamp_pages(folder)

    return patch("pipeline.build.pages.write_pages", write)


def rows_of_build(job: Job, workers: int = 1) -> dict[str, dict]:
    """Every row of a build that is run here."""
    return rows_by_id(run_stages(job, workers, pages=False))


def run_shard(job: Job, sentences: Path) -> Path:
    """All stages after the first."""
    spoken = stages.frontend_shard(job, sentences)
    clean = stages.vocode_shard(job, stages.synthesize_shard(job, spoken))
    return stages.manifest_shard(job, stages.augment_shard(job, stages.judge_shard(job, clean)))


def rows_by_id(dataset: Path) -> dict[str, dict]:
    """Every row of a dataset, with the audio's bytes and the split's file."""
    return {
        row["id"]: row | {"file": path.name.partition("-")[0]}
        for path in data_files(dataset)
        for row in read_rows(path)
    }
