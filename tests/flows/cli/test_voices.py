"""`voxloom voices`."""

import pytest
import yaml

from models.evaluation.diversity import RESEMBLYZER
from pipeline.probe import distinct_voices
from tests.flows.cli.commands import run


def test_the_most_distinct_voices_are_a_part_of_a_config(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def choose(voice: object, seed: int, count: int, encoder: str) -> list[str]:
        asked.append((seed, count, encoder))
        return ["kathleen", "mix(kathleen,an4-msrb,0.40)", "generated-001"]

    monkeypatch.setattr(distinct_voices, "distinct_voices", choose)
    command = ("voices", "distinct", "configs/build/quickstart.yaml", "--count", 3)
    assert run(*command, "--encoder", RESEMBLYZER, "--set", "seed=7") == 0
    assert asked == [(7, 3, RESEMBLYZER)]
    printed = yaml.safe_load(capsys.readouterr().out)
    names = ["kathleen", "mix(kathleen,an4-msrb,0.40)", "generated-001"]
    assert printed == {"voice": {"speakers": dict.fromkeys(names, 1)}}
