"""The table of voices counts every clip in one cell, and sees which are empty."""

from typing import Any

from pipeline.report.voices import voice_table


def _row(speaker: str, accent: str, pace: float) -> dict[str, Any]:
    return {"speaker": speaker, "accent": accent, "pace": pace}


ROWS = [
    _row("anna", "en-us", 0.85),
    _row("anna", "en-us", 1.15),
    _row("anna", "en-gb", 1.0),
    _row("ben", "en-us", 1.0),
]


def _config(**voice: Any) -> dict[str, Any]:
    return {"voice": voice}


def test_bands_of_a_quota_are_equal_shares_of_what_is_drawn() -> None:
    config = _config(pace={"low": 0.8, "high": 1.2}, quota={"pace_bands": 2, "at_least": 1})
    table = voice_table(ROWS, config)
    assert table.columns == (
        "en-gb, below 1.00",
        "en-gb, from 1.00",
        "en-us, below 1.00",
        "en-us, from 1.00",
    )
    assert [(row.speaker, row.clips, row.cells) for row in table.rows] == [
        ("anna", 3, (0, 1, 1, 1)),
        ("ben", 1, (0, 0, 0, 1)),
    ]
    assert (table.num_cells, table.empty, table.fewest, table.most, table.asked) == (8, 4, 0, 1, 1)


def test_a_steady_pace_has_one_band() -> None:
    steady = [row | {"pace": 1.0} for row in ROWS]
    table = voice_table(steady, _config(pace={"value": 1.0}))
    assert table.columns == ("en-gb, any pace", "en-us, any pace")
    assert table.asked is None


def test_without_a_config_the_rows_part_themselves() -> None:
    assert sum(row.clips for row in voice_table(ROWS, {}).rows) == 4


def test_many_speakers_are_counted_and_not_all_listed() -> None:
    rows = [_row(f"speaker {number:03d}", "en-us", 1.0) for number in range(200)]
    table = voice_table(rows, _config(pace={"value": 1.0}))
    assert (table.num_speakers, len(table.rows)) == (200, 60)
