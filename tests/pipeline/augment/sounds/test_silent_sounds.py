import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile

from models.errors import DataError
from pipeline.augment.augmenter import check_augment
from pipeline.augment.config import AugmentConfig, NoiseConfig
from pipeline.augment.sounds.library import load_sounds
from pipeline.augment.sounds.silent_sounds import check_audible

RATE = 16000
TIME_S = np.arange(2 * RATE) / RATE
TONE = 0.1 * np.sin(2 * np.pi * 300 * TIME_S)
LATE = np.where(TIME_S > 1.9, TONE, 0)
UNHEARD = {
    "zeros": 0 * TONE,
    "offset": np.full(len(TONE), 0.4),
    "rumble": 0.5 * np.sin(2 * np.pi * 4 * TIME_S),
    "dither": 2e-5 * np.sign(TONE),
}


def _write(folder: Path, waves: dict[str, np.ndarray]) -> Path:
    for name, wave in waves.items():
        path = folder / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, wave, RATE, subtype="FLOAT")
    return folder


def test_what_is_heard_late_softly_or_in_opposite_channels_passes(tmp_path: Path) -> None:
    result = {"late": LATE, "soft": 0.01 * TONE, "opposite": np.stack([TONE, -TONE], axis=1)}
    library = load_sounds(_write(tmp_path / "mine", result), RATE, "noise")
    assert len(library.sounds) == 3
    check_audible(library)  # raises nothing
    _write(tmp_path / "mine", {"soft": 1e-6 * TONE})
    with pytest.raises(DataError, match=r"nothing is heard in 1 of 3 sounds \(mine/soft.wav\)"):
        check_audible(load_sounds(tmp_path / "mine", RATE, "noise"))


@pytest.mark.parametrize("kind", UNHEARD)
def test_a_class_of_silence_is_told_before_work(tmp_path: Path, kind: str) -> None:
    folder = _write(tmp_path / "mine", {"rain/a": UNHEARD[kind], "wind/b": TONE})
    expected = (
        r"nothing is heard in 1 of 2 sounds \(mine/rain/a.wav\); nothing else is of class rain"
    )
    with pytest.raises(DataError, match=expected):
        check_augment(AugmentConfig(noise=NoiseConfig(folder)))


def test_samples_that_are_no_numbers_are_told_before_work(tmp_path: Path) -> None:
    folder = _write(tmp_path / "mine", {"a": np.where(TIME_S > 1.9, np.nan, TONE)})
    with pytest.raises(DataError, match=r"a.wav: holds NaN or infinite samples"):
        check_augment(AugmentConfig(noise=NoiseConfig(folder)))


def test_silent_rows_of_a_table_are_told(tmp_path: Path) -> None:
    rows = []
    for wave in (TONE, 0 * TONE):
        file = io.BytesIO()
        soundfile.write(file, wave, RATE, format="FLAC")
        rows.append(file.getvalue())
    pq.write_table(pa.table({"audio": rows}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"in 1 of 2 sounds \(a.parquet#1\): remove them"):
        check_audible(load_sounds(tmp_path / "a.parquet", RATE, "noise"))
