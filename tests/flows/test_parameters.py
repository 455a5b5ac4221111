"""What a deployment's form asks for ends up in the config, and nights differ."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from prefect.utilities.callables import parameter_schema

from flows import parameters
from flows.build_dataset import build_dataset
from flows.parameters import expanded, place, settings_of
from models.errors import ConfigError
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices


class ScheduledRun:
    """What Prefect knows of a run that it begins."""

    def __init__(self, at: datetime, asked: dict) -> None:
        self.scheduled_start_time, self.parameters = at, asked


@pytest.fixture
def late_run(monkeypatch: pytest.MonkeyPatch) -> ScheduledRun:
    at = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
    run = ScheduledRun(at, {"config": "configs/build/rough.yaml", "seed": "date", "count": 7})
    monkeypatch.setattr(parameters, "flow_run", run)
    return run


def test_a_night_has_its_own_seed_and_folder_however_late_it_runs(
    tmp_path: Path,
    tiny_voices: TinyVoices,
    monkeypatch: pytest.MonkeyPatch,
    late_run: ScheduledRun,
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices)
    monkeypatch.setenv("VOXLOOM_DATA", str(tmp_path))
    output = "$VOXLOOM_DATA/😀-{date}"
    settings = settings_of(str(config), output, 7, "date", ["runtime.workers=3"])
    assert settings.seed == 20261128
    assert settings.output.path == tmp_path / "😀-2026-11-28"
    assert (settings.sentences.count, settings.runtime.workers) == (7, 3)
    assert parameters.run_name() == "rough, 7 sentences, seed 2026-11-28"
    late_run.parameters |= {"dataset": "data/growing", "seed": 5, "count": None}
    assert parameters.run_name() == "rough into growing, seed 5"


def test_what_is_left_out_is_the_configs(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    settings = settings_of(str(write_tiny_build(tmp_path, tiny_voices, 5)), None, None, None, None)
    assert (settings.seed, settings.sentences.count) == (3, 5)
    assert parameters.night() in (date.today(), datetime.now(UTC).date())


def test_a_variable_that_a_worker_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VOXLOOM_DATA", raising=False)
    with pytest.raises(ConfigError, match=r"\$VOXLOOM_DATA is not set"):
        place("$VOXLOOM_DATA/nightly")
    assert expanded("s3://bucket/nightly") == "s3://bucket/nightly"


def test_prefects_form_has_types_bounds_and_explanations() -> None:
    fields = parameter_schema(build_dataset).properties
    assert fields["count"]["anyOf"][0] == {"type": "integer", "minimum": 1}
    assert {"const": "date", "type": "string"} in fields["seed"]["anyOf"]
    assert fields["keep_shards"]["type"] == "boolean"
    assert all(field["description"] for field in fields.values())
