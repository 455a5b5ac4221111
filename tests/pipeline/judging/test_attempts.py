"""What fails is spoken again: by the same voice, by another, and then given up."""

from dataclasses import replace

import pytest

from models.errors import DataError
from pipeline.audio.files import encode_flac
from pipeline.judging.attempts import judge_clips
from pipeline.judging.judge import JudgeConfig
from pipeline.records import CleanClip, JudgedClip, MelClip, Reject, SpokenSentence
from pipeline.speech.synthesize import Synthesizer, VoiceConfig, synthesize
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


def _first_attempt(voice: VoiceConfig) -> tuple[CleanClip, MelClip]:
    mel = next(synthesize([SPOKEN], voice, seed=1))
    assert isinstance(mel, MelClip)
    clip = next(vocode([mel], voice))
    assert isinstance(clip, CleanClip)
    return clip, mel


def _judged(voice: VoiceConfig, config: JudgeConfig, mel_changes: dict | None = None):
    clip, mel = _first_attempt(voice)
    mel = replace(mel, **(mel_changes or {}))
    (judged,) = judge_clips(
        [clip], {"a-1": mel}, {"a-1": SPOKEN}, {"a-1": "greet:1"}, voice, config, seed=1
    )
    return clip, mel, judged


def test_a_clip_that_passes_is_kept_as_it_is(voice: VoiceConfig) -> None:
    clip, mel, judged = _judged(voice, UNLIMITED)
    assert isinstance(judged, JudgedClip)
    assert (judged.attempt, judged.clean, judged.performance) == (0, clip, mel.performance)


def test_a_clip_that_fails_is_made_again_by_the_same_speaker(voice: VoiceConfig) -> None:
    clip, mel, judged = _judged(voice, UNLIMITED, {"faults": ("attention ran away",)})
    assert isinstance(judged, JudgedClip)
    assert (judged.attempt, judged.performance.speaker) == (1, mel.performance.speaker)
    assert judged.clean.pcm != clip.pcm
    assert judged.performance.pace != mel.performance.pace
    assert _judged(voice, UNLIMITED, {"faults": ("attention ran away",)})[2] == judged


def test_without_retries_it_is_given_up_at_once(voice: VoiceConfig) -> None:
    config = replace(UNLIMITED, retries=0)
    clip, mel, judged = _judged(voice, config, {"faults": ("it stuttered",)})
    assert judged == Reject(
        "a-1",
        "judge",
        "it stuttered",
        "greet:1",
        mel.performance.speaker,
        encode_flac(clip.wave, clip.sample_rate),
    )


def test_later_attempts_are_another_speaker_s(voice: VoiceConfig) -> None:
    synthesizer = Synthesizer(voice, seed=1)
    same = synthesizer.later_controls(SPOKEN, 1, "anna", keep_speaker=True)
    other = synthesizer.later_controls(SPOKEN, 3, "anna", keep_speaker=False)
    assert (same.speaker, other.speaker) == ("anna", "ben")
    assert same.pace != other.pace


def test_what_fails_every_time_is_given_up(voice: VoiceConfig) -> None:
    clip, mel, judged = _judged(voice, IMPOSSIBLE)
    assert judged == Reject(
        "a-1",
        "judge",
        "level below 0 (first of 4 attempts)",
        "greet:1",
        mel.performance.speaker,
        encode_flac(clip.wave, clip.sample_rate),
    )


def test_a_clip_without_its_sentence_is_named(voice: VoiceConfig) -> None:
    clip, mel = _first_attempt(voice)
    with pytest.raises(DataError, match="row a-1: a clip without its mel or its sentence"):
        list(judge_clips([clip], {"a-1": mel}, {}, {}, voice, UNLIMITED, seed=1))
