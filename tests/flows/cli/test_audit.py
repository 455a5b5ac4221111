"""`voxloom audit` as a person and as CI meet it."""

import json
from pathlib import Path

import pytest

from flows.cli import app as cli
from tests.planted_bias import CLASSES, INTENTS, clean_rows, noise_of, write_dataset


def _run(*arguments: str) -> int:
    try:
        cli.main(arguments)
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def test_a_dataset_in_order_ends_with_0(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dataset = write_dataset(tmp_path / "clean", clean_rows(1, 300))
    tests = tmp_path / "tests.json"
    assert _run("audit", str(dataset), "--json", str(tests)) == 0
    printed = capsys.readouterr().out
    assert "planted: 300 rows; passed:" in printed
    assert "are segments of noise repeated?" in printed
    record = json.loads(tests.read_text())
    assert record["passed"]
    assert len(record["tests"]) > 80
    assert {"question", "subject", "p", "corrected_p", "bias"} <= set(record["tests"][0])


def test_a_bias_ends_with_1_and_is_told_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = clean_rows(1, 300)
    for row in rows:
        noise = noise_of(row)
        if noise and row["intent"] == INTENTS[2]:
            noise |= {"classes": [CLASSES[0]], "sources": [f"{CLASSES[0]}/1.flac"]}
    dataset, out = write_dataset(tmp_path / "tied", rows), tmp_path / "pictures"
    assert _run("audit", str(dataset), "--out", str(out)) == 1
    printed = capsys.readouterr().out
    assert "bias found" in printed
    assert "background_noise.classes[0] by intent: `street` in 100% of the clips" in printed
    assert (out / "background_noise.classes-0-by-intent.svg").is_file()


def test_alpha_decides_what_counts_as_chance(tmp_path: Path) -> None:
    rows = clean_rows(1, 300)
    for row in [row for row in rows if row["intent"] == "intent-2"][::2]:
        row["augmentations"].pop("background_noise", None)
    dataset = str(write_dataset(tmp_path / "d", rows))
    assert _run("audit", dataset, "--alpha", "0.05") == 1
    assert _run("audit", dataset, "--alpha", "1e-9") == 0


def test_what_is_no_dataset_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("audit", str(tmp_path / "nothing")) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert len(told.splitlines()) == 1
