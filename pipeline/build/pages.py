"""The pages beside the data of a dataset: its card, its audit and its report."""

from pathlib import Path

from pipeline.audit.verdict import audit_dataset, audit_json
from pipeline.card.card import write_card
from pipeline.dataset.build_record import stamp_pages
from pipeline.dataset.files import AUDIT_FILE, REPORT_FILE
from pipeline.report.page import render_report


def write_pages(folder: Path, license_name: str) -> None:
    """Write card, audit and report of the data files, rejects and `build.json` in `folder`."""
    write_card(folder, license_name)
    audit = audit_dataset(folder)
    (folder / AUDIT_FILE).write_text(audit_json(audit), encoding="utf-8")
    (folder / REPORT_FILE).write_text(render_report(folder, audit), encoding="utf-8")
    stamp_pages(folder)
