"""What the report says of hard negatives."""

from pathlib import Path
from typing import Any

from pipeline.build.seal import seal
from pipeline.dataset.manifest import write_part
from pipeline.dataset.output import OutputConfig
from pipeline.report.negatives import negatives_section
from tests.pipeline.synthetic_build import build_info, rows_of


def rows_with(*negatives: tuple[str, str, str, float]) -> list[dict[str, Any]]:
    """Rows of which the first are negatives: transcript, kind, phrase, distance."""
    rows = rows_of(range(len(negatives) + 3))
    for row, (_, kind, near_to, distance) in zip(rows, negatives, strict=False):
        row["negative"] = {"kind": kind, "near_to": near_to, "distance": distance}
        row["source"] = "negatives"
    return rows


NEGATIVES = (
    ("hey harvest", "substitution", "Hey Jarvis", 0.25),
    ("day jarvis", "substitution", "Hey Jarvis", 0.125),
    ("hey", "partial", "Hey <Jarvis>", 0.75),
)


def test_kinds_with_the_nearest_first() -> None:
    rows = rows_with(*NEGATIVES)
    printed = [row["transcript"] for row in rows]
    section = negatives_section(rows)
    assert section
    assert (section.count, section.num_phrases) == (3, 2)
    substitution, partial = section.kinds
    assert (substitution.kind, substitution.count) == ("substitution", 2)
    assert (substitution.nearest, substitution.median) == (0.125, 0.1875)
    assert substitution.examples == (printed[1], printed[0])
    assert (partial.kind, partial.examples) == ("partial", (printed[2],))
    assert section.phrases == [("Hey Jarvis", 2), ("Hey <Jarvis>", 1)]
    assert "share of the phrase" in section.picture


def test_a_dataset_without_negatives_has_no_such_section() -> None:
    assert negatives_section(rows_with()) is None


def test_the_page_shows_them_and_escapes_phrases(tmp_path: Path) -> None:
    part = write_part(tmp_path / "part.parquet", rows_with(*NEGATIVES))
    page = (
        seal([part], [], build_info(), OutputConfig(tmp_path / "out")) / "report.html"
    ).read_text()
    assert 'id="negatives"' in page
    assert "3 clips say almost one of 2 phrases" in page
    assert "Hey &lt;Jarvis&gt;" in page
    plain = write_part(tmp_path / "plain.parquet", rows_with())
    page = (
        seal([plain], [], build_info(), OutputConfig(tmp_path / "b")) / "report.html"
    ).read_text()
    assert 'id="negatives"' not in page
    assert 'href="#negatives"' not in page
