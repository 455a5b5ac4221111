"""What crosses splits is found, whatever it is."""

from collections.abc import Sequence

import pytest

from models.errors import DataError
from pipeline.dataset.leaks import Leak, LeakFinder, check_leaks, values_of, values_table
from tests.pipeline.synthetic_build import rows_of


def _two_rows() -> tuple[dict, dict]:
    """Rows that have nothing in common."""
    first, second = rows_of([0, 1])
    for number, row in enumerate((first, second)):
        row |= {"transcript": f"words {number}", "template": f"t:{number}", "slots": []}
        row |= {"speaker": f"speaker {number}"}
        row["noise"] = row["noise"] | {"source": f"noise-{number}.flac"}
        row["room"] = row["room"] | {"source": f"room-{number}.flac"}
    return first, second


def _found(*rows: tuple[dict, str], kept_apart: Sequence[str] = ()) -> list[Leak]:
    """The leaks of rows, each of its split."""
    finder = LeakFinder(kept_apart)
    tables = [values_table(dict.fromkeys(values_of(row))) for row, _ in rows]
    for table, (_, split) in zip(tables, rows, strict=True):
        finder.add(table, split)
    return finder.leaks(tables)


def _in_two_splits(first: dict, second: dict, *kept_apart: str) -> list[Leak]:
    return _found((first, "train"), (second, "test"), kept_apart=kept_apart)


def test_rows_with_nothing_in_common_do_not_leak() -> None:
    leaks = _in_two_splits(*_two_rows(), "speaker")
    assert [leak.crossing for leak in leaks] == [0] * 5
    assert leaks[0].kind == "speaker"
    check_leaks(leaks)


PLANTED = [
    ("text", {"transcript": "words 0"}, "words 0"),
    ("template", {"template": "t:0"}, "t:0"),
    ("speaker", {"speaker": "speaker 0"}, "speaker 0"),
    ("speaker", {"speaker": "mix(speaker 0,speaker 1,0.40)"}, "speaker 0"),
    ("noise", {"noise": {"source": "other.flac+noise-0.flac"}}, "noise-0.flac"),
    ("room", {"room": {"source": "room-0.flac"}}, "room-0.flac"),
]


def test_the_kind_of_a_hard_negative_is_no_template() -> None:
    kind = {"template": "negatives:partial", "source": "negatives"}
    first, second = (row | kind for row in _two_rows())
    assert "template" not in {leak.kind for leak in _in_two_splits(first, second)}


@pytest.mark.parametrize(("kind", "change", "value"), PLANTED)
def test_a_planted_leak_is_named(kind: str, change: dict, value: str) -> None:
    first, second = _two_rows()
    leaks = _in_two_splits(first, second | change, kind)
    (found,) = [leak for leak in leaks if leak.crossing]
    assert (found.kind, found.examples) == (kind, (value,))
    with pytest.raises(DataError, match=f"output.disjoint: {kind}: 1 of . cross splits, such as"):
        check_leaks(leaks)
    check_leaks(_in_two_splits(first, second | change))  # nobody asked for it


def test_slot_values_leak_in_any_case() -> None:
    first, second = _two_rows()
    first["slots"] = [{"name": "contact", "value": "Mom"}]
    second["slots"] = [{"name": "contact", "value": "mom"}, {"name": "time", "value": "9"}]
    leaks = {leak.kind: leak for leak in _in_two_splits(first, second, "slot:contact")}
    assert leaks["slot:contact"].is_broken
    assert leaks["slot:time"].crossing == 0


def test_within_a_split_nothing_leaks() -> None:
    first, _ = _two_rows()
    leaks = _found((first, "train"), (first, "train"), kept_apart=["text", "speaker"])
    check_leaks(leaks)
    assert {leak.kind for leak in leaks} >= {"text", "speaker"}
    assert all(leak.crossing == 0 for leak in leaks)
