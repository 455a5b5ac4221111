"""Every recipe trains on a processor without AVX-512, played by capping the kernels."""

import os
import re
import subprocess
import sys
from pathlib import Path

from models.training.run import RECIPES
from tests.models.training.test_run import RECIPES as IN_TEST_RUN

RUNS = (
    "test_run.py::test_run_leaves_checkpoints_and_curves",
    "test_melnet.py::test_all_tiers_make_a_checkpoint",
    "test_speaker_encoder.py::test_a_run_says_its_precision_and_makes_a_checkpoint",
)
PLAIN = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "AVX2"}


def test_every_recipe_trains_under_plain_kernels(checkout: Path) -> None:
    assert {*IN_TEST_RUN, "melnet", "speaker-encoder"} == set(RECIPES)
    tests = [f"tests/models/training/{name}" for name in RUNS]
    outcome = subprocess.run(
        [sys.executable, "-m", "pytest", "-rP", "-p", "no:cacheprovider", "-p", "no:xdist", *tests],
        cwd=checkout,
        env={name: value for name, value in os.environ.items() if name[:6] != "PYTEST"} | PLAIN,
        capture_output=True,
        text=True,
    )
    assert outcome.returncode == 0, outcome.stdout
    assert f"{len(RECIPES)} passed" in outcome.stdout
    output = set(re.findall(r"^precision: .*", outcome.stdout, re.MULTILINE))
    assert output == {
        "precision: no (this processor has no bf16 kernels for an LSTM and attention)"
    }
