from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.optimizers import Arm, Lesson, Run, main, table
from tests.models.evaluation.conftest import SAMPLE_RATE, babble
from tests.tiny_voices import TinyVoices

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ADAMW, _MUON = Arm("adamw", 1e-3), Arm("muon", 1e-3)


def test_the_error_is_of_the_last_tenth_of_the_steps() -> None:
    assert Run(np.array([9.0] * 18 + [2.0, 4.0]), 0.1).reached == 3.0
    assert Run(np.array([9.0, 1.0]), 0.1).reached == 1.0


def test_arms_are_compared_seed_by_seed() -> None:
    runs = {
        _ADAMW: [Run(np.array([1.0]), 1.0), Run(np.array([2.0]), 3.0)],
        _MUON: [Run(np.array([0.5]), 2.0), Run(np.array([1.0]), 2.0)],
    }
    first, second = table(runs).splitlines()[2:]
    cells = [cell.strip() for cell in first.split("|")[1:-1]]
    assert cells == ["adamw, 0.001", "1.5000 ± 0.7071", "1.000 ± 0.000", "2.00"]
    assert " 0.500 ± 0.000 " in second


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder `tones` of ten words, two seconds each."""
    root = tmp_path_factory.mktemp("corpora")
    (root / "tones" / "wavs").mkdir(parents=True)
    lines = []
    for number, word in enumerate(_WORDS):
        lines.append(f"clip{number}|anna|{word}|{word}\n")
        wave = babble(number, seconds=2.0)
        soundfile.write(root / "tones" / "wavs" / f"clip{number}.wav", wave, SAMPLE_RATE)
    (root / "tones" / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    return root


def _small(corpus: Path, voices: TinyVoices, folder: Path) -> tuple[str, ...]:
    sizes = "{dim: 16, encoder_layers: 1, decoder_layers: 1, hidden_dim: 16, predictor_dim: 16}"
    return (
        f"corpus.root={corpus}",
        "corpus.folders=[tones]",
        "corpus.held_out=0.5",
        f"cache={folder}",
        f"recognizer={voices.recognizer}",
        "speaker_repeats={}",
        "frames_per_batch=300",
        f"model={sizes}",
    )


def test_arms_begin_alike_and_part(tmp_path: Path, corpus: Path, tiny_voices: TinyVoices) -> None:
    lesson = Lesson(_small(corpus, tiny_voices, tmp_path))
    adamw, muon = (lesson.learn(arm, seed=1, steps=6) for arm in (_ADAMW, _MUON))
    assert adamw.errors[0] == muon.errors[0]
    assert adamw.errors[-1] != muon.errors[-1]
    assert lesson.learn(_ADAMW, seed=2, steps=1).errors[0] != adamw.errors[0]
    assert adamw.seconds > 0


@pytest.mark.parametrize(
    ("argument", "told"),
    [("sgd:1e-3", "kind"), ("muon:2", "learning_rate")],
)
def test_an_impossible_arm_is_one_line(
    argument: str,
    told: str,
    tmp_path: Path,
    corpus: Path,
    tiny_voices: TinyVoices,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = _small(corpus, tiny_voices, tmp_path)
    asked = ["--corpus", str(corpus), "--folders", "tones", "--arms", argument, "--set", *small]
    assert main([*asked, "--steps", "1", "--seeds", "1"]) == 1
    assert told in capsys.readouterr().err


def test_an_arm_without_a_rate_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--arms", "muon"])
    assert "'muon': expected KIND:RATE" in capsys.readouterr().err
