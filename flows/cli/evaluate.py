"""`voxloom evaluate`: systems side by side on held-out clips."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import tell
from flows.cli.many_values import ManyValues
from flows.cli.mels import Corpus, Folders, corpus_config
from flows.cli.options import Device, Out, Recognizer, writable_folder

if TYPE_CHECKING:
    from models.evaluation.results import Column, Table

evaluate_app = typer.Typer(
    no_args_is_help=True, help="Evaluate models on held-out clips: a table, a CSV, a plot."
)
Systems = Annotated[list[str], typer.Option(help="ACOUSTIC+VOCODER, by name or folder.")]
Speakers = Annotated[
    list[str] | None, typer.Option(help="Voices, or all. Default: those that each system features.")
]
Whisper = Annotated[Path | None, typer.Option(help="Whisper for CTranslate2, for word errors.")]
PerKind = Annotated[
    int | None, typer.Option(help="Number of sentences, of words and of digit strings.", min=1)
]
Lines = Annotated[
    Path | None,
    typer.Option(help="What they say: kind|text a line; kinds: sentence, word, digits."),
]
HeldOut = Annotated[
    Path | None,
    typer.Option(help="Judge held-out recordings of it too: a folder, or a training config."),
]
Beside = Annotated[
    list[str] | None,
    typer.Option(help="Other synthesizers: flite:VOICE, or FOLDER:VOICE of Kokoro-82M."),
]
_COMPARED = ("pesq_wb", "stft", "mcd_dtw_db")  # figures whose order is told clip by clip

Mos = Annotated[
    str | None, typer.Option(metavar="nisqa:FILE", help="Predict the MOS of each clip by NISQA.")
]


@evaluate_app.command("vocoders", cls=ManyValues)
def evaluate_vocoders(
    corpus: Corpus,
    checkpoints: Annotated[list[str], typer.Option(help="Vocoders, by name or folder.")],
    folders: Folders = None,
    acoustic: Annotated[
        str | None, typer.Option(help="An acoustic model; its mels give a second table.")
    ] = None,
    recognizer: Recognizer = "recognizer",
    count: Annotated[int, typer.Option(help="Number of clips.", min=1)] = 30,
    device: Device = "cpu",
    mos: Mos = None,
    cache: Annotated[
        Path, typer.Option(help="Where alignments are kept.", callback=writable_folder)
    ] = Path("runs/cache"),
    out: Out = Path("runs/evaluation/vocoders"),
) -> None:
    """Compare vocoders with each other, with Griffin-Lim and with the recordings.

    Each gets the mels of recordings and, with --acoustic, that model's mels of them.

    [dim]Example:[/dim]

      voxloom evaluate vocoders --corpus LJSpeech-1.1 --checkpoints vocos runs/hifigan/best
        --acoustic fastspeech2
    """
    from models.evaluation import vocoders
    from models.evaluation.judge import Judge

    request = vocoders.VocoderRequest(
        corpus=corpus_config(corpus, folders or []),
        checkpoints=tuple(checkpoints),
        acoustic=acoustic,
        recognizer=recognizer,
        count=count,
        device=device,
        cache=cache,
    )
    judge = Judge(recognizer, _opinion(mos))
    _conclude(vocoders.evaluate_vocoders(request, judge, tell), vocoders.COLUMNS, out)


@evaluate_app.command("acoustic", cls=ManyValues)
def evaluate_acoustic(
    corpus: Corpus,
    checkpoints: Annotated[list[str], typer.Option(help="Acoustic models, by name or folder.")],
    folders: Folders = None,
    vocoder: Annotated[str, typer.Option(help="The vocoder of all of them.")] = "harmonic",
    recognizer: Recognizer = "recognizer",
    count: Annotated[int, typer.Option(help="Number of sentences.", min=1)] = 30,
    device: Device = "cpu",
    mos: Mos = None,
    out: Out = Path("runs/evaluation/acoustic"),
) -> None:
    """Compare acoustic models with each other and with the recordings.

    They synthesize held-out sentences from text, as the recordings' own speakers.

    [dim]Example:[/dim]

      voxloom evaluate acoustic --corpus LJSpeech-1.1 --checkpoints fastspeech2 runs/tacotron2/best
    """
    from models.evaluation import acoustic
    from models.evaluation.judge import Judge

    request = acoustic.AcousticRequest(
        corpus=corpus_config(corpus, folders or []),
        checkpoints=tuple(checkpoints),
        vocoder=vocoder,
        recognizer=recognizer,
        count=count,
        device=device,
    )
    judge = Judge(recognizer, _opinion(mos))
    _conclude(acoustic.evaluate_acoustic(request, judge, tell), acoustic.COLUMNS, out)


@evaluate_app.command("voices", cls=ManyValues)
def evaluate_voices(
    systems: Systems,
    speakers: Speakers = None,
    whisper: Whisper = None,
    per_kind: PerKind = None,
    lines: Lines = None,
    corpus: HeldOut = None,
    folders: Folders = None,
    beside: Beside = None,
    out: Out = Path("runs/evaluation/voices"),
) -> None:
    """Evaluate voices from text: predicted naturalness, word errors, requested and measured pitch.

    [dim]Example:[/dim]

      voxloom evaluate voices --systems fastspeech2+vocos runs/fastspeech2/best+vocos
        --whisper whisper-base
    """
    from models.evaluation import naturalness

    request = naturalness.NaturalnessRequest(
        tuple(systems),
        tuple(speakers or ()),
        whisper,
        per_kind,
        lines or naturalness.LINES,
        corpus=corpus_config(corpus, folders or []) if corpus else None,
        beside=tuple(beside or ()),
    )
    rows = naturalness.evaluate_naturalness(request, tell)
    naturalness.write_clips(rows, out / "clips.csv")
    text = "\n".join([naturalness.table(rows), "", *naturalness.findings(rows)]).strip()
    (out / "results.md").write_text(text + "\n", encoding="utf-8")
    tell(f"\n{text}\n")
    tell(f"written to {out}: results.md, clips.csv")


@evaluate_app.command("contrasts", cls=ManyValues)
def evaluate_contrasts(
    systems: Systems,
    whisper: Annotated[Path, typer.Option(help="Whisper for CTranslate2, which listens.")],
    speakers: Speakers = None,
    pairs: Annotated[
        Path | None, typer.Option(help="Other pairs of words: contrast|word other a line.")
    ] = None,
    beside: Beside = None,
    out: Out = Path("runs/evaluation/contrasts"),
) -> None:
    """Evaluate which contrasts of sounds voices keep: bag and back, bet and bat (a rhyme test).

    Whisper chooses between the two words of a pair, of which a voice said one. It favours frequent
    words: compare voices with each other, as with a teacher's by --beside.

    [dim]Example:[/dim]

      voxloom evaluate contrasts --systems fastspeech2+harmonic --whisper whisper-base
        --speakers kathleen --beside flite:slt
    """
    from models.evaluation import contrasts

    request = contrasts.ContrastRequest(
        tuple(systems),
        whisper,
        tuple(speakers or ()),
        pairs or contrasts.PAIRS,
        tuple(beside or ()),
    )
    rows = contrasts.evaluate_contrasts(request, tell)
    contrasts.write_words(rows, out / "words.csv")
    text = contrasts.table(rows)
    (out / "results.md").write_text(text + "\n", encoding="utf-8")
    tell(f"\n{text}\n")
    tell(f"written to {out}: results.md, words.csv")


def _opinion(mos: str | None) -> Callable | None:
    if mos is None:
        return None
    from models.evaluation.nisqa import load_opinion

    return load_opinion(mos)


def _conclude(tables: "Sequence[Table]", columns: "Sequence[Column]", out: Path) -> None:
    from models.evaluation.plots import plot_tables
    from models.evaluation.results import write_tables

    text = "\n\n".join(_describe(table, columns) for table in tables)
    if find_spec("pesq") is None and any(column.key == "pesq_wb" for column in columns):
        text += "\n\nPESQ left out: pip install -e '.[bench]' (it is compiled: needs gcc)"
    write_tables(tables, columns, out)
    plot_tables(tables, columns, out / "comparison.png")
    (out / "results.md").write_text(text + "\n", encoding="utf-8")
    tell(f"\n{text}\n")
    tell(f"written to {out}: results.md, comparison.png, summary.csv, clips.csv")


def _describe(table: "Table", columns: "Sequence[Column]") -> str:
    """The table, and the order of its rows clip by clip."""
    from models.evaluation.results import compare, markdown

    compared = [compare(table, column) for column in columns if column.key in _COMPARED]
    order = "\n".join(f"- {line}" for line in compared if line)
    return "\n\n".join([markdown(table, columns), order] if order else [markdown(table, columns)])
