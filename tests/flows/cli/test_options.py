"""Options of several commands: what they refuse before any work."""

import pytest
import torch

from tests.flows.cli.commands import run

SAY = "say hello --out a.wav"
NEW_VOICES = "evaluate new-voices --corpus none"
PROBE = "probe none --real none"
ON_DEVICES = (
    "mels none --corpus none --to none",
    "evaluate vocoders --corpus none --checkpoints none",
    "evaluate acoustic --corpus none --checkpoints none",
    "evaluate intelligibility --corpus none",
)


@pytest.mark.parametrize("command", ON_DEVICES)
def test_a_gpu_that_is_not_there_is_one_line(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert run(*command.split(), "--device", "cuda") == 2
    assert capsys.readouterr().err == "error: --device: cuda, but torch finds no GPU; use cpu\n"
    assert run(*command.split(), "--device", "cdua") == 2
    assert "'--device'" in capsys.readouterr().err


@pytest.mark.parametrize("command", [SAY, NEW_VOICES])
@pytest.mark.parametrize("spread", ["0", "3", "nan"])
def test_a_spread_beyond_what_builds_take_is_one_line(
    command: str, spread: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command.split(), "--spread", spread) == 2
    assert capsys.readouterr().err == f"error: --spread: above 0, at most 2, found {spread}\n"


@pytest.mark.parametrize("seed", ["-1", "99999999999999999999999"])
@pytest.mark.parametrize(
    "command", [SAY, NEW_VOICES, PROBE, "diversity none", "teach speak none --teacher none"]
)
def test_a_seed_of_more_than_63_bits_or_below_0_is_refused(
    command: str, seed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command.split(), "--seed", seed) == 2
    assert "'--seed'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "browse none"])
def test_a_port_that_does_not_exist_is_refused(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command.split(), "--port", "99999") == 2
    assert "'--port'" in capsys.readouterr().err
