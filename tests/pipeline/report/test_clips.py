"""Which clips the report shows, and that they stay within bounds."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.report import clips as report_clips
from pipeline.report.clips import NUM_CLIPS, clips_section, sample_indices
from tests.pipeline.synthetic_build import SPEAKERS, rows_of, seal_tones


def sampled(rows: list[dict], seed: int) -> list[dict]:
    columns = (
        [row["id"] for row in rows],
        [row["speaker"] for row in rows],
        [row["noise"]["snr_db"] for row in rows],
    )
    arrays = [pa.chunked_array([pa.array(column)]) for column in columns]
    return [rows[index] for index in sample_indices(*arrays, seed=seed)]


def test_the_sample_is_seeded_and_spread_over_speakers_and_noise() -> None:
    rows = rows_of(range(240))
    sample = sampled(rows, seed=3)
    assert [row["id"] for row in sample] == [row["id"] for row in sampled(rows[::-1], seed=3)]
    assert sample != sampled(rows, seed=4)
    assert len({row["id"] for row in sample}) == NUM_CLIPS
    for speaker in SPEAKERS:
        levels = [row["noise"]["snr_db"] for row in sample if row["speaker"] == speaker]
        assert len(levels) == NUM_CLIPS // len(SPEAKERS)
        assert None in levels
        assert min(level for level in levels if level is not None) < 12
    assert len(sampled(rows[:3], seed=3)) == 3


def test_who_says_little_leaves_room_for_others() -> None:
    rows = rows_of(range(45))
    sample = sampled(rows, seed=3)
    assert len({row["id"] for row in sample}) == NUM_CLIPS
    fewest = min(SPEAKERS, key=[row["speaker"] for row in rows].count)
    assert sum(row["speaker"] == fewest for row in sample) == sum(
        row["speaker"] == fewest for row in rows
    )


def test_clips_hold_what_their_rows_say(tmp_path: Path) -> None:
    section = clips_section(seal_tones(tmp_path, num_rows=12), seed=7)
    by_id = {row["id"]: row for row in rows_of(range(12))}
    assert (len(section.shown), section.total, section.smaller) == (12, 12, 0)
    assert set(section.intents) == {"call", "lights"}
    for clip in section.shown:
        assert clip.row["text"] == by_id[clip.row["id"]]["text"]
        assert clip.snr_db == by_id[clip.row["id"]]["noise"]["measured_snr_db"]


def test_large_clips_are_made_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_clips, "AUDIO_BYTES", 8_000)
    section = clips_section(seal_tones(tmp_path, num_rows=6), seed=7)
    assert section.smaller == 6
    assert max(len(clip.audio) for clip in section.shown) < 11_000
    assert np.all([clip.audio.startswith("data:audio/mpeg") for clip in section.shown])
