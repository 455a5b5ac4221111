"""The pictures of an audit: of what is wrong, or of what one would ask first."""

from xml.etree import ElementTree

from pipeline.audit.figures import figures_of
from pipeline.audit.verdict import Audit, audit_table
from tests.planted_bias import CLASSES, INTENTS, RECORD, clean_rows, noise_of, table_of


def _audit(plant: bool) -> Audit:
    rows = clean_rows(1, 400)
    for row in rows:
        noise = noise_of(row)
        if plant and noise and row["intent"] == INTENTS[2]:
            noise |= {"classes": [CLASSES[0]], "snr_db": 24 + noise["snr_db"] / 25}
    return audit_table(table_of(rows), RECORD)


def test_a_bias_is_shown_the_surest_first() -> None:
    audit = _audit(plant=True)
    figures = figures_of(audit, most=3)
    assert len(figures) == 3
    assert "background_noise" in figures[0].title
    shown = {figure.title for figure in figures_of(audit, most=50)}
    assert {"background_noise.classes[0] by intent", "background_noise.snr_db by intent"} <= shown
    assert not any(title.startswith("gain") for title in shown)


def test_without_a_bias_the_usual_questions_are_shown() -> None:
    titles = [figure.title for figure in figures_of(_audit(plant=False), most=6)]
    assert titles == [
        "background_noise.classes[0] by intent",
        "background_noise.classes[0] by speaker",
        "background_noise.classes[0] by position in the dataset",
        "background_noise.snr_db by intent",
        "background_noise.snr_db by speaker",
        "background_noise.snr_db by position in the dataset",
    ]


def test_figures_are_small_svg_files_that_parse() -> None:
    for figure in (*figures_of(_audit(plant=True), 50), *figures_of(_audit(plant=False), 50)):
        assert ElementTree.fromstring(figure.standalone()).tag == "{http://www.w3.org/2000/svg}svg"
        assert len(figure.svg) < 20_000
        assert "/" not in figure.name


def test_a_heat_map_tells_counts_and_what_chance_makes() -> None:
    picture = figures_of(_audit(plant=True), 50)
    by_intent = next(f for f in picture if f.title == "background_noise.classes[0] by intent")
    street = ElementTree.fromstring(by_intent.svg).findall(".//rect")
    warm = [
        cell
        for cell in street
        if cell.get("class") == "more" and cell.get("fill-opacity") == "1.00"
    ]
    assert len(warm) == 1
    title = warm[0].find("title")
    assert title is not None
    assert title.text is not None
    assert title.text.endswith("by chance")
