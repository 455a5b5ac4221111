"""Pictures of the report and of the browse page, as docs/pictures has them.

    .venv/bin/python -m benchmarks.screenshots data/quickstart

Needs Chromium (apt install chromium). Writes report-light.png, report-dark.png, report-phone.png
and browse.png.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.report.page import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
_COLOURS = 128  # of a picture: keeps it small, and nobody sees it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--out", type=Path, default=PICTURES)
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("error: needs Chromium: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium has none for root
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        report, marks = Path(folder) / "report.html", Path(folder) / "dataset.marks.jsonl"
        write_report(options.dataset, report)
        for name, width, height, scheme in (
            ("report-light", 1180, 1250, "light"),
            ("report-dark", 1180, 1100, "dark"),
            ("report-phone", 390, 1200, "light"),
        ):
            with _page(browser, report.as_uri(), (width, height), scheme) as page:
                if name != "report-light":
                    page.locator(".more button").first.click()
                    page.evaluate("document.getElementById('clips').scrollIntoView()")
                take(page, options.out / f"{name}.png")
        with (
            _served(options.dataset, marks) as address,
            _page(browser, address, (1180, 1150), "light") as page,
        ):
            _mark_one(page)
            take(page, options.out / "browse.png")
        browser.close()


@contextmanager
def _page(browser: "Browser", address: str, size: tuple[int, int], scheme: str) -> Iterator["Page"]:
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".clip")
    yield page
    context.close()


@contextmanager
def _served(dataset: Path, marks: Path) -> Iterator[str]:
    """`voxloom browse` while the block runs; its address."""
    command = [sys.executable, "-m", "flows.cli.app", "browse", str(dataset), "--port", "0"]
    started = subprocess.Popen([*command, "--marks", str(marks)], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    yield started.stdout.readline().split()[1]
    started.send_signal(signal.SIGINT)
    started.wait()


def _mark_one(page: "Page") -> None:
    """The second clip open and marked, as someone would leave it who looks for what is bad."""
    page.locator(".more button").nth(1).click()
    page.locator(".clip").nth(1).locator("[name=note]").fill("the last word is cut off")
    page.keyboard.press("Enter")
    page.wait_for_selector(".is-marked .group")
    page.wait_for_load_state("networkidle")


def take(page: "Page", path: Path) -> None:
    """Write what the page shows as a small PNG, and say how large it is."""
    from PIL import Image

    page.wait_for_timeout(500)  # until pictures are drawn
    path.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=path)
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(_COLOURS)
    small.save(path, optimize=True)
    print(f"{path}  {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main()
