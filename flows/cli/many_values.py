"""Options that take several values: `--folders a b` for `--folders a --folders b`."""

from typing import Any

from typer.core import TyperCommand


class ManyValues(TyperCommand):
    """A command whose repeatable options take every value up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        repeatable = {
            name
            for option in self.params
            if getattr(option, "multiple", False)
            for name in option.opts
        }
        return super().parse_args(ctx, _spread(args, repeatable))


def _spread(arguments: list[str], repeatable: set[str]) -> list[str]:
    spread: list[str] = []
    current, has_value = "", False
    for argument in arguments:
        if argument.startswith("-"):
            current, has_value = argument if argument in repeatable else "", False
        elif current:
            if has_value:
                spread.append(current)
            has_value = True
        spread.append(argument)
    return spread
