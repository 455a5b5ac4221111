"""`voxloom replay` as it is typed."""

from pathlib import Path

import pytest

from flows.cli import app as cli
from pipeline.audio.files import decode_audio, encode_flac, read_audio
from pipeline.build.config import load_build_config
from pipeline.build.stages import plan
from pipeline.dataset.files import data_files, read_rows
from tests.pipeline.verify.test_replay import changed
from tests.tiny_build import run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices


def run(*arguments: str) -> int:
    try:
        cli.main(["replay", *arguments])
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, tiny_voices: TinyVoices) -> Path:
    path = write_tiny_build(tmp_path_factory.mktemp("build"), tiny_voices, count=3)
    return run_stages(plan(load_build_config(path, ["augment.noise.probability=1"])))


@pytest.fixture(scope="module")
def row(built: Path) -> dict:
    return next(row for path in data_files(built) for row in read_rows(path))


def test_it_tells_the_steps_and_writes_the_clip(built, row, tmp_path, capsys):
    out = tmp_path / "new" / "again.wav"
    assert run(str(built), row["id"], "--out", str(out)) == 0
    told = capsys.readouterr().out
    for word in ("background_noise", "snr_db", ".voxloom", "equal: every sample is the same"):
        assert word in told
    wave, rate = decode_audio(row["audio"]["bytes"])
    assert (read_audio(out, rate) == wave).all()


def test_it_ends_with_one_where_a_sample_differs(built, row, tmp_path, capsys):
    wave, rate = decode_audio(row["audio"]["bytes"])
    wave[len(wave) // 2] += 2**-15
    other = {"bytes": encode_flac(wave, rate), "path": row["audio"]["path"]}
    work_dir = str(built.parent / ".voxloom" / "tiny")
    copy = changed(built, tmp_path, audio=other)
    assert run(str(copy), row["id"], "--work-dir", work_dir) == 1
    assert "differs from the row's" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["home-nobody"], "has no row home-nobody"),
        (["home-nobody", "--out", "again.mp3"], r"again.mp3: .mp3; allowed: .wav, .flac"),
    ],
)
def test_it_tells_what_it_cannot(built, arguments, message, capsys):
    assert run(str(built), *arguments) == 1
    assert message in capsys.readouterr().err
