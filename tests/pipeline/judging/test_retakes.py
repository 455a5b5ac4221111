"""What fails is spoken again: by the same voice, by another, and then given up."""

from dataclasses import replace

import pytest

from models.errors import DataError
from pipeline.judging.judge import JudgeConfig
from pipeline.judging.retakes import judge_clips
from pipeline.records import CleanClip, JudgedClip, MelClip, Reject, SpokenSentence
from pipeline.speech.synthesize import Cast, VoiceConfig, synthesize
from pipeline.speech.vocode import vocode
from tests.tiny_build import NO_LIMITS
from tests.tiny_voices import TinyVoices

SPOKEN = SpokenSentence("a-1", "Hello there.", "hello there", "^ h ə l ˈoʊ | ð ɛ ɹ .", "en-us")
# The tiny voice's clips are about half a second long, whoever speaks.
UNLIMITED = JudgeConfig(**NO_LIMITS | {"recognizer": None})
IMPOSSIBLE = replace(UNLIMITED, min_level_db=0.0)


@pytest.fixture
def voice(tiny_voices: TinyVoices) -> VoiceConfig:
    return VoiceConfig(str(tiny_voices.acoustic_model), str(tiny_voices.vocoder))


def _first_take(voice: VoiceConfig) -> tuple[CleanClip, MelClip]:
    mel = next(synthesize([SPOKEN], voice, seed=1))
    assert isinstance(mel, MelClip)
    clip = next(vocode([mel], voice))
    assert isinstance(clip, CleanClip)
    return clip, mel


def _judged(voice: VoiceConfig, config: JudgeConfig, mel_changes: dict | None = None):
    clip, mel = _first_take(voice)
    mel = replace(mel, **(mel_changes or {}))
    (judged,) = judge_clips(
        [clip], {"a-1": mel}, {"a-1": SPOKEN}, {"a-1": "greet:1"}, voice, config, seed=1
    )
    return clip, mel, judged


def test_a_clip_that_passes_is_kept_as_it_is(voice: VoiceConfig) -> None:
    clip, mel, judged = _judged(voice, UNLIMITED)
    assert isinstance(judged, JudgedClip)
    assert (judged.take, judged.audio, judged.speaker) == (0, clip.audio, mel.speaker)


def test_a_clip_that_fails_is_made_again_by_the_same_speaker(voice: VoiceConfig) -> None:
    clip, mel, judged = _judged(voice, UNLIMITED, {"faults": ("attention ran away",)})
    assert isinstance(judged, JudgedClip)
    assert (judged.take, judged.speaker) == (1, mel.speaker)
    assert judged.audio != clip.audio
    assert judged.pace != mel.pace
    assert _judged(voice, UNLIMITED, {"faults": ("attention ran away",)})[2] == judged


def test_without_retakes_it_is_given_up_at_once(voice: VoiceConfig) -> None:
    config = replace(UNLIMITED, retakes=0)
    clip, mel, judged = _judged(voice, config, {"faults": ("it stuttered",)})
    assert judged == Reject("a-1", "judge", "it stuttered", "greet:1", mel.speaker, clip.audio)


def test_later_takes_are_another_speaker_s(voice: VoiceConfig) -> None:
    cast = Cast(voice, seed=1)
    same = cast.other_manner(SPOKEN, 1, "anna", keep_speaker=True)
    other = cast.other_manner(SPOKEN, 3, "anna", keep_speaker=False)
    assert (same.speaker, other.speaker) == ("anna", "ben")
    assert same.pace != other.pace


def test_what_fails_every_time_is_given_up(voice: VoiceConfig) -> None:
    clip, mel, judged = _judged(voice, IMPOSSIBLE)
    assert judged == Reject(
        "a-1", "judge", "level below 0 (first of 4 takes)", "greet:1", mel.speaker, clip.audio
    )


def test_a_clip_without_its_sentence_is_named(voice: VoiceConfig) -> None:
    clip, mel = _first_take(voice)
    with pytest.raises(DataError, match="row a-1: a clip without its mel or its sentence"):
        list(judge_clips([clip], {"a-1": mel}, {}, {}, voice, UNLIMITED, seed=1))
