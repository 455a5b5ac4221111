"""`voxloom`: the commands, in the order of `--help`, and how errors end.

A command's file imports nothing heavy at its top, so that `voxloom --help` answers at once.
"""

import os
import sys
from collections.abc import Callable, Sequence

import typer
import typer.main

from flows.cli.audit import audit
from flows.cli.browse import browse, drop
from flows.cli.build import build, seal
from flows.cli.checkpoints import checkpoints_app
from flows.cli.corpus import corpus_app
from flows.cli.coverage import coverage
from flows.cli.diff import diff
from flows.cli.diversity import diversity
from flows.cli.doctor import doctor
from flows.cli.evaluate import evaluate_app
from flows.cli.evaluate_speech import (
    evaluate_intelligibility,
    evaluate_melnet,
    evaluate_new_voices,
)
from flows.cli.export import export
from flows.cli.extend import extend, merge
from flows.cli.many_values import ManyValues
from flows.cli.melnet import melnet_app
from flows.cli.mels import mels
from flows.cli.paths import read_paths
from flows.cli.plan import plan
from flows.cli.probe import probe
from flows.cli.push import push
from flows.cli.replay import replay
from flows.cli.say import say
from flows.cli.serve import serve
from flows.cli.speakers import speakers_app
from flows.cli.teach import teach_app
from flows.cli.train import train
from flows.cli.verify import report, verify
from flows.cli.voices import voices_app
from models.atomic import is_full_disk
from models.errors import ConfigError, VoxloomError

app = typer.Typer(
    name="voxloom",
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Build speech datasets from sentence templates, with voices trained here.\n\n"
    "Start with [bold]voxloom doctor[/bold], then "
    "[bold]voxloom build configs/build/quickstart.yaml[/bold].",
)
_MODELS = "Voices and models"
_COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Make datasets": (plan, build, seal, extend, merge, drop, export, push, serve),
    "Check datasets": (verify, report, browse, audit, diff, replay, coverage, probe, diversity),
    _MODELS: (say, train),
}
for _panel, _commands in _COMMANDS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)
app.command(rich_help_panel=_MODELS, cls=ManyValues)(mels)
evaluate_app.command("intelligibility", cls=ManyValues)(evaluate_intelligibility)
evaluate_app.command("new-voices", cls=ManyValues)(evaluate_new_voices)
evaluate_app.command("melnet", cls=ManyValues)(evaluate_melnet)
for _name, _group in {
    "checkpoints": checkpoints_app,
    "speakers": speakers_app,
    "corpus": corpus_app,
    "teach": teach_app,
    "voices": voices_app,
    "evaluate": evaluate_app,
    "melnet": melnet_app,
}.items():
    app.add_typer(_group, name=_name, rich_help_panel=_MODELS)
app.command()(doctor)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exits with 0, 1 (an error), 2 (wrong usage or config) or 130."""
    try:
        command = typer.main.get_command(app)
        read_paths(command)
        command(args=None if arguments is None else list(arguments), prog_name="voxloom")
    except VoxloomError as error:
        print(f"error: {_told(error)}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except BrokenPipeError:  # the reader (`| head`) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:  # a disk, a permission, a name that is taken
        if error.filename is not None:
            told = f"{error.filename}: {error.strerror}"
        elif is_full_disk(error):
            told = "the disk is full; free some space or choose another folder"
        else:
            raise
        print(f"error: {told}", file=sys.stderr)
        sys.exit(1)


def _told(error: VoxloomError) -> str:
    """The message, as a terminal may show it: file names and values come from anywhere."""
    text = str(error)
    return "".join(
        sign if sign.isprintable() or sign == "\n" else ascii(sign)[1:-1] for sign in text
    )


if __name__ == "__main__":
    main()
