"""The naturalness predictor, with weights that have the form of the authors' and no skill."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models.errors import CheckpointError, ConfigError
from models.evaluation.nisqa import Nisqa, NisqaConfig, load_opinion

SIZES = {
    "cnn_c_out_1": 2,
    "cnn_c_out_2": 3,
    "cnn_c_out_3": 4,
    "cnn_kernel_size": (3, 3),
    "cnn_pool_1": [24, 7],
    "cnn_pool_2": [12, 5],
    "cnn_pool_3": [6, 3],
    "td_sa_d_model": 8,
    "td_sa_nhead": 1,
    "td_sa_h": 8,
    "td_sa_num_layers": 2,
    "pool_att_h": 8,
    "ms_n_mels": 48,
    "ms_n_fft": 4096,
    "ms_hop_length": 0.01,
    "ms_win_length": 0.02,
    "ms_fmax": 20000,
    "ms_seg_length": 15,
    "ms_seg_hop_length": 4,
}


OF_TTS = {
    "model": "NISQA",
    "cnn_model": "standard",
    "cnn_fc_out_h": 5,
    "td": "lstm",
    "td_lstm_h": 6,
    "pool": "last_step_bi",
    "ms_fmax": 8000,
    "ms_seg_hop_length": 1,
    **dict.fromkeys(("cnn_pool_1", "cnn_pool_2", "cnn_pool_3", "pool_att_h")),
    **dict.fromkeys(("td_sa_d_model", "td_sa_nhead", "td_sa_h", "td_sa_num_layers")),
}


def save(path: Path, sizes: dict[str, Any] = SIZES, **changed: Any) -> Path:
    """A file with the authors' names: `model` stands in most of them, and the only pooling of a
    file with one score has no number.
    """
    torch.manual_seed(0)
    known = {name: value for name, value in sizes.items() if value is not None}
    weights = Nisqa(NisqaConfig(**known)).state_dict()
    named = {}
    for key, value in weights.items():
        parts = key.split(".")
        parts.insert(2 if parts[0] == "pool_layers" else 1, "model")
        if sizes.get("model") == "NISQA" and parts[0] == "pool_layers":
            parts[:2] = ["pool"]
        named[".".join(parts)] = value
    arguments = {**sizes, "name": "NISQA_DIM", "cnn_dropout": 0.2, **changed}
    torch.save({"args": arguments, "model_state_dict": named}, path)
    return path


def noise(seconds: float, rate: int = 22050) -> np.ndarray:
    return (0.1 * np.random.default_rng(0).standard_normal(round(seconds * rate))).astype("f4")


@pytest.mark.parametrize("others", [{}, {"model": "NISQA"}, OF_TTS])
def test_file_is_read_and_gives_one_number_a_wave(tmp_path: Path, others: dict[str, Any]) -> None:
    opinion = load_opinion(f"nisqa:{save(tmp_path / 'nisqa.tar', SIZES | others)}")
    score = opinion(noise(0.5), 22050)
    assert np.isfinite(score)
    assert opinion(noise(0.5), 22050) == score
    assert opinion(noise(0.5) * np.linspace(0, 1, 11025, dtype="f4"), 22050) != score
    assert np.isfinite(opinion(noise(0.02), 22050))  # shorter than a window


def test_scores_of_a_batch_are_those_of_its_waves() -> None:
    model = Nisqa(NisqaConfig(**SIZES)).eval()  # type: ignore[arg-type]
    waves = torch.stack([torch.from_numpy(noise(0.3, 48000)) * gain for gain in (1.0, 0.01)])
    with torch.inference_mode():
        together, alone = model(waves), torch.cat([model(wave[None]) for wave in waves])
    assert together.shape == (2, 5)
    assert torch.allclose(together, alone, atol=1e-6)


def test_the_lstm_hears_both_ends(tmp_path: Path) -> None:
    opinion = load_opinion(f"nisqa:{save(tmp_path / 'nisqa.tar', SIZES | OF_TTS)}")
    first, last = noise(0.5), noise(0.5)
    first[:2000] *= 0.01
    last[-2000:] *= 0.01
    assert len({opinion(noise(0.5), 22050), opinion(first, 22050), opinion(last, 22050)}) == 3


def test_windows_overlap_and_stay_within_80_db(tmp_path: Path) -> None:
    model = Nisqa(NisqaConfig(**SIZES))  # type: ignore[arg-type]
    wave = 10 * torch.from_numpy(noise(0.5, 48000))
    wave[: len(wave) // 2] = 0
    windows = model.windows(wave[None])
    assert windows.shape == (1, (51 - 15) // 4 + 1, 48, 15)
    assert torch.equal(windows[0, 0, :, 4:], windows[0, 1, :, :-4])
    assert float(windows.amax() - windows.amin()) == pytest.approx(80, abs=0.01)


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    for spec in ("nisqa", "nisqa:", "ears:x"):
        with pytest.raises(ConfigError, match="expected nisqa:FILE"):
            load_opinion(spec)
    with pytest.raises(CheckpointError, match=r"none\.tar: no such file; get nisqa_tts\.tar"):
        load_opinion(f"nisqa:{tmp_path}/none.tar")
    with pytest.raises(CheckpointError, match=r"args: cnn_kernel_size"):
        load_opinion(f"nisqa:{save(tmp_path / 'a.tar', cnn_kernel_size=None)}")
    with pytest.raises(CheckpointError, match="not the network its args describe"):
        load_opinion(f"nisqa:{save(tmp_path / 'b.tar', td_sa_num_layers=3)}")
    (tmp_path / "c.tar").write_text("hello")
    with pytest.raises(CheckpointError, match=r"c\.tar: cannot be read as NISQA's weights"):
        load_opinion(f"nisqa:{tmp_path}/c.tar")


class Trap:
    """Pickled, it would run a function when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("executed",)


def test_nothing_in_the_file_is_executed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"args": Trap(), "model_state_dict": {}}, tmp_path / "trap.tar")
    with pytest.raises(CheckpointError, match="cannot be read as NISQA's weights"):
        load_opinion(f"nisqa:{tmp_path}/trap.tar")
    assert "executed" not in capsys.readouterr().out
