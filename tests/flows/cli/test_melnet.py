"""`voxloom melnet`, as a user gives it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from safetensors.numpy import load_file

from flows.cli.app import main
from tests.tiny_melnet import save_tiny_melnet
from tests.tiny_voices import TinyVoices

RATE = 22050
ARRAYS = {
    "MELS": np.zeros((80, 6), np.float32),
    "WRONG": np.zeros((3, 4), np.float32),
    "NONE": np.zeros((80, 0), np.float32),
    "TWO": np.zeros((2, 80, 6), np.float32),
    "WORDS": np.full((80, 6), "a"),
    "DATES": np.full((80, 6), "2026-11-30", "datetime64[D]"),
    "NAN": np.full((80, 6), np.nan),
    "HUGE": np.full((80, 6), 1e300),
}


@pytest.fixture(scope="module")
def melnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_melnet(tmp_path_factory.mktemp("melnet") / "tiny")


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["melnet", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_sample_writes_tensors_pictures_and_waves(
    melnet: Path, tiny_voices: TinyVoices, tmp_path: Path
) -> None:
    made = ["--checkpoint", melnet, "--vocoder", tiny_voices.vocoder, "--frames", 10]
    assert _run("sample", *made, "--count", 2, "--to", tmp_path / "a") == 0
    assert np.load(tmp_path / "a/mels.npy").shape == (2, 80, 10)
    assert np.load(tmp_path / "a/tier1.npy").shape == (2, 40, 5)
    pictures = [f"clip{clip}{tier}.png" for clip in (0, 1) for tier in ("", "-tier1", "-tier3")]
    assert all((tmp_path / "a" / picture).is_file() for picture in pictures)
    wave, rate = soundfile.read(tmp_path / "a/clip1.wav")
    assert (len(wave), rate) == (10 * 256, RATE)

    assert _run("sample", *made, "--seed", 1, "--safetensors", "--to", tmp_path / "b") == 0
    alone = load_file(tmp_path / "b/tiers.safetensors")["mels"]
    np.testing.assert_allclose(alone[0], np.load(tmp_path / "a/mels.npy")[1], atol=1e-4)


def test_upsample_keeps_the_outline_of_a_recording(
    melnet: Path, tiny_voices: TinyVoices, tmp_path: Path
) -> None:
    hum = 0.2 * np.sin(2 * np.pi * 200 * np.arange(RATE // 8) / RATE)
    soundfile.write(tmp_path / "hum.wav", hum, RATE)
    made = ["--checkpoint", melnet, "--vocoder", tiny_voices.vocoder]
    folder = tmp_path / "from_wave"
    assert _run("upsample", tmp_path / "hum.wav", *made, "--tier", 3, "--to", folder) == 0
    mels = np.load(folder / "mels.npy")
    assert mels.shape == (1, 80, 10)
    assert not (folder / "tier2.npy").exists()

    np.save(tmp_path / "mels.npy", mels[0])
    again = tmp_path / "from_mels"
    assert _run("upsample", tmp_path / "mels.npy", *made, "--tier", 3, "--to", again) == 0
    np.testing.assert_array_equal(np.load(again / "mels.npy")[:, :, ::2], mels[:, :, ::2])
    batch = tmp_path / "from_batch_of_one"
    assert _run("upsample", folder / "mels.npy", *made, "--tier", 3, "--to", batch) == 0
    np.testing.assert_array_equal(np.load(batch / "mels.npy"), np.load(again / "mels.npy"))


@pytest.mark.parametrize(
    ("arguments", "message", "status"),
    [
        (
            ["sample", "--checkpoint", "vocos"],
            "--checkpoint: vocos is a vocos; needed is melnet",
            1,
        ),
        (["sample", "--frames", "0"], "frames: at least 1", 2),
        (["sample", "--count", "0"], "--count: at least 1", 2),
        (["sample", "--temperature", "0"], "temperature: above 0", 2),
        (["upsample", "MELS", "--tier", "1"], "tier: from 2 to 3, found 1", 2),
        (["upsample", "notes.txt"], "notes.txt: allowed are .wav", 1),
        (["upsample", "WRONG"], "shape (3, 4); (80, frames) is needed", 1),
        (["upsample", "NONE"], "shape (80, 0); (80, frames) is needed", 1),
        (["upsample", "TWO"], "shape (2, 80, 6); (80, frames) is needed", 1),
        (["upsample", "WORDS"], "words.npy: an array of <U1; numbers are needed", 1),
        (["upsample", "DATES"], "dates.npy: an array of datetime64[D]; numbers are needed", 1),
        (["upsample", "NAN"], "nan.npy: holds NaN or infinity; finite numbers are needed", 1),
        (["upsample", "HUGE"], "huge.npy: holds NaN or infinity; finite numbers are needed", 1),
        (["sample", "--seed", "99999999999999999999999"], "--seed", 2),
        (["sample", "--seed", "-1"], "--seed", 2),
    ],
)
def test_mistakes_are_one_line(
    melnet: Path,
    tiny_voices: TinyVoices,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
    status: int,
) -> None:
    for name, array in ARRAYS.items():
        np.save(tmp_path / f"{name.lower()}.npy", array)
    files = {name: str(tmp_path / f"{name.lower()}.npy") for name in ARRAYS}
    asked = [files.get(argument, argument) for argument in arguments]
    if "--checkpoint" not in asked:
        asked += ["--checkpoint", str(melnet)]
    vocoder = ["--vocoder", str(tiny_voices.vocoder), "--to", str(tmp_path / "out")]
    assert _run(*asked, *vocoder) == status
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
