"""`voxloom verify`, `report` and `replay`: look at a dataset that is there."""

import sys
from pathlib import Path

from rich.console import Console

console = Console(highlight=False)
_SHOWN = 20


def verify_command(dataset: Path, workers: int | None, show_all: bool) -> None:
    """Print every problem (or the first 20 of many) and exit with 1, or say that all is well."""
    from pipeline.dataset.files import read_build
    from pipeline.verify.dataset import verify

    with console.status(f"decoding every clip of {dataset}"):
        problems = verify(dataset, workers)
    shown = len(problems) if show_all else _SHOWN
    for problem in problems[:shown]:
        print(f"error: {problem}", file=sys.stderr)
    if len(problems) > shown:
        print(f"error: and {len(problems) - shown} more problems (--all)", file=sys.stderr)
    if problems:
        sys.exit(1)
    build = read_build(dataset)
    console.print(f"{dataset}: {build['rows']} rows, {build['hours']:.2f} h, all in order")


def report_command(dataset: Path, out: Path) -> None:
    """Write the report page and say where it is."""
    from pipeline.dataset.build_record import stamp_pages
    from pipeline.dataset.files import REPORT_FILE
    from pipeline.report.page import write_report

    with console.status(f"reading {dataset}"):
        write_report(dataset, out)
        if out.resolve() == (dataset / REPORT_FILE).resolve():
            stamp_pages(dataset, [REPORT_FILE])
    console.print(f"report   {out}", soft_wrap=True)


def replay_command(dataset: Path, row_id: str, out: Path | None, work_dir: Path | None) -> None:
    """Make a clip again, say by which steps and whether it is equal; exit with 1 if it is not."""
    from pipeline.audio.files import check_audio_path, decode_audio, write_audio
    from pipeline.verify.replay import replay

    if out is not None:
        check_audio_path(out)
    with console.status(f"making {row_id} again"):
        replayed = replay(dataset, row_id, work_dir)
    for link, drawn in replayed.ledger:
        values = "  ".join(f"{name} {value}" for name, value in drawn.items())
        console.print(f"{link:17} {values}", markup=False, soft_wrap=True)
    console.print(f"clean clip from {replayed.clean_from}", markup=False, soft_wrap=True)
    if out is not None:
        write_audio(out, *decode_audio(replayed.audio))
        console.print(f"{out}", markup=False, soft_wrap=True)
    if replayed.is_equal:
        console.print("equal: every sample is the same")
        return
    reason = "the folders of sounds have changed since the build; " * replayed.has_other_sounds
    print(f"error: {reason}the clip made again differs from the row's", file=sys.stderr)
    sys.exit(1)
