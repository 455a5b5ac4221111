"""The console that commands print to."""

from rich.console import Console

console = Console(highlight=False)


def tell(line: str) -> None:
    """Print a line as it is: not wrapped, and no part of it taken for markup."""
    console.print(line, markup=False, soft_wrap=True)
