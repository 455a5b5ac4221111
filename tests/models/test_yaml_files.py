import time
from pathlib import Path

import pytest

from models.yaml_files import YamlProblem, compose_yaml, parse_yaml, read_within

_TEN_TIMES = [
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 12)
]
LAUGHS = "a0: &a0 [ha]\n" + "".join(_TEN_TIMES)
MERGES = "m0: &m0 {k: v}\n" + "".join(
    f"m{level}: &m{level} {{<<: [*m{level - 1}, *m{level - 1}, *m{level - 1}]}}\n"
    for level in range(1, 25)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100))


def test_values_are_those_of_the_safe_loader() -> None:
    text = "a: &x [1, 0x10, 1:30, 2.5, no, 2024-02-29]\nb: *x\nc: {<<: {d: e}}\n"
    value = parse_yaml(text)
    assert value["a"][:5] == [1, 16, 90, 2.5, False]
    assert value["b"] == value["a"]
    assert value["c"] == {"d": "e"}
    assert parse_yaml("") is None
    assert compose_yaml("") is None


def test_a_key_stands_once_in_a_mapping() -> None:
    for text, line in (
        ("a: 1\nb: 2\na: 3\n", 3),
        ("a:\n- {b: {c: 1, d: 2,\n  c: 3}}\n", 3),
        ("'a': 1\n\na: 2\n", 3),
    ):
        with pytest.raises(YamlProblem, match=r"stands on line [12] already") as caught:
            parse_yaml(text)
        assert caught.value.line == line
        assert parse_yaml(text, plain_objects=True)
    merged = "x: &x {k: 1, l: 2}\ny: &y {<<: *x, k: 3}\nz: {<<: [*x, *y], k: 4}\nk: 5\n"
    assert parse_yaml(merged)["z"] == {"k": 4, "l": 2}


@pytest.mark.parametrize(
    ("scalar", "message"),
    [
        ("2001-13-40", "`2001-13-40` is not a date"),
        ("!!timestamp soon", "`soon` is not a date"),
        ("9" * 5000, "…` is not a whole number of 64 bits"),
        ("0x" + "f" * 100, "is not a whole number of 64 bits"),
        (str(2**63), f"`{2**63}` is not a whole number of 64 bits"),
        ("!!int x", "`x` is not a whole number"),
        ("!!int ''", "`` is not a whole number"),
        ("!!float x", "`x` is not a float"),
        ("!!bool maybe", "`maybe` is not a bool"),
        ("!!binary é", "failed to convert base64 data into ascii"),
        ("=", "could not determine a constructor"),
        ("!!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("&a [*a]", "the alias `a` contains itself"),
        ("*a", "undefined alias"),
        ('"\\ud800"', "invalid Unicode"),
        ("\ud800", "the character '\\ud800' is not allowed"),
        ("[" * 100_000, "nested more than 50 deep"),
        ("{a: " * 100_000, "nested more than 50 deep"),
        ("{? [a] : b}", "unhashable"),
    ],
)
def test_odd_values_are_told_with_their_line(scalar: str, message: str) -> None:
    with pytest.raises(YamlProblem) as caught:
        parse_yaml(f"fine: 1\nodd: {scalar}\n")
    assert message in str(caught.value)
    assert caught.value.line == 2
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("text", [LAUGHS, MERGES], ids=["lists", "merges"])
@pytest.mark.parametrize("read", [parse_yaml, compose_yaml])
def test_aliases_count_as_often_as_they_are_used(read, text: str) -> None:  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    with pytest.raises(YamlProblem, match="more than 1,000,000 values, aliases counted"):
        read(text)
    assert time.perf_counter() - start < 2


def test_aliases_of_aliases_nest() -> None:
    with pytest.raises(YamlProblem, match="nested more than 50 deep"):
        parse_yaml(CHAIN)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"a" * 100)
    assert read_within(path, 100) == b"a" * 100
    with pytest.raises(ValueError, match="more than 99 bytes"):
        read_within(path, 99)
    with pytest.raises(ValueError, match="more than 99 bytes"):
        read_within(Path("/dev/zero"), 99)
