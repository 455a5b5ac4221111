import pytest

from models.errors import DataError
from models.phonology.symbols import symbol_ids

TABLE = ("<pad>", "^", ".", "a", "ˈa", "ˌo", "t")


def test_known_symbols_take_their_own_numbers() -> None:
    assert symbol_ids(["^", "t", "ˈa", "a", "."], TABLE).tolist() == [1, 6, 4, 3, 2]


@pytest.mark.parametrize(
    ("token", "stand_in"),
    [("ˌa", "ˈa"), ("o", "ˌo"), ("ˈo", "ˌo"), ("?", "."), ("!", "."), (",", ".")],
)
def test_close_symbol_stands_in(token: str, stand_in: str) -> None:
    assert symbol_ids([token], TABLE)[0] == TABLE.index(stand_in)


def test_unknown_phone_is_named() -> None:
    with pytest.raises(DataError, match="phoneme ʒ"):
        symbol_ids(["^", "ʒ"], TABLE)
