from pathlib import Path

import pytest

from benchmarks.stages import (
    Rates,
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
    rates = measure_stages(config, 4, tmp_path / "work")
    assert tuple(rates.by_stage) == STAGE_NAMES
    assert min(rates.by_stage.values()) > 0
    assert rates.baseline_vocode > 0


def test_a_machine_without_gpu_has_dashes() -> None:
    cpu = Rates({"frontend": 20.0, "vocode": 10.0}, baseline_vocode=2.5)
    assert stage_table(cpu, None).splitlines()[2].split() == [
        "|",
        "frontend",
        "|",
        "20.0",
        "|",
        "-",
        "|",
    ]
    assert "12.5" in stage_table(cpu, Rates({"frontend": 12.5, "vocode": 1.0}, 1.0))
    lines = ratio_lines(cpu, None, "vocos", (40.0, 10.0))
    assert lines[0].startswith("vocode on CPU: vocos is 4.0 x")
    assert "4.0 x as fast as NeMo" in lines[1]


def test_a_config_that_cannot_run_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(tmp_path / "none.yaml")]) == 1
    assert capsys.readouterr().err.startswith("error: ")
