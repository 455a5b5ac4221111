import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from models.checkpoint import load_checkpoint, save_checkpoint
from models.errors import ConfigError
from models.speakers.mixing import with_average_speakers
from models.training.ship import ship
from pipeline.build.config import load_build_config
from pipeline.build.stages import plan, stage_keys
from pipeline.distributions import Distribution
from pipeline.records import MelClip, SpokenSentence
from pipeline.speech.synthesize import VoiceConfig, check_voice, synthesize
from pipeline.speech.voices import Body, GeneratedVoices, body_of, chosen_voices, with_chosen_voices
from tests.tiny_build import rows_of_build, write_tiny_build
from tests.tiny_voices import TinyVoices

KNOWN = ("anna", "ben", "cleo")


@pytest.fixture(scope="module")
def three_speakers(tiny_voices: TinyVoices, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny acoustic model and a third speaker."""
    pair = load_checkpoint(tiny_voices.acoustic_model)
    rows = {"speaker_embedding.weight": torch.full((1, 16), 0.1)}
    model = with_average_speakers(pair.model, ("cleo",), rows)
    folder = tmp_path_factory.mktemp("voices") / "three"
    save_checkpoint(folder, model, dataclasses.replace(pair.info, speakers=KNOWN))
    return folder


@pytest.mark.parametrize(
    ("weights", "generated", "expected"),
    [
        ({}, 0, {"anna": 1, "ben": 1, "cleo": 1}),
        ({}, 2, {"anna": 1, "ben": 1, "cleo": 1, "generated-000": 1, "generated-001": 1}),
        ({"ben": 2}, 2, {"ben": 2}),
        ({"generated": 3}, 2, {"generated-000": 3, "generated-001": 3}),
        ({"anna": 0, "generated-001": 1}, 2, {"generated-001": 1}),
        ({"mix(anna,ben, .25)": 1, "ben": 1}, 0, {"mix(anna,ben,0.25)": 1, "ben": 1}),
        ({"mix(anna,generated-000,0.5)": 1}, 1, {"mix(anna,generated-000,0.50)": 1}),
    ],
)
def test_chosen_voices(
    weights: dict[str, float], generated: int, expected: dict[str, float]
) -> None:
    more = GeneratedVoices(generated) if generated else None
    assert chosen_voices(weights, more, KNOWN, "tiny") == expected


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            {"mix(anna, zoe, 0.4)": 1},
            r"mix\(anna,zoe,0\.40\): zoe: tiny does not know this speaker",
        ),
        ({"mix(anna, 0.4)": 1}, r"mix\(anna, 0\.4\): expected mix\(a, b, share\)"),
        ({"generated": 1}, r"generated: there are none; set voice\.generated\.count"),
        ({"generated-002": 1}, r"generated-002: tiny does not know"),
        (
            {"mix(anna,ben,0.5)": 1, "mix(anna, ben, .50)": 1},
            r"mix\(anna, ben, \.50\): .* has a weight already",
        ),
    ],
)
def test_what_is_wrong_with_a_voice_is_named(weights: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^voice\.speakers: {message}"):
        chosen_voices(weights, None, KNOWN, "tiny")


def test_known_speakers_alone_leave_the_checkpoint_as_it_is(three_speakers: Path) -> None:
    checkpoint = load_checkpoint(three_speakers)
    same = with_chosen_voices(checkpoint, dict.fromkeys(KNOWN, 1.0), None, seed=1)
    assert same.model is checkpoint.model
    assert same.label == checkpoint.label


@pytest.fixture
def config(three_speakers: Path) -> VoiceConfig:
    return VoiceConfig(
        str(three_speakers),
        "griffin-lim",
        speakers={"generated": 1.0, "mix(anna, generated-000, 0.3)": 1.0},
        generated=GeneratedVoices(count=2),
    )


def _spoken(count: int = 8) -> list[SpokenSentence]:
    return [
        SpokenSentence(f"home-{number}", "Eat tea.", "eat tea", "^ ˈiː t | t ˈiː .", "en-us")
        for number in range(count)
    ]


def _clips(config: VoiceConfig, seed: int) -> dict[str, list[MelClip]]:
    """The clips of eight sentences by their voices."""
    clips: dict[str, list[MelClip]] = {}
    for row in synthesize(_spoken(), config, seed):
        assert isinstance(row, MelClip)
        clips.setdefault(row.performance.speaker, []).append(row)
    return clips


def test_rows_name_generated_and_mixed_voices(config: VoiceConfig, three_speakers: Path) -> None:
    voices = ("generated-000", "generated-001", "mix(anna,generated-000,0.30)")
    assert check_voice(config) == voices
    clips = _clips(config, seed=3)
    assert set(clips) == set(voices)
    label = load_checkpoint(three_speakers).label
    assert {clip.performance.acoustic_model for own in clips.values() for clip in own} == {label}


def test_a_generated_voice_is_the_same_however_many_there_are(config: VoiceConfig) -> None:
    def say(count: int, seed: int) -> MelClip:
        generated = GeneratedVoices(count)
        alone = dataclasses.replace(
            config,
            speakers={"generated-001": 1.0},
            generated=generated,
            pace=Distribution(value=1.0),
        )
        row = next(synthesize(_spoken(1), alone, seed))
        assert isinstance(row, MelClip)
        return row

    assert np.array_equal(say(2, seed=3).mel, say(30, seed=3).mel)
    ours, other = say(2, seed=3).mel, say(2, seed=4).mel
    assert ours.shape != other.shape or not np.array_equal(ours, other)


def test_featured_speakers_speak_where_nobody_says_who(
    config: VoiceConfig, three_speakers: Path, tmp_path: Path
) -> None:
    ship(three_speakers, tmp_path / "featured", featured=("ben",))
    model = str(tmp_path / "featured")
    plain = dataclasses.replace(config, acoustic_model=model, speakers={}, generated=None)
    assert check_voice(plain) == ("ben",)
    everybody = dataclasses.replace(plain, speakers={"all": 1.0})
    assert check_voice(everybody) == KNOWN
    with pytest.raises(ConfigError, match=r"speakers: ben: .*already|ben has a weight already"):
        check_voice(dataclasses.replace(plain, speakers={"all": 1.0, "ben": 2.0}))
    with pytest.raises(ConfigError, match="featured: carl is none of anna, ben, cleo"):
        ship(three_speakers, tmp_path / "other", featured=("carl",))


def test_a_generated_voice_keeps_its_vocal_tract_and_pitch() -> None:
    generated = GeneratedVoices(
        20,
        vocal_tract=Distribution(low=0.9, high=1.1),
        pitch_semitones=Distribution(low=-3.0, high=3.0),
    )
    bodies = [body_of(name, generated, seed=1) for name in generated.names]
    assert bodies == [body_of(name, generated, seed=1) for name in generated.names]
    assert len({body.vocal_tract for body in bodies}) == 20
    assert all(0.9 <= body.vocal_tract <= 1.1 for body in bodies)
    assert bodies != [body_of(name, generated, seed=2) for name in generated.names]
    assert body_of("anna", generated, seed=1) == Body()
    between = body_of("mix(generated-000,generated-001,0.25)", generated, seed=1)
    for own, first, second in zip(between, *bodies[:2], strict=True):
        assert own == pytest.approx(0.75 * first + 0.25 * second, rel=0.01)
    half = body_of("mix(anna,generated-000,0.50)", generated, seed=1)
    assert half.pitch_semitones == pytest.approx(bodies[0].pitch_semitones / 2)
    assert body_of("mix(anna,ben,0.50)", generated, seed=1) == Body()
    assert body_of("generated-003", None, seed=1) == Body()


def test_rows_record_the_vocal_tract_of_a_generated_voice(config: VoiceConfig) -> None:
    generated = GeneratedVoices(1, vocal_tract=Distribution(value=1.1))
    asked = dataclasses.replace(
        config,
        speakers={"generated": 1.0},
        generated=generated,
        vocal_tract=Distribution(value=0.95),
    )
    (clip,) = synthesize(_spoken(1), asked, seed=1)
    assert isinstance(clip, MelClip)
    assert clip.performance.vocal_tract == pytest.approx(1.1 * 0.95)


def test_a_build_speaks_with_new_voices(
    tmp_path: Path, tiny_voices: TinyVoices, three_speakers: Path
) -> None:
    path = write_tiny_build(tmp_path, tiny_voices, count=6, shard_size=3)
    settings = load_build_config(
        path,
        [
            f"voice.acoustic_model={three_speakers}",
            "voice.speakers={generated: 1, 'mix(anna, cleo, 0.5)': 1}",
            "voice.generated={count: 2}",
        ],
    )
    rows = rows_of_build(plan(settings))
    assert len(rows) == 6
    names = {"generated-000", "generated-001", "mix(anna,cleo,0.50)"}
    assert {row["speaker"] for row in rows.values()} <= names


def test_keys_change_with_generated_voices_and_not_without(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    path = write_tiny_build(tmp_path, tiny_voices)
    plain = stage_keys(load_build_config(path))
    assert stage_keys(load_build_config(path, ["voice.generated=null"])) == plain
    for override in ("voice.generated={count: 2}", "voice.generated={count: 2, spread: 0.5}"):
        keys = stage_keys(load_build_config(path, [override]))
        assert keys["frontend"] == plain["frontend"]
        assert keys["synthesize"] != plain["synthesize"]
