import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from models import padded_layers
from models.checkpoint import CheckpointInfo, load_checkpoint, save_checkpoint
from models.config import as_mapping, build
from models.errors import CheckpointError, ConfigError
from models.mel import LogMel, MelConfig
from models.recognition.recognizer import BLANK, Recognizer, RecognizerConfig, ctc_loss
from pipeline.judging.judge import Judge, JudgeConfig, check_judge, faults_of
from pipeline.records import WordTime
from tests.tiny_voices import TinyVoices, save_tiny_voices

SYMBOLS = (BLANK, "a", "o", "t")
TONE_HZ = {"a": 300.0, "o": 1200.0, "t": 4000.0}


def tones(output: str, rate: int = 22050) -> np.ndarray:
    """A waveform (S,) with a tone of 0.12 s a phone."""
    time_s = np.arange(round(0.12 * rate)) / rate
    hum = [np.sin(2 * np.pi * TONE_HZ[phone] * time_s) for phone in output]
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(time_s) * len(output))
    return (0.3 * np.concatenate(hum) + noise).astype(np.float32)


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recognizer that has learned which tone is which phone."""
    torch.manual_seed(0)
    config = RecognizerConfig(dim=24, hidden_dim=32, num_layers=1, kernel_size=5, dropout=0.0)
    model, log_mel = Recognizer(config, MelConfig(), SYMBOLS), LogMel(MelConfig())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    rng = np.random.default_rng(0)
    for _ in range(500):
        output = "".join(rng.choice(["a", "o", "t"], 6))
        mel = log_mel(torch.from_numpy(tones(output))[None])
        targets = torch.tensor([[SYMBOLS.index(phone) for phone in output]])
        log_probs, lengths = model(mel, torch.tensor([mel.shape[-1]]))
        loss = ctc_loss(log_probs, lengths, targets, torch.tensor([6]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.01:  # learned by heart, whatever the kernels
            break
    else:
        pytest.fail("the recognizer did not learn")
    folder = tmp_path_factory.mktemp("judge") / "tones"
    info = CheckpointInfo("recognizer", as_mapping(config), MelConfig(), SYMBOLS)
    save_checkpoint(folder, model, info)
    return folder


@pytest.mark.parametrize(
    ("output", "phonemes", "rate"),
    [
        ("atota", "^ ˈa t | o t , a .", 0.0),
        ("atota", "^ a t o t o .", 1 / 5),
        ("atot", "^ a t o t a .", 1 / 5),
        ("atotat", "^ a t o .", 3 / 3),
    ],
)
def test_error_rate_counts_what_was_said_otherwise(
    recognizer: Path, output: str, phonemes: str, rate: float
) -> None:
    judge = Judge(JudgeConfig(str(recognizer)))
    assert judge.judge(tones(output), 22050, phonemes).phone_error_rate == pytest.approx(rate)


def test_a_recognizer_in_bf16_hears_the_same(
    recognizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(padded_layers, "_LEAST_CHANNELS", 8)  # this one is small
    config = JudgeConfig(str(recognizer))
    plain, lower = Judge(config), Judge(config, precision="bf16")
    for output in ("atota", "otat"):
        judged = [judge.judge(tones(output), 22050, "^ a t o t a .") for judge in (plain, lower)]
        assert judged[0] == judged[1]
    assert lower.recognizer is not None
    assert torch.bfloat16 in {p.dtype for p in lower.recognizer.model.parameters()}


def test_level_and_sample_rate_do_not_matter(recognizer: Path) -> None:
    judge = Judge(JudgeConfig(str(recognizer)))
    assert judge.judge(tones("ota") * 0.05, 22050, "^ o t a .").phone_error_rate == 0.0
    assert judge.judge(tones("ota", 16000), 16000, "^ o t a .").phone_error_rate == 0.0


def test_without_a_recognizer_nothing_is_judged() -> None:
    judge = Judge(JudgeConfig(recognizer=None))
    judged = judge.judge(tones("a"), 22050, "^ t .")
    assert (judged.phone_error_rate, judged.word_shift_s) == (None, None)
    assert judged.level_db > -20
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


def _with_silence(wave: np.ndarray, seconds: float) -> np.ndarray:
    return np.concatenate([wave, np.zeros(round(seconds * 22050), np.float32)])


SAID, MEANT = "aotatotaotat", "^ a o t | a t o t | a o t a t ."
BREAKS = {
    "silence": lambda wave: wave * 1e-5,
    "hum": lambda wave: (wave + 0.2).astype(np.float32),
    "clipping": lambda wave: np.clip(wave * 10, -1, 1),
    "a gap": lambda wave: np.concatenate([_with_silence(wave[:9000], 2.0), wave[9000:]]),
    "the end is lost": lambda wave: wave[: len(wave) // 2],
    "said twice": lambda wave: np.concatenate([wave[: len(wave) // 2], wave]),
    "too slow": lambda wave: np.repeat(wave, 12),
}


def test_a_good_clip_has_no_faults(recognizer: Path) -> None:
    config = JudgeConfig(str(recognizer))
    good = _with_silence(tones(SAID), 0.1)
    assert faults_of(Judge(config).judge(good, 22050, MEANT), config) == ()


@pytest.mark.parametrize("broken", BREAKS)
def test_broken_clips_are_found(recognizer: Path, broken: str) -> None:
    config = JudgeConfig(str(recognizer))
    wave = BREAKS[broken](_with_silence(tones(SAID), 0.1))
    assert faults_of(Judge(config).judge(wave, 22050, MEANT), config)


def test_a_local_mumble_is_found_where_the_whole_rate_is_low(recognizer: Path) -> None:
    output = "ao" * 16
    wave = np.concatenate([tones(output[:12]), tones("t" * 8), tones(output[20:])])
    config = JudgeConfig(str(recognizer), max_divergent_phones=3)
    judged = Judge(config).judge(_with_silence(wave, 0.1), 22050, "^ " + " ".join(output) + " .")
    assert judged.phone_error_rate is not None
    assert judged.phone_error_rate < 0.3
    assert "divergent phones above 3" in faults_of(judged, config)


def test_words_that_are_said_at_another_time_are_found(recognizer: Path) -> None:
    judge = Judge(JudgeConfig(str(recognizer)))
    spoken = (WordTime("aot", 0.0, 0.36), WordTime("atot", 0.36, 0.84))
    early = tuple(WordTime(word.word, word.start_s - 0.5, word.end_s - 0.5) for word in spoken)
    right, wrong = (
        judge.judge(tones("aotatot"), 22050, "^ a o t | a t o t .", words).word_shift_s
        for words in (spoken, early)
    )
    assert right is not None
    assert wrong is not None
    assert right < 0.1
    assert wrong > 0.4


def test_a_limit_that_is_null_is_not_applied() -> None:
    quiet = Judge(JudgeConfig(None)).judge(np.zeros(22050, np.float32), 22050, "^ a .")
    assert "level below -50" in faults_of(quiet, JudgeConfig(None))
    lenient = JudgeConfig(None, phones_per_s=None, min_level_db=None, min_end_drop_db=None)
    assert faults_of(quiet, lenient) == ()


def test_the_share_that_may_be_lost_is_no_setting_of_the_rows() -> None:
    assert JudgeConfig().row_settings == JudgeConfig(max_rejected_share=0.9).row_settings
    assert JudgeConfig().row_settings != JudgeConfig(retries=0).row_settings


def test_the_former_key_is_refused_and_names_the_present_one() -> None:
    with pytest.raises(ConfigError, match=r"retakes: unknown key \(it is called retries now\)"):
        build(JudgeConfig, {"retakes": 2}, "build.yaml")
