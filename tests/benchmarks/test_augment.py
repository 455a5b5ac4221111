"""Every link has its row, and a speed."""

from benchmarks.augment import main
from pipeline.augment.links import LINKS


def test_every_link_is_measured(capsys):
    assert main(["--clips", "1", "--seconds", "0.2"]) == 0
    lines = capsys.readouterr().out.splitlines()[2:]
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in lines]
    assert {name.split()[0] for name, _, _ in rows} == {*LINKS, "whole"}
    assert all(float(ours.replace(",", "")) > 0 for _, ours, _ in rows)
    assert sum(bool(theirs) for _, _, theirs in rows) >= 10
