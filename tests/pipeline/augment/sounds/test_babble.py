import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from models.errors import CheckpointError, ConfigError
from models.mel import MelConfig
from pipeline.audio.files import rms_db
from pipeline.augment.augmenter import Augmenter, AugmentSetting, check_augment
from pipeline.augment.config import AugmentConfig, NoiseConfig
from pipeline.augment.links import Babble
from pipeline.augment.sounds import babble
from pipeline.augment.sounds.babble import (
    babble_key,
    check_babble,
    draw_babble,
    make_babble,
)
from pipeline.augment.sounds.babble_config import BabbleConfig
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.build.inputs import used_digests
from pipeline.splits import split_of
from tests.tiny_build import rows_of_build, write_tiny_build
from tests.tiny_melnet import save_tiny_melnet
from tests.tiny_voices import save_tiny_voices

RATE = 22050


@pytest.fixture(scope="module")
def melnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_melnet(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def config(melnet: Path, tmp_path_factory: pytest.TempPathFactory) -> BabbleConfig:
    """A second of two voices, in pieces of half a second, through an untrained vocoder."""
    vocoder = save_tiny_voices(tmp_path_factory.mktemp("voices")).vocoder
    return BabbleConfig(str(melnet), str(vocoder), share=0.5, voices=2, seconds=1.0)


@pytest.fixture(autouse=True, scope="module")
def _short_pieces() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(babble, "_PIECE_S", 0.4)
        patched.setattr(babble, "_BATCH", 6)
        yield


@pytest.fixture(scope="module")
def made(config: BabbleConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The babble of seed 1."""
    return make_babble(config, 1, tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds") / "noise"
    (folder / "hiss").mkdir(parents=True)
    hiss = 0.1 * np.random.default_rng(0).standard_normal(RATE)
    soundfile.write(folder / "hiss" / "hiss.wav", hiss, RATE)
    return folder


def test_it_lasts_as_long_as_asked_at_one_level(made: Path) -> None:
    wave, sample_rate = soundfile.read(made, dtype="float32")
    assert sample_rate == RATE
    assert len(wave) == RATE
    assert rms_db(wave) == pytest.approx(-25.0, abs=0.5)
    assert np.abs(wave).max() <= 0.951


def test_the_same_seed_is_the_same_babble(config: BabbleConfig, made: Path) -> None:
    again, other = (draw_babble(config, seed)[0] for seed in (1, 2))
    wave = soundfile.read(made, dtype="float32")[0]
    np.testing.assert_allclose(again, wave, atol=1 / 32768)
    assert not np.allclose(other, wave, atol=1e-3)


def test_it_is_drawn_once(
    config: BabbleConfig, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = made.parent
    assert [file.name for file in folder.iterdir()] == [made.name]

    def not_again(*_: object) -> None:
        raise AssertionError("drawn twice")

    monkeypatch.setattr(babble, "draw_babble", not_again)
    share = dataclasses.replace(config, share=0.9)
    assert make_babble(share, 1, folder) == made
    with pytest.raises(AssertionError, match="drawn twice"):
        make_babble(config, 2, folder)


def test_its_name_depends_on_all_that_makes_the_sound(config: BabbleConfig, tmp_path: Path) -> None:
    other = save_tiny_melnet(tmp_path / "tiny", seed=1)
    changed = [
        dataclasses.replace(config, voices=3),
        dataclasses.replace(config, seconds=2.0),
        dataclasses.replace(config, temperature=0.9),
        dataclasses.replace(config, vocoder="griffin-lim"),
        dataclasses.replace(config, checkpoint=str(other)),
    ]
    keys = [babble_key(each, 1) for each in [config, *changed]] + [babble_key(config, 2)]
    assert len(set(keys)) == len(keys)
    assert babble_key(dataclasses.replace(config, share=0.1), 1) == keys[0]
    card = other / "checkpoint.yaml"
    card.write_text(card.read_text().replace("floor: 1.0e-05", "floor: 1.0e-04"))
    assert babble_key(changed[-1], 1) != keys[5]  # the same weights in another network


def test_it_takes_its_share_of_the_noise(config: BabbleConfig, noise: Path, made: Path) -> None:
    asked = AugmentConfig(noise=NoiseConfig(noise, babble=config))
    augmenter = Augmenter(asked, RATE, AugmentSetting(babble=made))
    result = [augmenter.augment(str(i), _speech(), 1) for i in range(300)]
    babbling = [clip for clip in result if "tiny@" in clip.noise.source]
    assert len(babbling) / 300 == pytest.approx(0.5, abs=0.08)

    clip = babbling[0]
    assert clip.noise.noise_class == "babble"
    assert clip.noise.source.endswith(f"/{made.name}")
    assert clip.noise.license == "CC0-1.0"
    assert clip.noise.measured_snr_db == pytest.approx(clip.noise.snr_db, abs=0.1)


def test_without_it_nothing_is_drawn_differently(
    config: BabbleConfig, noise: Path, made: Path
) -> None:
    plain = AugmentConfig(noise=NoiseConfig(noise))
    never = AugmentConfig(noise=NoiseConfig(noise, babble=dataclasses.replace(config, share=0.0)))
    one = Augmenter(plain, RATE).augment("a", _speech(), 1)
    other = Augmenter(never, RATE, AugmentSetting(babble=made)).augment("a", _speech(), 1)
    assert (one.noise.source, one.noise.snr_db) == (other.noise.source, other.noise.snr_db)


def test_it_may_be_a_link_of_its_own_whose_splits_have_each_their_stretch(
    config: BabbleConfig, made: Path
) -> None:
    asked = AugmentConfig(chain=(Babble(melnet=config),))
    split = {"train": 0.5, "test": 0.5}
    augmenter = Augmenter(asked, RATE, AugmentSetting(babble=made, split=split))
    offsets_s: dict[str, list[float]] = {name: [] for name in split}
    for index in range(40):
        clip = augmenter.augment(str(index), _speech()[: RATE // 4], 1)
        assert clip.noise.noise_class == "babble"
        offsets_s[split_of(str(index), 1, split)].append(clip.noise.offset_s)
    assert max(offsets_s["train"]) + 0.25 <= config.seconds / 2 <= min(offsets_s["test"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"checkpoint": "vocos"}, r"babble.checkpoint: vocos is a vocos; needed is melnet"),
        ({"vocoder": "recognizer"}, r"babble.vocoder: recognizer is a recognizer; needed is "),
        ({"checkpoint": "nowhere"}, "nowhere: no such checkpoint"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_stops_the_build(
    config: BabbleConfig, noise: Path, changed: dict, message: str
) -> None:
    asked = NoiseConfig(noise, babble=dataclasses.replace(config, **changed))
    with pytest.raises(CheckpointError, match=message):
        check_augment(AugmentConfig(noise=asked))


def test_a_vocoder_of_other_mels_is_refused(config: BabbleConfig, tmp_path: Path) -> None:
    mel = MelConfig(log="db", scaling="unit", n_mels=40)
    other = dataclasses.replace(config, checkpoint=str(save_tiny_melnet(tmp_path / "m", mel=mel)))
    with pytest.raises(CheckpointError, match="n_mels 40 against 80"):
        check_babble(other)


def test_a_build_with_babble(config: BabbleConfig, tmp_path: Path) -> None:
    path = write_tiny_build(tmp_path, save_tiny_voices(tmp_path / "voices"), count=8)
    settings = yaml.safe_load(path.read_text())
    settings["augment"]["noise"] |= {"probability": 1.0, "babble": dataclasses.asdict(config)}
    path.write_text(yaml.safe_dump(settings))
    job = stages.plan(load_build_config(path))
    rows = rows_of_build(job)
    noises = {row["noise"]["class"] for row in rows.values()}
    assert noises == {"babble", "hiss"}
    assert len(list((job.work_dir / "babble").glob("*.flac"))) == 1
    assert "babble" in used_digests(job.config)

    del settings["augment"]["noise"]["babble"]
    path.write_text(yaml.safe_dump(settings))
    plain = stages.plan(load_build_config(path))
    assert plain.keys["vocode"] == job.keys["vocode"]
    assert plain.keys["augment"] != job.keys["augment"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("share", 1.5), ("voices", 0), ("seconds", 0.2), ("temperature", 0.0)],
)
def test_mistakes_in_the_config_name_the_key(tmp_path: Path, key: str, value: float) -> None:
    path = write_tiny_build(tmp_path, save_tiny_voices(tmp_path / "voices"), count=8)
    with pytest.raises(ConfigError, match=rf"augment\.noise\.babble\.{key}: "):
        load_build_config(path, [f"augment.noise.babble.{key}={value}"])


def _speech() -> np.ndarray:
    time_s = np.arange(RATE) / RATE
    return (0.3 * np.sin(2 * np.pi * 150 * time_s) * (time_s < 0.7)).astype(np.float32)
