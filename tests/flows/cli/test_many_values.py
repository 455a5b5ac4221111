import pytest

from flows.cli.many_values import _spread


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("A --to x --folders a b --n 1", "A --to x --folders a --folders b --n 1"),
        ("--folders a --folders b A", "--folders a --folders b --folders A"),
        ("A --to x y", "A --to x y"),
        ("--folders=a b", "--folders=a b"),
    ],
)
def test_values_up_to_the_next_option_belong_together(given: str, meant: str) -> None:
    assert _spread(given.split(), {"--folders"}) == meant.split()
