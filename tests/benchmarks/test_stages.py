from pathlib import Path

import pytest

from benchmarks.stages import (
    Speed,
    Spent,
    main,
    measure_stages,
    ratio_lines,
    stage_table,
)
from pipeline.build.config import load_build_config
from pipeline.build.stages import STAGE_NAMES
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


def test_every_stage_is_measured(tiny_voices: TinyVoices, tmp_path: Path) -> None:
    config = load_build_config(write_tiny_build(tmp_path, tiny_voices, count=4))
    speed = measure_stages(config, 4, tmp_path / "work")
    assert tuple(speed.by_stage) == STAGE_NAMES
    assert min(min(spent) for spent in (*speed.by_stage.values(), speed.baseline)) > 0
    assert speed.sentences == 4
    assert 0 < speed.audio_s < 60


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_a_machine_without_gpu_has_dashes() -> None:
    spent = {"frontend": Spent(0.5, 1.0), "vocode": Spent(1.0, 3.0)}
    cpu = Speed(10, 24.0, spent, Spent(4.0, 2.0), phone_error_rate=0.125)
    lines = stage_table(cpu, None).splitlines()[2:]
    assert _cells(lines[0]) == ["frontend", "1.00", "0.50", "20.0", "-"]
    assert _cells(lines[-1]) == ["all", "4.00", "2.00", "-", "-"]
    faster = spent | {"frontend": Spent(0.8, 1.0)}
    gpu = Speed(10, 24.0, faster, Spent(1.0, 1.0), phone_error_rate=0.125)
    assert _cells(stage_table(cpu, gpu).splitlines()[2])[-1] == "12.5"
    told = ratio_lines(cpu, None, "vocos", (40.0, 10.0))
    assert told[0].endswith("6.0 audio seconds a CPU second; phone error rate 12.5 %")
    assert told[1].startswith("vocode on CPU: vocos is 4.0 x")
    assert "4.0 x as fast as NeMo" in told[2]


def test_a_config_that_cannot_run_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(tmp_path / "none.yaml")]) == 1
    assert capsys.readouterr().err.startswith("error: ")
