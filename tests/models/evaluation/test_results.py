from dataclasses import dataclass
from math import nan
from pathlib import Path

from models.evaluation.plots import plot_tables
from models.evaluation.results import (
    Column,
    Row,
    Table,
    compare,
    markdown,
    mean_of,
    parameters_of,
    row_names,
    share_of,
    write_tables,
)


@dataclass(frozen=True)
class Score:
    clip: str
    distance: float
    edits: int
    phones: int


def row(name: str, *distances: float, **more: object) -> Row:
    clips = tuple(Score(f"c{n}", value, n, 10) for n, value in enumerate(distances))
    return Row(name, clips, **more)


COLUMNS = (
    Column("distance", "distance", mean_of("distance"), better="lower"),
    Column("per", "PER", share_of("edits", "phones"), "percent", better="lower"),
    Column("parameters", "params", parameters_of, "count"),
)
TABLE = Table(
    "Some clips",
    (
        row("recordings", 0.0, 0.0, 0.0, is_reference=True),
        row("old", 2.0, nan, 3.0, parameters=1_234_567),
        row("new", 1.0, 2.0, 4.0, parameters=0),
        row("other", note="reads another mel"),
    ),
)


def test_markdown_has_a_row_a_system_and_says_what_is_missing() -> None:
    assert markdown(TABLE, COLUMNS).splitlines() == [
        "### Some clips",
        "",
        "| system     | distance |    PER | params |",
        "| ---------- | -------: | -----: | -----: |",
        "| recordings |     0.00 | 10.0 % |      - |",
        "| old        |     2.50 | 10.0 % | 1.23 M |",
        "| new        |     2.33 | 10.0 % |      0 |",
        "| other      |        - |      - |      - |",
        "",
        "- other: reads another mel",
    ]


def test_figures_that_nobody_has_are_left_out() -> None:
    table = Table("", (row("a", nan), row("b", nan)))
    assert "distance" not in markdown(table, COLUMNS)
    assert "PER" in markdown(table, COLUMNS)


def test_order_is_counted_on_clips_that_both_have() -> None:
    assert compare(TABLE, COLUMNS[0]) == (
        "distance, clips on which each is better than the row above: new on 1 of 2"
    )
    assert compare(Table("", TABLE.rows[:2]), COLUMNS[0]) == ""


def test_csv_holds_rows_and_clips(tmp_path: Path) -> None:
    write_tables([TABLE], COLUMNS, tmp_path / "new")
    summary = (tmp_path / "new" / "summary.csv").read_text().splitlines()
    assert summary[0] == "table,system,distance,per,parameters,note"
    assert summary[2] == "Some clips,old,2.5,0.1,1.23457e+06,"
    assert summary[4] == "Some clips,other,,,,reads another mel"
    clips = (tmp_path / "new" / "clips.csv").read_text().splitlines()
    assert clips[0] == "table,system,clip,distance,edits,phones"
    assert clips[5] == "Some clips,old,c1,,1,10"
    assert len(clips) == 1 + 9


def test_plot_is_drawn_even_of_systems_without_figures(tmp_path: Path) -> None:
    nothing = Table("Nothing", (row("lost", note="why"),))
    plot_tables([TABLE, nothing], COLUMNS, tmp_path / "plots" / "a.png")
    assert (tmp_path / "plots" / "a.png").stat().st_size > 5000


def test_names_are_short_where_that_is_enough() -> None:
    names = ["vocos", "runs/hifigan/best", "runs/melgan/last", "a/tuned/best", "b/tuned/best"]
    assert row_names(names) == ["vocos", "hifigan", "melgan", "a/tuned/best", "b/tuned/best"]
