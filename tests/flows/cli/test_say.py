"""`voxloom say`: what it writes, and what it cannot say."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.flows.cli.commands import run
from tests.tiny_voices import TinyVoices


def _say(tiny_voices: TinyVoices, *arguments: str) -> int:
    models = ["--acoustic-model", str(tiny_voices.acoustic_model)]
    return run("say", *arguments, *models, "--vocoder", str(tiny_voices.vocoder))


def test_say_writes_a_file(
    tmp_path: Path, tiny_voices: TinyVoices, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "hello.wav"
    assert _say(tiny_voices, "It is 7:30 am.", "--speaker", "ben", "-o", str(out)) == 0
    assert soundfile.info(out).duration > 0.1
    assert "seven thirty" in capsys.readouterr().out


def _spoken(tiny_voices: TinyVoices, path: Path, *arguments: str) -> np.ndarray:
    """The wave (S,) of one sentence."""
    assert _say(tiny_voices, "Hello.", *arguments, "-o", str(path)) == 0
    return soundfile.read(path)[0]


def test_a_mix_is_neither_of_its_voices_and_the_same_from_both_sides(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    path = tmp_path / "said.wav"
    anna, ben, mixed, from_ben = (
        _spoken(tiny_voices, path, "-s", name)
        for name in ("anna", "ben", "mix(anna, ben, 0.4)", "mix(ben, anna, 0.6)")
    )
    assert np.array_equal(mixed, from_ben)
    assert not np.array_equal(mixed, anna)
    assert not np.array_equal(mixed, ben)


def test_say_takes_its_time(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    text = "The kitchen light is on."
    fast, slow = tmp_path / "fast.wav", tmp_path / "slow.wav"
    _say(tiny_voices, text, "--pace", "1.5", "-o", str(fast))
    _say(tiny_voices, text, "--pace", "0.5", "-o", str(slow))
    assert soundfile.info(slow).duration > 1.5 * soundfile.info(fast).duration


@pytest.mark.parametrize(
    ("arguments", "status", "named"),
    [
        (["Hello.", "-o", "hello.mp3"], 1, "hello.mp3"),
        (["Hello.", "--speaker", "nobody", "-o", "x.wav"], 2, "anna, ben"),
        (["Hello.", "--pitch", "nan", "-o", "x.wav"], 2, "--pitch: nan is not a finite number"),
        (["Hello.", "--speaker", "mix(anna, zoe, 0.4)", "-o", "x.wav"], 2, "0.40): zoe: "),
        (["Hello.", "--speaker", "generated-003", "-o", "x.wav"], 2, "3 are needed"),
        (["Hello.", "--pace", "9", "-o", "x.wav"], 2, "--pace: 9; 0.3 to 3 is allowed"),
        (["Hello.", "--energy", "0", "-o", "x.wav"], 2, "--energy: 0; 0.01 to 100 is"),
        (["...", "-o", "x.wav"], 1, "nothing to say"),
    ],
)
def test_say_tells_what_it_cannot(
    tiny_voices: TinyVoices,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    named: str,
) -> None:
    assert _say(tiny_voices, *arguments) == status
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") == 1
