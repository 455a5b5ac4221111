"""The report shows what is in the dataset, and needs nothing but itself."""

import base64
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.audio.files import decode_audio
from pipeline.pages.charts import histogram
from pipeline.report.page import (
    Bar,
    accent_shares,
    shown_bars,
    slot_coverage,
    style_shares,
    template_coverage,
    write_report,
)
from tests.pipeline.synthetic_build import COVERAGE, SPEAKERS, rows_of, seal_tones


class Page(HTMLParser):
    """Tags with their attributes, and the text between."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(scope="module")
def dataset(sealed_tones: Callable[[int], Path]) -> Path:
    return sealed_tones(60)


@pytest.fixture(scope="module")
def page(dataset: Path) -> Page:
    return Page((dataset / "report.html").read_text(encoding="utf-8"))


def test_nothing_is_loaded_from_outside(dataset: Path, page: Page) -> None:
    assert not re.search(r"https?://|@import|url\(", (dataset / "report.html").read_text())
    for _, attributes in page.tags:
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("data:", "#"))
    assert any("default-src 'none'" in str(tag.get("content")) for tag in page.all("meta"))


def test_forty_clips_can_be_played_and_seen(page: Page) -> None:
    assert len(page.all("tbody")) > 40
    assert (
        sum((tag.get("src") or "").startswith("data:image/webp") for tag in page.all("img")) == 40
    )
    sounds = [str(tag["src"]).partition(",") for tag in page.all("audio")]
    assert len({data for _, _, data in sounds}) == 40
    wave, sample_rate = decode_audio(base64.b64decode(sounds[0][2]))
    assert sample_rate == 16000
    assert len(wave) > 8000


def test_it_says_what_the_dataset_holds(dataset: Path, page: Page) -> None:
    build = json.loads((dataset / "build.json").read_text())
    text = " ".join(page.text.split())
    for expected in (
        "tones",
        f"train {build['splits']['train']['rows']}",
        "clips60",
        "rejected3",
        *SPEAKERS,
        "Duration",
        "Signal-to-noise ratio",
        "Pace",
        "en-us · 100.0%",
        "phone error rate …, at most … is allowed",
        "Nobody Ever Calls",
        "1 of 2",
    ):
        assert expected in text, expected
    assert len(page.all("svg")) == 4
    assert "Is the noise random?" in text


def test_it_can_be_made_again_from_the_dataset_alone(dataset: Path, tmp_path: Path) -> None:
    write_report(dataset, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == (dataset / "report.html").read_bytes()
    with pytest.raises(DataError, match="not a Voxloom dataset"):
        write_report(tmp_path, tmp_path / "no.html")


def test_accents_have_shares() -> None:
    rows = [{"accent": accent} for accent in ("en-us", "en-gb", "en-us", "en-us")]
    assert [bar.label for bar in accent_shares(rows)] == ["en-us · 75.0%", "en-gb · 25.0%"]


def test_very_many_speakers_are_counted_together() -> None:
    counted = [Bar(f"speaker {index}", 2, 1.0) for index in range(1000)]
    shown = shown_bars(counted)
    assert (len(shown), shown[-1].label, shown[-1].count) == (61, "940 others", 1880)
    assert shown_bars(counted[:61]) == counted[:61]


def test_spoken_style_has_shares() -> None:
    rows = [{"style": style} for style in ([], ["filler"], ["restart", "filler"], [])]
    labels = [bar.label for bar in style_shares(rows)]
    assert labels == ["as written · 50.0%", "filler · 50.0%", "restart · 25.0%"]
    assert style_shares([{"style": []}]) == []


def test_what_gives_the_intent_away_is_told(page: Page) -> None:
    text = " ".join(page.text.split())
    assert "What gives the intent away" in text
    assert "call is bound to call" in text
    assert "call has one template, call:1, for its 30 sentences" in text


def test_text_is_escaped(tmp_path: Path) -> None:
    dataset = seal_tones(tmp_path, num_rows=2)
    path = dataset / "build.json"
    path.write_text(path.read_text().replace('"tones"', '"<script>alert(1)</script>"'))
    write_report(dataset, tmp_path / "report.html")
    assert "<script>alert" not in (tmp_path / "report.html").read_text()


def test_coverage_counts_what_was_not_used() -> None:
    rows = rows_of(range(8))
    call, lights = template_coverage(rows, COVERAGE)
    assert (call.used, len(call.cells), call.rows) == (1, 2, 4)
    assert [(name, count) for name, count, _ in lights.cells] == [
        ("lights:1", 2),
        ("lights:2", 2),
        ("lights:3", 0),
    ]
    contact, room = slot_coverage(rows, COVERAGE)
    assert (contact.used, contact.listed, contact.rows) == (2, 5, 4)
    assert room.unused == ("attic",)
    (first, *_) = slot_coverage(rows, {})
    assert (first.used, first.listed) == (2, None)


@pytest.mark.parametrize("values", [[1.0], [2.5, 2.5], [0.9, 1.1, 1.0], [-5.0, 40.0], [1e-6, 3e6]])
def test_histograms_hold_every_value(values: list[float]) -> None:
    counts = [
        int(n.replace(",", "")) for n in re.findall(r": ([\d,]+) clips", histogram(values, "x"))
    ]
    assert sum(counts) == len(values)
