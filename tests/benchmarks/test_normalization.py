from pathlib import Path

import pytest

from benchmarks.normalization import main, sentences_of


def test_every_row_of_the_table_has_its_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "30", "--domains", "prompts/voice_assistant"]) == 0
    table = capsys.readouterr().out
    for name in ("load the grammars", "mixed, cold", "mixed, warm", "plain among them"):
        (row,) = [line for line in table.splitlines() if name in line]
        assert float(row.split("|")[3]) >= 0


def test_domains_share_the_sentences() -> None:
    domains = [Path("prompts/voice_assistant"), Path("prompts/banking_agent")]
    assert len(sentences_of(domains, 31)) == 31
