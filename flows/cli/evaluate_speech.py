"""`voxloom evaluate intelligibility`, `new-voices` and `melnet`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import tell
from flows.cli.mels import Corpus, Folders, corpus_config
from flows.cli.options import (
    AcousticModel,
    Device,
    Energy,
    GeneratedSeed,
    Out,
    Pace,
    Pitch,
    Recognizer,
    Spread,
    Vocoder,
    writable_folder,
)
from models.errors import ConfigError

if TYPE_CHECKING:
    from models.evaluation.intelligibility import Intelligibility
    from models.evaluation.speech import ProsodySettings

Speakers = Annotated[
    list[str] | None,
    typer.Option(help="Speakers, mixes as in 'mix(a, b, 0.4)', generated-000 to generated-999."),
]


Only = Annotated[
    list[str] | None, typer.Option(help="Of recordings, flite and ours. Default: all.")
]
Sentences = Annotated[int, typer.Option(help="Number of sentences.", min=1)]
Transcribe = Annotated[
    int, typer.Option(help="Count WER for this many trained voices of lowest PER; -1: all.")
]
FliteVoice = Annotated[str, typer.Option(help="The voice of flite: slt, rms, awb or kal16.")]
Jobs = Annotated[int, typer.Option(help="Processes of pocketsphinx.", min=1)]
Cache = Annotated[Path, typer.Option(help="Where transcripts are kept.", callback=writable_folder)]


def evaluate_intelligibility(
    corpus: Corpus,
    folders: Folders = None,
    acoustic: AcousticModel = "fastspeech2",
    vocoder: Vocoder = "harmonic",
    recognizer: Recognizer = "recognizer",
    count: Sentences = 60,
    speakers: Speakers = None,
    seed: GeneratedSeed = 0,
    spread: Spread = 1.0,
    only: Only = None,
    transcribe: Transcribe = 4,
    flite_voice: FliteVoice = "slt",
    pace: Pace = 1.0,
    pitch_semitones: Pitch = 0.0,
    energy: Energy = 1.0,
    device: Device = "cpu",
    jobs: Jobs = 1,
    cache: Cache = Path("runs/cache/evaluation"),
    out: Out = Path("runs/evaluation/intelligibility"),
) -> None:
    """Compare the intelligibility of recordings, flite and trained voices.

    All say the same held-out sentences. Phone error rate (PER) is by our recognizer, word error
    rate (WER) by pocketsphinx.

    [dim]Example:[/dim]

      voxloom evaluate intelligibility --corpus corpora --folders kathleen ljspeech --transcribe -1
    """
    from models.evaluation import intelligibility
    from models.evaluation.speech import Choice

    request = intelligibility.IntelligibilityRequest(
        corpus=corpus_config(corpus, folders or []),
        acoustic=acoustic,
        vocoder=vocoder,
        recognizer=recognizer,
        count=count,
        choice=Choice(tuple(speakers or ()), seed, spread),
        prosody=_prosody(pace, pitch_semitones, energy),
        sources=tuple(only or intelligibility.SOURCES),
        transcribe=transcribe,
        flite_voice=flite_voice,
        device=device,
        jobs=jobs,
        cache=cache,
    )
    _write_intelligibility(intelligibility.evaluate_intelligibility(request, tell), out)


def _prosody(pace: float, pitch_semitones: float, energy: float) -> "ProsodySettings":
    from models.evaluation.speech import ProsodySettings

    try:
        return ProsodySettings(pace, pitch_semitones, energy)
    except ValueError as error:
        raise ConfigError(f"--{error}") from None


def _write_intelligibility(found: "Intelligibility", out: Path) -> None:
    from models.evaluation import intelligibility

    intelligibility.write_results(found.rows, found.sentences, out)
    tell(f"\n{len(found.sentences)} held-out sentences\n\n{intelligibility.table(found.rows)}\n")
    for line in [*intelligibility.findings(found.rows), *found.notes]:
        tell(f"- {line}")
    tell(f"\nwritten to {out}: summary.csv, clips.csv")


def evaluate_new_voices(
    corpus: Corpus,
    folders: Folders = None,
    speakers: Speakers = None,
    acoustic: AcousticModel = "fastspeech2",
    vocoder: Vocoder = "harmonic",
    recognizer: Recognizer = "recognizer",
    count: Annotated[int, typer.Option(help="Number of sentences.", min=2)] = 20,
    seed: GeneratedSeed = 0,
    spread: Spread = 1.0,
    out: Out = Path("runs/evaluation/new-voices"),
) -> None:
    """Measure mixed and generated voices: phone error rate, and distance from known speakers.

    [dim]Example:[/dim]

      voxloom evaluate new-voices --corpus corpora --folders kathleen ljspeech
        --speakers "mix(kathleen, an4-msrb, 0.5)" generated-000
    """
    from models.evaluation import voices

    request = voices.VoicesRequest(
        corpus=corpus_config(corpus, folders or []),
        speakers=tuple(speakers or ()),
        acoustic=acoustic,
        vocoder=vocoder,
        recognizer=recognizer,
        count=count,
        seed=seed,
        spread=spread,
    )
    rows = voices.evaluate_voices(request, tell)
    voices.write_results(rows, out)
    tell(f"\n{voices.table(rows)}\n")
    for line in voices.findings(rows):
        tell(f"- {line}")
    tell(f"\nwritten to {out}: voices.csv, voices.png")


def evaluate_melnet(
    checkpoint: Annotated[str, typer.Option(help="A MelNet's name or folder.")] = "melnet",
    config: Annotated[
        Path, typer.Option(help="The training config (YAML) that names its corpus.")
    ] = Path("configs/train/melnet.yaml"),
    temperatures: Annotated[
        list[float] | None, typer.Option(help="Sampling temperatures. Default: 1.")
    ] = None,
    count: Annotated[int, typer.Option(help="Number of clips, of about 3 s each.", min=1)] = 48,
) -> None:
    """Compare a MelNet's samples with held-out recordings: spectrum, modulation, words in them.

    [dim]Example:[/dim]  voxloom evaluate melnet --checkpoint runs/melnet --temperatures 0.8 1
    """
    from models.checkpoint import load_checkpoint
    from models.config import load_config, resolve_path
    from models.evaluation import babble
    from models.training.melnet import MelNetTraining

    training = load_config(MelNetTraining, resolve_path(config))
    found = babble.compare(load_checkpoint(checkpoint), training, temperatures or [1.0], count)
    tell(babble.report(found))
