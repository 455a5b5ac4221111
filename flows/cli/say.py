"""`voxloom say`: synthesize one sentence."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from flows.cli.console import console, tell
from flows.cli.options import AcousticModel, Energy, GeneratedSeed, Pace, Pitch, Spread, Vocoder
from models.errors import ConfigError, DataError
from models.imports import uncollected

if TYPE_CHECKING:
    from pipeline.records import CleanClip, MelClip, Reject, SpokenSentence
    from pipeline.speech.synthesize import VoiceConfig
    from pipeline.speech.voices import GeneratedVoices
    from pipeline.text.spoken import TextConfig

R = TypeVar("R", "SpokenSentence", "MelClip", "CleanClip")


Text = Annotated[str, typer.Argument(help="The sentence, as written.")]
File = Annotated[Path, typer.Option("--out", "-o", help="The file to write: .wav or .flac.")]
Speaker = Annotated[
    str | None,
    typer.Option(
        "--speaker",
        "-s",
        help="The speaker. Default: the model's first. `mix(A, B, 0.4)`: a mix with 0.4 of B. "
        "generated-000 to generated-999: generated voices.",
    ),
]
Accent = Annotated[
    str, typer.Option(help="An accent: en-us, en-gb, ..., also foreign: `en-us+fr(0.6)`.")
]


def say(
    text: Text,
    out: File,
    speaker: Speaker = None,
    accent: Accent = "en-us",
    acoustic_model: AcousticModel = "fastspeech2",
    vocoder: Vocoder = "harmonic",
    pace: Pace = 1.0,
    pitch: Pitch = 0.0,
    energy: Energy = 1.0,
    seed: GeneratedSeed = 0,
    spread: Spread = 1.0,
) -> None:
    """Synthesize one sentence, to hear a voice.

    [dim]Examples:[/dim]

      voxloom say "Wake me at 7:30 am." --speaker kathleen -o wake.wav

      voxloom say "Slowly, please." --pace 0.8 --vocoder griffin-lim -o slow.wav

      voxloom say "I think the weather is nice." --accent "en-us+fr(0.8)" -o french.wav

      voxloom say "Who am I?" --speaker "mix(kathleen, an4-msrb, 0.4)" -o between.wav
    """
    with uncollected():
        from pipeline.audio.files import check_audio_path, write_audio
        from pipeline.speech.foreign_accents import check_foreign_accents, missing_phones
        from pipeline.speech.synthesize import ignored_controls
        from pipeline.storage.processes import compute_on_one_thread
        from pipeline.text.spoken import TextConfig, check_text

    compute_on_one_thread()
    check_audio_path(out)
    read_as = TextConfig(accent=accent)
    check_text(read_as)
    check_foreign_accents([accent], acoustic_model)
    with _options_named():
        voice = _voice(acoustic_model, vocoder, speaker, spread, _fixed(pace, pitch, energy))
    with console.status("speaking"):
        spoken_form, clip = _synthesize(text, read_as, voice, seed)
    write_audio(out, clip.wave, clip.sample_rate)
    missing = missing_phones([accent], acoustic_model)
    for line in (spoken_form, *ignored_controls(voice), *missing):
        tell(line)
    tell(f"{out}: {clip.num_samples / clip.sample_rate:.2f} s")


def _fixed(pace: float, pitch: float, energy: float) -> dict[str, Any]:
    """Prosody controls that are not drawn. Raises `ConfigError` naming the option."""
    from pipeline.distributions import Distribution

    for option, value in (("pace", pace), ("pitch", pitch), ("energy", energy)):
        if not math.isfinite(value):
            raise ConfigError(f"--{option}: {value} is not a finite number")
    asked = {"pace": pace, "pitch_semitones": pitch, "energy": energy}
    return {name: Distribution(value=value) for name, value in asked.items()}


@contextmanager
def _options_named() -> Iterator[None]:
    """Turn what a config refuses into an error that names the option."""
    try:
        yield
    except ValueError as error:
        raise ConfigError(f"--{error}") from None


def _voice(
    acoustic_model: str,
    vocoder: str,
    speaker: str | None,
    spread: float,
    controls: dict[str, Any],
) -> "VoiceConfig":
    """This speaker, or the first of the model. Raises `ValueError` for none of it."""
    from pipeline.speech.synthesize import VoiceConfig, check_voice

    asked = VoiceConfig(
        acoustic_model=acoustic_model,
        vocoder=vocoder,
        speakers={speaker: 1.0} if speaker else {},
        generated=_any_generated(speaker, spread),
        **controls,
    )
    speakers = check_voice(asked)
    return replace(asked, speakers={speaker or speakers[0]: 1.0})


def _any_generated(speaker: str | None, spread: float) -> "GeneratedVoices | None":
    """As many as can be asked for, where one is: only those that speak are made."""
    from models.speakers.names import MOST_GENERATED
    from pipeline.speech.voices import ALL_GENERATED, GeneratedVoices

    return GeneratedVoices(MOST_GENERATED, spread) if ALL_GENERATED in (speaker or "") else None


def _synthesize(
    text: str, read_as: "TextConfig", voice: "VoiceConfig", seed: int
) -> "tuple[str, CleanClip]":
    """The spoken form of `text`, and the clip of it."""
    from pipeline.build.runtime import RuntimeConfig, resolve_device
    from pipeline.records import Sentence
    from pipeline.speech.synthesize import synthesize
    from pipeline.speech.vocode import vocode
    from pipeline.text.spoken import text_frontend

    device = resolve_device(RuntimeConfig())
    sentence = Sentence("say", text, domain="say", template="", intent="")
    spoken = _only(text_frontend([sentence], read_as, seed=0))
    mel = _only(synthesize([spoken], voice, seed, device))
    if mel.faults:
        raise DataError(f"spoken wrongly: {'; '.join(mel.faults)}; try another seed or speaker")
    return spoken.normalized_text, _only(vocode([mel], voice, device))


def _only(rows: "Iterator[R | Reject]") -> R:
    from pipeline.records import Reject

    row = next(rows)
    if isinstance(row, Reject):
        raise DataError(f"cannot say this: {row.reason}")
    return row
