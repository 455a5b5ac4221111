"""A build that cannot work ends before it begins, and its error names the place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import VoxloomError
from models.mel import MelConfig
from pipeline.build.config import check_build, load_build_config
from tests.tiny_build import write_tiny_build
from tests.tiny_voices import TinyVoices, save_tiny_voices


@pytest.fixture
def config(tmp_path: Path, tiny_voices: TinyVoices) -> Path:
    return write_tiny_build(tmp_path, tiny_voices)


@pytest.fixture
def error_of(config: Path, tmp_path: Path) -> Callable[..., str]:
    """The message of the error that a build with some overrides ends in."""

    def message(*overrides: str) -> str:
        with pytest.raises(VoxloomError) as caught:
            check_build(load_build_config(config, overrides))
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "dataset").exists()
        assert not (tmp_path / ".voxloom").exists()
        return str(caught.value)

    return message


def test_the_tiny_build_passes_and_leaves_nothing_behind(config: Path) -> None:
    before = sorted(config.parent.rglob("*"))
    check_build(load_build_config(config))
    assert sorted(config.parent.rglob("*")) == before


def test_the_quickstart_config_is_valid(checkout: Path) -> None:
    config = load_build_config(checkout / "configs" / "build" / "quickstart.yaml")
    assert (config.name, config.sentences.count) == ("quickstart", 300)


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("voice.pitch=1", "voice.pitch: unknown key"),
        ("runtime.shard_size=0", "runtime.shard_size: 0"),
        ("runtime.workers=-1", "runtime.workers: -1"),
        ("runtime.workers=1000000000", "allowed are 1 to 10,000, or null"),
        ("runtime.runner=dask", "threads, processes, ray"),
        ("runtime.device=tpu", "auto, cpu, cuda"),
        ("runtime.shard_timeout_s=0", "runtime.shard_timeout_s: 0"),
        ("runtime.ray_pools=[{stages: [judge], workers: 1}]", "must be in one of them"),
        ("runtime.ray_pools=[{stages: [judge], workers: 0}]", "workers: 0, cpus: 1, gpus: 0"),
        ("name=../up", "name: '../up'"),
        ("seed=-1", "seed: -1"),
        ("seed=one", "seed: expected a whole number"),
        ("sentences.count=26", "25"),
        ("sentences.domain=prompts/nowhere", "prompts/nowhere"),
        ("text.accent=xx", "xx"),
        ("text.accent={en-us: 1, de: 1}", "text.accent: de is none of espeak-ng's: en-"),
        ("text.accent={en-us: -1}", "text.accent: weights must be finite and not negative"),
        ("text.accent={}", "text.accent: at least one weight must be above 0"),
        ("text.pronunciations=[no.dict]", "no.dict: cannot be read as pronunciations"),
        ("text.variants={flapping: 2}", "text.variants.flapping: from 0 to 1"),
        ("voice.acoustic_model=nobody", "nobody: no such checkpoint"),
        ("voice.speakers={carl: 1}", "carl"),
        ("judge.recognizer=nobody", "nobody: no such checkpoint"),
        ("augment.noise.folder=nowhere", "nowhere"),
        (f"seed={2**63}", "is not a whole number of 64 bits"),
        ("sentences.repetitions=100000000000", "a build makes at most 1,000,000,000 rows"),
        ("sentences.count=1000000001", "a build makes at most 1,000,000,000 rows"),
        ("sentences.count=100000000", "make only 25 distinct ones; lower"),
        (f"name={'x' * 300}", "name: 'xxx"),
        (f"output.path={'x' * 300}", "File name too long"),
        ('output.path="a\\0b"', r"output.path: the character '\x00' is not allowed"),
        ("output.path=~nosuchuser/data", "output.path: ~nosuchuser: there is no such user"),
        ("voice.acoustic_model=~nosuchuser/voice", "~nosuchuser: there is no such user"),
        ('output.license="cc-by-4.0\\nand more"', "license: `cc-by-4.0 and more`; one line"),
        ("output.license=' '", "license: ``; one line"),
        ("text.accent={en-us: 1e308, en-gb: 1e308}", "text.accent.en-us: 1e+308 is not allowed"),
        ("output.split={train: .nan}", "output.split.train: nan is not allowed"),
        ("augment.noise.snr_db=.inf", "augment.noise.snr_db"),
    ],
)
def test_a_wrong_value_is_named(error_of: Callable[..., str], override: str, named: str) -> None:
    assert named in error_of(override)


@pytest.mark.parametrize(
    ("template", "named"),
    [
        ("Turn on {{ thing", "switch.j2"),
        ("{{ ''.__class__.__mro__ }}", "switch.j2"),
        ("Turn on the {{ nothing }}.", "switch.j2"),
    ],
)
def test_a_bad_template_is_named(
    error_of: Callable[..., str], tmp_path: Path, template: str, named: str
) -> None:
    (tmp_path / "home" / "templates" / "switch.j2").write_text(template)
    assert named in error_of()


def test_a_domain_without_templates_is_named(error_of: Callable[..., str], tmp_path: Path) -> None:
    for template in (tmp_path / "home" / "templates").iterdir():
        template.unlink()
    assert "templates" in error_of()


def test_an_empty_lexicon_is_named(error_of: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "home" / "lexicons" / "thing.txt").write_text("")
    assert "thing.txt" in error_of()


def test_a_flipped_byte_in_a_checkpoint_is_found(
    error_of: Callable[..., str], tmp_path: Path
) -> None:
    voices = save_tiny_voices(tmp_path / "own")
    weights = voices.vocoder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-5] ^= 1
    weights.write_bytes(data)
    message = error_of(f"voice.vocoder={voices.vocoder}")
    assert str(weights) in message
    assert "damaged" in message


def test_different_mels_are_told_field_by_field(
    error_of: Callable[..., str], tmp_path: Path
) -> None:
    voices = save_tiny_voices(tmp_path / "own", MelConfig(f_max=7600.0))
    assert "f_max" in error_of(f"voice.vocoder={voices.vocoder}")


def test_a_noise_folder_without_audio_is_named(
    error_of: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "quiet").mkdir()
    (tmp_path / "quiet" / "notes.txt").write_text("nothing to hear")
    assert str(tmp_path / "quiet") in error_of(f"augment.noise.folder={tmp_path / 'quiet'}")


def test_a_folder_with_something_else_is_not_overwritten(config: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    settings = load_build_config(config, [f"output.path={tmp_path / 'mine'}"])
    with pytest.raises(VoxloomError, match="mine"):
        check_build(settings)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_work_directory_that_cannot_be_one_is_told(
    error_of: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").touch()
    told = error_of(f"runtime.work_dir={tmp_path / 'notes.txt'}")
    assert told == f"runtime.work_dir: {tmp_path / 'notes.txt'}: is a file; a folder is needed"
    told = error_of(f"runtime.work_dir={tmp_path / 'notes.txt' / 'deep'}")
    assert "notes.txt is a file; a folder is needed" in told


def test_the_work_directory_is_beside_the_output(config: Path, tmp_path: Path) -> None:
    assert load_build_config(config).work_dir == tmp_path / ".voxloom" / "tiny"
    elsewhere = load_build_config(config, ["runtime.work_dir=/scratch/shards"])
    assert elsewhere.work_dir == Path("/scratch/shards")


def test_own_speech_cannot_talk_behind_near_misses(error_of: Callable[..., str]) -> None:
    negatives = "sentences.negatives={share: 0.2, phrases: [Hey Juniper]}"
    own = "augment={chain: [{link: babble, own: true}]}"
    assert error_of(negatives, own) == (
        "sentences.negatives: augment has babble of the dataset's own speech, which may say the "
        "phrases that negatives must not; give the babble a `folder` or a `melnet`"
    )
