"""Paths on the command line, all read in one way: `~` expanded, unknown schemes refused."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from models.paths import as_path


def read_paths(command: Any) -> None:
    """Let a command, and those below it, get its paths as `as_path` reads them.

    `command` is what `typer.main.get_command` makes.
    """
    for one in _commands(command):
        if one.callback is not None:
            one.callback = _with_paths(one.callback)


def _commands(command: Any) -> Iterator[Any]:
    if hasattr(command, "commands"):
        for one in command.commands.values():
            yield from _commands(one)
    else:
        yield command


def _with_paths(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def called(**options: Any) -> Any:
        return callback(**{name: _read(value) for name, value in options.items()})

    return called


def _read(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_read(one) for one in value]
    return as_path(value) if isinstance(value, Path) else value
