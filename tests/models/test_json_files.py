import pytest

from models.json_files import parse_json


def test_values_are_those_of_json() -> None:
    assert parse_json('{"a": [1, "\\ud83d\\ude00"]}') == {"a": [1, "😀"]}
    assert parse_json(b'"\xc3\xa9"') == "é"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        '"\\ud800"',
        '{"\\udfff": 1}',
        "9" * 5000,
        b"\xff",
        b"\xed\xa0\x80",
    ],
    ids=lambda text: repr(text)[:20],
)
def test_everything_wrong_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_json(text)
