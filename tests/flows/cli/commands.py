"""Running `voxloom` inside a test, and walking through its commands."""

from collections.abc import Iterator, Sequence
from typing import Any

import typer.main

from flows.cli import app as cli

ROOT: Any = typer.main.get_command(cli.app)


def run(*arguments: object) -> int:
    """The exit status of `voxloom ARGUMENTS`."""
    try:
        cli.main([str(argument) for argument in arguments])
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def every_command(group: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that name each command, groups included: ("corpus",), ("corpus", "get")."""
    for name, command in group.commands.items():
        yield (*path, name)
        if hasattr(command, "commands"):
            yield from every_command(command, (*path, name))


def command_of(path: Sequence[str]) -> Any:
    """The command that these words name. Raises `KeyError` for a word that names none."""
    command = ROOT
    for word in path:
        command = command.commands[word]
    return command


def parse(arguments: Sequence[str]) -> None:
    """Parse a command line and run nothing. Raises typer's usage errors."""
    context = ROOT.make_context("voxloom", list(arguments))
    command = ROOT
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        context = command.make_context(name, rest, parent=context)
