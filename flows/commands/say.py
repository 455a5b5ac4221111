"""`voxloom say`: one sentence through the stages that make a voice."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from models.errors import ConfigError, DataError
from models.speakers.mixing import MOST_GENERATED
from pipeline.audio.files import check_audio_path, decode_audio, write_audio
from pipeline.build.config import RuntimeConfig, resolve_device
from pipeline.distributions import Distribution
from pipeline.records import CleanClip, MelClip, Reject, Sentence, SpokenSentence
from pipeline.speech.synthesize import VoiceConfig, check_voice, synthesize, unheard_controls
from pipeline.speech.vocode import vocode
from pipeline.speech.voices import ALL_GENERATED, GeneratedVoices
from pipeline.text.spoken import TextConfig, speak

console = Console(highlight=False)
R = TypeVar("R", SpokenSentence, MelClip, CleanClip)


@dataclass(frozen=True)
class SayOptions:
    """Who says it, and how; `speaker` None is the first one the model has."""

    speaker: str | None
    acoustic_model: str
    vocoder: str
    pace: float
    pitch_semitones: float
    energy: float = 1.0
    seed: int = 0  # of generated voices, and their spread
    spread: float = 1.0


def say_command(text: str, out: Path, options: SayOptions) -> None:
    """Write the sentence to `out`. Raises `DataError` when it cannot be said or written."""
    check_audio_path(out)
    speakers = check_voice(voice_config(options))
    voice = voice_config(replace(options, speaker=options.speaker or speakers[0]))
    with console.status("speaking"):
        spoken_form, audio = say(text, voice, options.seed)
    wave, sample_rate = decode_audio(audio)
    write_audio(out, wave, sample_rate)
    console.print(f"{spoken_form}", markup=False)
    for line in unheard_controls(voice):
        console.print(line, markup=False, soft_wrap=True)
    console.print(f"{out}: {len(wave) / sample_rate:.2f} s", markup=False, soft_wrap=True)


def voice_config(options: SayOptions) -> VoiceConfig:
    """A voice that speaks in just this manner. Raises `ConfigError` for an impossible one."""
    try:
        return VoiceConfig(
            acoustic_model=options.acoustic_model,
            vocoder=options.vocoder,
            speakers={options.speaker: 1.0} if options.speaker else {},
            pace=Distribution(value=options.pace),
            pitch_semitones=Distribution(value=options.pitch_semitones),
            energy=Distribution(value=options.energy),
            generated=_any_generated(options),
        )
    except ValueError as error:
        raise ConfigError(f"--{error}") from None


def _any_generated(options: SayOptions) -> GeneratedVoices | None:
    """As many as can be asked for, where one is: only those that speak are made."""
    named = ALL_GENERATED in (options.speaker or "")
    return GeneratedVoices(MOST_GENERATED, options.spread) if named else None


def say(text: str, voice: VoiceConfig, seed: int = 0) -> tuple[str, bytes]:
    """The spoken form of `text`, and the audio (FLAC) of it."""
    device = resolve_device(RuntimeConfig())
    sentence = Sentence("say", text, domain="say", template="", intent="")
    spoken = _only(speak([sentence], TextConfig(), seed=0))
    mel = _only(synthesize([spoken], voice, seed, device))
    if mel.faults:
        raise DataError(f"spoken wrongly: {'; '.join(mel.faults)}; try another seed or speaker")
    clip = _only(vocode([mel], voice, device))
    return spoken.normalized_text, clip.audio


def _only(rows: Iterator[R | Reject]) -> R:
    row = next(rows)
    if isinstance(row, Reject):
        raise DataError(f"cannot say this: {row.reason}")
    return row
