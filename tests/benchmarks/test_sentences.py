from pathlib import Path

import pytest

from benchmarks.sentences import main


def test_one_strategy_in_this_process(capsys: pytest.CaptureFixture[str]) -> None:
    domain = Path("prompts/voice_assistant")
    assert main(["--domain", str(domain), "--counts", "200", "--one", "random"]) == 0
    rate, peak_mib = map(float, capsys.readouterr().out.split())
    assert rate > 0
    assert peak_mib > 10
