import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping, build
from models.errors import CheckpointError, ConfigError
from models.mel import LogMel, MelConfig
from models.recognizer import BLANK, Recognizer, RecognizerConfig, ctc_loss
from pipeline.judge import Judge, JudgeConfig, check_judge
from tests.tiny_voices import TinyVoices, save_tiny_voices

SYMBOLS = (BLANK, "a", "o", "t")
TONE_HZ = {"a": 300.0, "o": 1200.0, "t": 4000.0}


def tones(said: str, rate: int = 22050) -> np.ndarray:
    """A waveform (S,) with a tone of 0.12 s a phone."""
    time_s = np.arange(round(0.12 * rate)) / rate
    hum = [np.sin(2 * np.pi * TONE_HZ[phone] * time_s) for phone in said]
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(time_s) * len(said))
    return (0.3 * np.concatenate(hum) + noise).astype(np.float32)


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recognizer that has learned which tone is which phone."""
    torch.manual_seed(0)
    config = RecognizerConfig(dim=24, hidden_dim=32, num_layers=1, kernel_size=5, dropout=0.0)
    model, log_mel = Recognizer(config, MelConfig(), SYMBOLS), LogMel(MelConfig())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    rng = np.random.default_rng(0)
    for _ in range(60):
        said = "".join(rng.choice(["a", "o", "t"], 6))
        mel = log_mel(torch.from_numpy(tones(said))[None])
        targets = torch.tensor([[SYMBOLS.index(phone) for phone in said]])
        log_probs, lengths = model(mel, torch.tensor([mel.shape[-1]]))
        loss = ctc_loss(log_probs, lengths, targets, torch.tensor([6]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    folder = tmp_path_factory.mktemp("judge") / "tones"
    info = CheckpointInfo("recognizer", as_mapping(config), MelConfig(), SYMBOLS)
    save_checkpoint(folder, model, info)
    return folder


@pytest.mark.parametrize(
    ("said", "phonemes", "rate"),
    [
        ("atota", "^ ˈa t | o t , a .", 0.0),
        ("atota", "^ a t o t o .", 1 / 5),
        ("atot", "^ a t o t a .", 1 / 5),
        ("atotat", "^ a t o .", 3 / 3),
    ],
)
def test_error_rate_counts_what_was_said_otherwise(
    recognizer: Path, said: str, phonemes: str, rate: float
) -> None:
    judge = Judge(JudgeConfig(str(recognizer)))
    assert judge.phone_error_rate(tones(said), 22050, phonemes) == pytest.approx(rate)


def test_level_and_sample_rate_do_not_matter(recognizer: Path) -> None:
    judge = Judge(JudgeConfig(str(recognizer)))
    assert judge.phone_error_rate(tones("ota") * 0.05, 22050, "^ o t a .") == 0.0
    assert judge.phone_error_rate(tones("ota", 16000), 16000, "^ o t a .") == 0.0


def test_without_a_recognizer_nothing_is_judged() -> None:
    judge = Judge(JudgeConfig(recognizer=None))
    assert judge.phone_error_rate(tones("a"), 22050, "^ t .") is None
    assert judge.digest == ""
    check_judge(JudgeConfig(recognizer=None))


def test_judge_names_the_weights_it_judged_with(tiny_voices: TinyVoices) -> None:
    judge = Judge(JudgeConfig(str(tiny_voices.recognizer)))
    assert judge.digest == load_checkpoint(tiny_voices.recognizer).digest


def test_only_intact_recognizers_may_judge(tiny_voices: TinyVoices, tmp_path: Path) -> None:
    check_judge(JudgeConfig(str(tiny_voices.recognizer)))
    with pytest.raises(CheckpointError, match=r"judge\.recognizer: .* is a vocos"):
        check_judge(JudgeConfig(str(tiny_voices.vocoder)))
    with pytest.raises(CheckpointError, match="nobody: no such checkpoint"):
        check_judge(JudgeConfig("nobody"))
    damaged = save_tiny_voices(tmp_path).recognizer
    (damaged / "model.safetensors").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="damaged"):
        check_judge(JudgeConfig(str(damaged)))


def test_limit_must_be_above_zero() -> None:
    with pytest.raises(ConfigError, match="max_phone_error_rate: above 0"):
        build(JudgeConfig, dataclasses.asdict(JudgeConfig()) | {"max_phone_error_rate": 0}, "x")
