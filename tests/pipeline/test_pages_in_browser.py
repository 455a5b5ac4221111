"""The report and the browse page do in a real browser what they promise."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.dataset.files import data_files, read_rows
from pipeline.dataset.marks import marks_file
from tests.chromium import Watched, chromium, watched_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PLAYED = """() => {
  const audio = [...document.querySelectorAll(".clip audio")].find((one) => one.currentTime > 0);
  return audio && audio.currentTime > 0.05 && !audio.error;
}"""
SHOWN = ".clip:not([hidden])"
OVERFLOW = "document.documentElement.scrollWidth - window.innerWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def dataset(browser: "Browser", sealed_tones: Callable[[int], Path]) -> Path:
    """Asks for the browser first: without one, nothing is built."""
    return sealed_tones(45)


@pytest.fixture
def report(browser: "Browser", dataset: Path) -> Iterator[Watched]:
    with watched_page(browser, (dataset / "report.html").as_uri()) as watched:
        yield watched
        assert watched.messages == []
        assert {url.partition(":")[0] for url in watched.requests} <= {"file", "data"}
        assert sum(url.startswith("file:") for url in watched.requests) == 1


@pytest.fixture(scope="module")
def server(dataset: Path) -> Iterator[str]:
    """`voxloom browse`, as people start and end it; its address."""
    command = [sys.executable, "-m", "flows.cli.app", "browse", str(dataset), "--port", "0"]
    started = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert started.stdout is not None
    yield started.stdout.readline().split()[1]
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=20)
    assert "Traceback" not in errors


@pytest.fixture
def browse(browser: "Browser", server: str) -> Iterator[Watched]:
    with watched_page(browser, server) as watched:
        watched.page.wait_for_selector(".clip")
        yield watched
        assert watched.messages == []
        assert all(url.startswith(server) for url in watched.requests)


def until(page: "Page", expression: str) -> None:
    """Wait for it to be true. (Playwright's own waiting needs `eval`, which the pages forbid.)"""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it never came true: {expression}")


def texts(page: "Page", cell: str) -> list[str]:
    return page.locator(f"{SHOWN} .row {cell}").all_inner_texts()


def focused(page: "Page") -> str:
    return str(page.evaluate("document.activeElement.getAttribute('aria-label')"))


def test_a_clip_of_the_report_is_played(report: Watched) -> None:
    page = report.page
    page.locator(".play").nth(2).click()
    until(page, PLAYED)
    assert page.locator(".clip.now").count() == 1
    page.locator(".play").nth(3).click()
    until(page, "document.querySelectorAll('.clip')[3].matches('.now')")
    assert page.locator(".clip.now").count() == 1
    page.locator(".row .picture").nth(4).click(position={"x": 150, "y": 20})
    until(page, "document.querySelectorAll('.clip audio')[4].currentTime > 0.5")


def test_clips_of_the_report_are_filtered(report: Watched) -> None:
    page = report.page
    assert len(texts(page, ".speaker")) == 40
    page.locator("[name=speaker]").select_option("dag")
    assert set(texts(page, ".speaker")) == {"dag"}
    page.locator("[name=intent]").select_option("call")
    assert set(texts(page, ".intent")) == {"call"}
    assert page.locator("#clip-count").inner_text() == f"{len(texts(page, '.intent'))} of 40 clips"
    page.get_by_role("button", name="Show all").click()
    until(page, f"document.querySelectorAll('{SHOWN}').length == 40")
    page.get_by_label("SNR to, dB").fill("15")
    assert all(float(snr.split()[0]) <= 15 for snr in texts(page, "[data-name=SNR]"))
    page.get_by_label("SNR to, dB").fill("")
    page.get_by_label("Errors to, %").fill("10")
    assert 0 < len(texts(page, ".speaker")) < 40
    page.locator("[name=text]").fill("KITCHEN")
    assert all("kitchen" in text for text in texts(page, "b"))


def test_clips_of_the_report_are_sorted(report: Watched) -> None:
    page = report.page
    for times, is_falling in ((1, False), (2, True)):
        page.get_by_role("button", name="SNR").click()
        levels = [text for text in texts(page, "[data-name=SNR]") if text != "no noise"]
        numbers = [float(text.split()[0]) for text in levels]
        assert numbers == sorted(numbers, reverse=is_falling), times
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("SNR")
    page.locator("#clip-sort").select_option("text")
    assert texts(page, "b") == sorted(texts(page, "b"))


def test_the_report_is_used_by_key(report: Watched) -> None:
    page = report.page
    page.locator(".row").first.focus()
    labels = page.locator(".row").evaluate_all("rows => rows.map((row) => row.ariaLabel)")
    for key, index in (
        ("ArrowDown", 1),
        ("ArrowDown", 2),
        ("ArrowUp", 1),
        ("End", 39),
        ("Home", 0),
    ):
        page.keyboard.press(key)
        assert focused(page) == labels[index], key
    assert page.locator(".row[tabindex='0']").count() == 1
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    until(page, PLAYED)
    page.keyboard.press(" ")
    until(page, "[...document.querySelectorAll('audio')].every((one) => one.paused)")
    page.keyboard.press("ArrowRight")
    detail = page.locator(".detail").first
    assert detail.is_visible()
    assert "speaker" in detail.inner_text()
    assert page.locator(".detail img").first.evaluate("image => image.naturalWidth") == 600
    page.keyboard.press("ArrowLeft")
    assert not detail.is_visible()


def test_the_report_fits_a_phone(browser: "Browser", dataset: Path) -> None:
    with watched_page(browser, (dataset / "report.html").as_uri(), width=390) as watched:
        page = watched.page
        page.locator(".more button").first.click()
        assert page.locator(".detail").first.is_visible()
        assert page.evaluate(OVERFLOW) <= 0


def test_clips_are_searched_and_filtered(browse: Watched) -> None:
    page = browse.page
    assert len(texts(page, "b")) == 25
    page.get_by_role("button", name="Later clips").click()
    until(page, "document.querySelectorAll('.clip').length == 20")
    page.locator("[name=text]").fill("hall light")
    until(page, "document.querySelectorAll('.clip').length < 10")
    assert all("hall" in text for text in texts(page, "b"))
    page.get_by_role("button", name="Show all").click()
    until(page, "document.querySelectorAll('.clip').length == 25")
    page.locator("[name=speaker]").select_option("dag")
    until(page, "document.querySelectorAll('.clip').length < 25")
    assert set(texts(page, ".speaker")) == {"dag"}
    page.get_by_role("button", name="Duration").click()
    page.wait_for_selector("th[aria-sort=ascending]")
    page.wait_for_load_state("networkidle")
    seconds = [float(text.split()[0]) for text in texts(page, ".seconds")]
    assert seconds == sorted(seconds)


def test_a_clip_is_played_and_marked(browse: Watched, dataset: Path) -> None:
    page, marks = browse.page, marks_file(dataset)
    row = next(read_rows(data_files(dataset)[0]))
    page.locator(".play").first.click()
    until(page, PLAYED)
    page.locator(".row").first.focus()
    page.keyboard.press("m")
    until(page, "document.activeElement.name === 'note'")
    assert row["phonemes"] in page.locator(".clip").first.inner_text()
    page.keyboard.type("cut off")
    page.keyboard.press("Enter")
    page.wait_for_selector(".is-marked")
    assert page.locator("#count").inner_text() == "45 clips, 1 marked"
    assert [json.loads(line) for line in marks.read_text().splitlines()] == [
        {"id": row["id"], "note": "cut off"}
    ]
    page.reload()
    page.wait_for_selector(".is-marked")
    assert texts(page, ".mark")[0] == "marked bad: cut off"
    page.locator("[name=is_marked]").select_option("marked")
    until(page, "document.querySelectorAll('.clip').length == 1")
    page.locator(".more button").first.click()
    page.get_by_role("button", name="Take the mark away").click()
    until(page, "!document.querySelector('.is-marked')")
    assert marks.read_text() == ""


def test_the_browse_page_fits_a_phone(browser: "Browser", server: str) -> None:
    with watched_page(browser, server, width=390) as watched:
        watched.page.wait_for_selector(".clip")
        watched.page.locator(".more button").first.click()
        watched.page.wait_for_selector(".detail:not([hidden]) .group")
        assert watched.page.evaluate(OVERFLOW) <= 0
        assert watched.messages == []
