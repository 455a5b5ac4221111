"""What is in a dataset's rows, under which licence, and in how many of them."""

import pytest

from models.errors import DataError
from pipeline.licences.summary import LicensedSource, RowLicences, SummaryCount, spelled_for_hub
from tests.pipeline.synthetic_build import SOURCES, rows_of


def test_a_source_of_sentences_that_declares_no_licence_is_refused() -> None:
    (row,) = rows_of([0])
    licences = RowLicences.of_sources("cc-by-4.0", SOURCES)
    assert licences.of(row)
    with pytest.raises(DataError, match=f"row {row['id']}: .*, poems, declares no licence"):
        licences.of(row | {"source": "poems"})
    with pytest.raises(DataError, match="templates:bank, declares no licence"):
        licences.of(row | {"domain": "bank"})


def test_a_row_is_under_the_strictest_of_what_is_in_it() -> None:
    (row,) = rows_of([0])
    row |= {"noise": {"license": "CC BY-SA 4.0"}, "room": {"license": ""}}
    assert RowLicences.of_sources("cc-by-4.0", SOURCES).of(row) == "cc-by-sa-4.0"


def test_each_source_is_counted_in_the_rows_that_have_it() -> None:
    count = SummaryCount(SOURCES)
    for row in rows_of(range(6)):
        count.add(row)
    log_file = count.summary()
    assert sum(log_file.rows.values()) == 6
    rows = {(line.kind, line.name): line.rows for line in log_file.sources}
    assert rows["sentences", "templates:home"] == 6
    assert all(number > 0 for number in rows.values())
    kinds = [line.kind for line in log_file.sources]
    assert kinds == sorted(kinds, key=["sentences", "voice", "vocoder", "noise", "room"].index)


def test_an_attribution_is_printed_where_the_licence_asks_for_it() -> None:
    (row,) = rows_of([0])
    for licence, expected in (("CC0-1.0", ""), ("CC BY 4.0", "by Ann")):
        source = LicensedSource("sentences", "templates:home", licence, "by Ann", "key", "file")
        count = SummaryCount([source])
        count.add(row)
        assert [line.attribution for line in count.summary().sources] == [expected]


def test_a_card_lists_each_licence_once() -> None:
    assert spelled_for_hub(["MIT", "cc-by-4.0 AND my own", "mit"]) == ["mit", "cc-by-4.0", "my own"]
