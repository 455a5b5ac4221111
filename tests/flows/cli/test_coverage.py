"""`voxloom coverage`: the table, the files, and what cannot be compared."""

import csv
from pathlib import Path

import pytest

from flows.cli import app as cli

CONFIG = "configs/build/quickstart.yaml"


def _run(*arguments: str) -> int:
    try:
        cli.main(["coverage", CONFIG, *arguments])
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


@pytest.fixture
def cafe(tmp_path: Path) -> Path:
    """A domain that needs no text grammars: 12 pairs in one template, 3 in another."""
    folder = tmp_path / "cafe"
    files = {
        "templates/order.j2": "A {{ drink }} and a {{ cake }}, please.\nNo {{ drink }} today.\n",
        "lexicons/drink.txt": "latte\ntea\ncocoa\nlemonade\n",
        "lexicons/cake.txt": "muffin\ncroissant\nbagel\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_strategies_side_by_side(
    cafe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    sets = [f"sentences.domain={cafe}", "sentences.count=13", "sentences.strategy=coverage"]
    options = [option for key in sets for option in ("--set", key)]
    assert _run(*options, "--against", "zipf", "--out", str(out)) == 0
    printed = capsys.readouterr().out
    assert "| 13 sentences " in printed
    assert "`zipf` leaves out:" in printed
    assert (out / "coverage.md").read_text().strip() in printed.replace("\n\n\n", "\n\n")
    assert (out / "coverage.png").read_bytes().startswith(b"\x89PNG")
    with (out / "coverage.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["strategy"] for row in rows} == {"coverage", "zipf"}
    for strategy in ("coverage", "zipf"):
        mine = [row for row in rows if row["strategy"] == strategy]
        assert mine[-1]["sentences"] == "13"
        for kind in ("slot values", "pairs of slot values", "diphones"):
            output = [int(row[kind]) for row in mine]
            assert output == sorted(output)
    last = {row["strategy"]: row for row in rows}
    assert int(last["coverage"]["pairs of slot values"]) >= 9
    assert last["coverage"]["slot values"] == "7"


def test_a_strategy_beside_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--against", "weighted") == 2
    message = "--against weighted: the config's own strategy is weighted; allowed beside it: random"
    assert message in capsys.readouterr().err
    assert _run("--against", "best") == 2


def test_more_sentences_than_there_are(cafe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = ["--set", f"sentences.domain={cafe}", "--set", "sentences.count=17"]
    assert _run(*sets) == 1
    assert "17 sentences asked for" in capsys.readouterr().err


def test_nothing_to_cover(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = f"sentences.files=[{{path: {tmp_path / 'own.txt'}, share: 1}}]"
    assert _run("--set", "sentences.domain=null", "--set", own) == 2
    assert "sentences.domain: null; only templates can be covered" in capsys.readouterr().err
