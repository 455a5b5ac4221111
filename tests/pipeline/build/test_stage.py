"""A stage's key changes with everything that its stage declares, and with nothing else."""

import ast
import copy
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from pipeline.augment.config import NoiseConfig, RoomConfig
from pipeline.augment.links.noise import Babble
from pipeline.build.config import BuildConfig, load_build_config
from pipeline.build.inputs import used_digests
from pipeline.build.stage import installed_versions, keys_of
from pipeline.build.stages import STAGE_NAMES, STAGES, library_versions
from pipeline.distributions import Range
from pipeline.licences.summary import RowLicences
from pipeline.sentences.negatives.negatives import NegativesConfig
from pipeline.sentences.own.recordings import OwnRecordings
from pipeline.speech.sources import EndpointSource
from pipeline.text.variants import VariantsConfig
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices

ROOT = Path(__file__).resolve().parents[3]
NO_STAGE = "none"
# The first stage that reads a key of a section; of single keys where they differ from it.
OF_SECTION = {
    "sentences": "generate",
    "text": "frontend",
    "voice": "synthesize",
    "judge": "judge",
    "augment": "augment",
    "policy": NO_STAGE,
    "runtime": NO_STAGE,
    "output": NO_STAGE,
}
OF_KEY = {
    "name": NO_STAGE,
    "seed": "generate",
    "runtime.shard_size": "generate",
    "text.workers": NO_STAGE,
    "text.grammar_cache": NO_STAGE,
    "text.pronunciations": NO_STAGE,  # its digest counts
    "voice.vocoder": "vocode",
    "voice.precision": "synthesize",  # and vocode, which comes after
    "voice.quota": "frontend",  # it gives accents
    "judge.max_rejected_share": NO_STAGE,
    "output.split": "augment",
    "output.disjoint": "generate",
    "output.sample_rate": "augment",
    "output.codec": "augment",
    "output.loudness_lufs": "augment",
    "output.keep_noise": "augment",
    "output.keep_clean": "manifest",
    "output.license": "manifest",
}
# Values that the code under test looks into; anything else serves for the other keys.
VALUES: dict[str, Any] = {
    "seed": 4,
    "sentences.count": 13,
    "sentences.recordings": (OwnRecordings(Path("mine"), 0.5, "MIT"),),
    "sentences.negatives": NegativesConfig(0.5, phrases=("stop",)),
    "judge.naturalness": "dnsmos",
    "text.accent": "en-gb",
    "text.variants": VariantsConfig(flapping=0.5),
    "voice.sources": (EndpointSource("tts-1", {"alloy": 1.0}, "MIT"),),
    "voice.precision": "bf16",
    "output.split": {"train": 0.5, "test": 0.5},
    "output.disjoint": ("text",),
    "output.sample_rate": 8000,
    "output.codec": "mp3",
    "output.loudness_lufs": -23.0,
    "augment.noise": NoiseConfig(folder=Path("noise")),
    "augment.room": RoomConfig(folder=Path("rooms")),
    "augment.gain_db": Range(-1.0, 0.0),
    "augment.chain": (Babble(own=True),),
}
ROOMS = {
    "generate": ["domain", "sentences"],
    "frontend": ["text"],
    "synthesize": ["speech"],
    "vocode": ["speech"],
    "judge": ["judging"],
    "augment": ["augment"],
}
# They read settings and files, or ask a service whose replies are kept: no row depends on them.
READERS = {"PyYAML", "pyarrow", "openai", "httpx2"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_voices: TinyVoices) -> BuildConfig:
    path = write_tiny_build(tmp_path_factory.mktemp("build"), tiny_voices)
    return load_build_config(path, ["augment.noise=null", "augment.room=null"])


@pytest.fixture(scope="module")
def digests(config: BuildConfig) -> dict[str, str]:
    return used_digests(config)


def from_on(*stages: str) -> list[str]:
    """Those that read one of `stages` and what is made of it; sentences count by what they say."""
    made = {stage: STAGE_NAMES[STAGE_NAMES.index(stage) :] for stage in stages if stage != NO_STAGE}
    concerned = {name for stage, later in made.items() if stage != "generate" for name in later}
    return [name for name in STAGE_NAMES if name in concerned or name in stages]


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return [name for name in STAGE_NAMES if before[name] != after[name]]


def with_value(config: BuildConfig, key: str, value: Any) -> BuildConfig:
    """A copy with another value, whether or not the section would allow it."""
    made, (*sections, name) = copy.copy(config), key.split(".")
    target = made
    for section in sections:
        target = copy.copy(getattr(made, section))
        object.__setattr__(made, section, target)
    object.__setattr__(target, name, value)
    return made


def keys_in(config: BuildConfig) -> list[str]:
    """All keys, two levels deep."""
    found = []
    for field in fields(config):
        inner = fields(getattr(config, field.name)) if field.name in OF_SECTION else ()
        found += [f"{field.name}.{own.name}" for own in inner] or [field.name]
    return found


def test_each_key_of_the_config_changes_the_stages_from_its_own_on(
    config: BuildConfig, digests: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    licences = RowLicences("cc-by-4.0", {})  # else the sources would be opened
    monkeypatch.setattr("pipeline.build.stages.row_licences", lambda _: licences)
    versions = library_versions()
    before = keys_of(STAGES, config, digests, versions)
    keys = keys_in(config)
    others = {key: with_value(config, key, VALUES.get(key, "another value")) for key in keys}
    found = {
        key: changed(before, keys_of(STAGES, other, digests, versions))
        for key, other in others.items()
    }
    first = {key: OF_KEY.get(key) or OF_SECTION[key.partition(".")[0]] for key in keys}
    expected = {key: from_on(stage) for key, stage in first.items()}
    everywhere = ("seed", "sentences.recordings")  # which have an accent of their own
    assert found == expected | {key: list(STAGE_NAMES) for key in everywhere}


def test_each_file_changes_the_stages_from_the_first_that_uses_it_on(config: BuildConfig) -> None:
    names = {name for stage in STAGES for name in stage.files}
    digests = dict.fromkeys(names, "0")
    before = keys_of(STAGES, config, digests, {})
    for name in names:
        users = [stage.name for stage in STAGES if name in stage.files]
        found = changed(before, keys_of(STAGES, config, digests | {name: "1"}, {}))
        assert found == from_on(*users), name


def test_each_library_changes_the_stages_from_the_first_that_uses_it_on(
    config: BuildConfig, digests: dict[str, str]
) -> None:
    versions = library_versions()
    before = keys_of(STAGES, config, digests, versions)
    for name in versions:
        users = [stage.name for stage in STAGES if name in stage.libraries]
        found = changed(before, keys_of(STAGES, config, digests, versions | {name: "0.0"}))
        assert found == from_on(*users), name


def test_a_stage_of_another_version_changes_those_after_it(
    config: BuildConfig, digests: dict[str, str]
) -> None:
    before = keys_of(STAGES, config, digests, {})
    for index, stage in enumerate(STAGES):
        raised = replace(stage, version=stage.version + 1)
        stages = [*STAGES[:index], raised, *STAGES[index + 1 :]]
        assert changed(before, keys_of(stages, config, digests, {})) == from_on(stage.name)


def test_who_may_speak_in_which_split_counts_where_speakers_are_kept_apart(
    config: BuildConfig, digests: dict[str, str]
) -> None:
    shares = ({"train": 0.5, "test": 0.5}, {"train": 0.5, "validation": 0.5})
    split = [with_value(config, "output.split", each) for each in shares]
    apart = [with_value(each, "output.disjoint", ("speaker",)) for each in split]
    assert changed(*(keys_of(STAGES, each, digests, {}) for each in apart)) == [
        "generate",
        *from_on("synthesize"),
    ]


def test_own_speech_has_the_licence_of_the_dataset(config: BuildConfig) -> None:
    own = with_value(config, "augment.chain", VALUES["augment.chain"])
    other = with_value(own, "output.license", "cc0-1.0")
    keys = [keys_of(STAGES, each, {}, {}) for each in (own, other)]
    assert changed(*keys) == from_on("augment")


def test_all_used_files_are_of_a_stage(config: BuildConfig, digests: dict[str, str]) -> None:
    declared = {name for stage in STAGES for name in stage.files}
    assert digests.keys() <= declared


def test_all_declared_libraries_are_installed() -> None:
    declared = {name for stage in STAGES for name in stage.libraries}
    assert installed_versions(declared).keys() == declared


@pytest.mark.parametrize("stage", ROOMS)
def test_what_a_stage_imports_is_declared(stage: str) -> None:
    rooms = [ROOT / "pipeline" / room for room in ROOMS[stage]]
    modules = {name for room in rooms for path in room.rglob("*.py") for name in _imports(path)}
    known = packages_distributions()
    imported = {known[name][0] for name in modules if name in known}
    (declared,) = [of.libraries for of in STAGES if of.name == stage]
    assert imported - READERS - {"voxloom"} <= set(declared)


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        found |= {name.partition(".")[0] for name in names}
    return found - set(sys.stdlib_module_names)
