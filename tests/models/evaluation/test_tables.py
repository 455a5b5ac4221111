from pathlib import Path

from models.evaluation.tables import decimal, markdown_table, percent, write_csv


def test_table_is_markdown_with_even_columns() -> None:
    table = markdown_table(("voice", "PER"), [("kathleen", "15.0 %"), ("ann", "-")])
    assert table.splitlines() == [
        "| voice    |    PER |",
        "| -------- | -----: |",
        "| kathleen | 15.0 % |",
        "| ann      |      - |",
    ]


def test_missing_figures_are_a_dash() -> None:
    assert (percent(None), percent(0.1234)) == ("-", "12.3 %")
    assert (decimal(None), decimal(1.236)) == ("-", "1.24")


def test_csv_is_written_into_a_new_folder(tmp_path: Path) -> None:
    write_csv(tmp_path / "new" / "a.csv", ("text", "n"), [("a, b", 1)])
    assert (tmp_path / "new" / "a.csv").read_text() == 'text,n\n"a, b",1\n'
