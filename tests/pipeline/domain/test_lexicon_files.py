from collections import Counter
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.domain import lexicon_files
from pipeline.domain.lexicon_files import read_lexicon


def lexicon(tmp_path: Path, text: str, name: str = "city.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_text_lexicon_has_values_and_weights(tmp_path: Path) -> None:
    values = read_lexicon(lexicon(tmp_path, "# big ones\nNew  York | 3\n\nOslo\nSão Paulo\n"))
    assert values.name == "city"
    assert list(values) == ["New York", "Oslo", "São Paulo"]
    drawn = Counter(values.draw((step + 0.5) / 1000) for step in range(1000))
    assert drawn == {"New York": 600, "Oslo": 200, "São Paulo": 200}


@pytest.mark.parametrize("text", ["- 7:30\n- no\n- 1e3\n", "7:30: 1\n'no': 2\n1e3: 1\n"])
def test_yaml_values_stay_as_written(tmp_path: Path, text: str) -> None:
    assert set(read_lexicon(lexicon(tmp_path, text, "x.yaml"))) == {"7:30", "no", "1e3"}


def test_a_group_has_its_weight_and_hands_on_what_it_holds(tmp_path: Path) -> None:
    text = """
- stew
- {value: chili, weight: 2, tags: [spicy], origin: Mexico}
- group: fruit
  weight: 1
  tags: [sweet]
  values: [apple, {value: lime, tags: [sour]}]
"""
    food = read_lexicon(lexicon(tmp_path, text, "food.yaml"))
    assert [entry.weight for entry in food.entries.values()] == [1, 2, 0.5, 0.5]
    assert food.entries["lime"].tags == {"fruit", "sweet", "sour"}
    assert food.part("chili", "origin") == "Mexico"
    assert food.entries["lime"].line == 7
    fruit = food.tagged(["fruit"])
    assert fruit is not None
    assert list(fruit) == ["apple", "lime"]


def test_csv_columns_are_weight_tags_and_parts(tmp_path: Path) -> None:
    city = read_lexicon(
        lexicon(tmp_path, "value,weight,country\nNice,2,France\nLima,,Peru\n", "c.csv")
    )
    assert {name: entry.weight for name, entry in city.entries.items()} == {"Nice": 2, "Lima": 1}
    assert city.part("Lima", "country") == "Peru"


@pytest.mark.parametrize(
    ("name", "text", "line", "message"),
    [
        ("a.txt", "", 1, "empty"),
        ("a.txt", "# nothing\n\n", 1, "empty"),
        ("a.txt", "Oslo\nRome | many\n", 2, "weight `many`"),
        ("a.txt", "Oslo\nRome | 0\n", 2, "weight `0`"),
        ("a.txt", "Oslo\nRome | 1e308\n", 2, "weight `1e308`"),
        ("a.txt", "Oslo | nan\n", 1, "weight `nan`"),
        ("a.txt", "Oslo\n | 2\n", 2, "value is empty"),
        ("a.txt", "Oslo\nRome\nOslo\n", 3, "stands on line 1 already"),
        ("a.txt", f"Oslo\n{'o' * 1001}\n", 2, "a value of 1,001 characters; at most 1,000"),
        ("a.yaml", "[]", 1, "empty"),
        ("a.yaml", "- Oslo\n- [Rome]\n", 2, "nested"),
        ("a.yaml", "Oslo: 1\nRome: -1\n", 2, "weight `-1`"),
        ("a.yaml", "- Oslo\n- 'Rome\n", 3, "not valid YAML"),
        ("a.yaml", "Oslo", 1, "expected a list"),
        ("a.yaml", "- Oslo\n- {group: x}\n", 2, "a group needs `values`"),
        ("a.yaml", "- {group: x, values: []}\n", 1, "the group `x` is empty"),
        ("a.yaml", "- {weight: 2}\n", 1, "expected `value` or `group`"),
        ("a.yaml", "- {value: New York, say: njuː}\n", 1, "`say` holds 1 words for the 2"),
        ("a.csv", "value\n", 1, "empty"),
        ("a.csv", "name,weight\nOslo,1\n", 1, "one is `value`"),
        ("a.csv", "value,weight\nOslo\n", 2, "1 cells, but the first line names 2"),
        ("a.csv", "value,weight\nOslo,x\n", 2, "weight `x`"),
        ("a.csv", "value,two words\nOslo,x\n", 2, "`two words` cannot name a part"),
    ],
)
def test_bad_lexicon_is_named_to_the_line(
    tmp_path: Path, name: str, text: str, line: int, message: str
) -> None:
    path = lexicon(tmp_path, text, name)
    with pytest.raises(DataError) as error:
        read_lexicon(path)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert message in str(error.value)


def test_a_lexicon_beyond_the_limit_is_told_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lexicon_files, "MAX_VALUES", 100)
    lines = [f"value {number}\n" for number in range(101)]
    for name, text in {
        "a.txt": "".join(lines),
        "a.csv": "value\n" + "".join(lines),
        "a.yaml": "".join(f"- {line}" for line in lines),
        "b.yaml": "- group: a\n  values:\n" + "".join(f"  - {line}" for line in lines),
        "c.yaml": "".join(f"{line.strip()}: 1\n" for line in lines),
    }.items():
        with pytest.raises(DataError, match=r"more than 100 values"):
            read_lexicon(lexicon(tmp_path, text, name))
        kept = text[: text.rindex("value 100")].rstrip(" -")
        assert len(read_lexicon(lexicon(tmp_path, kept, name))) == 100


def test_aliased_groups_do_not_unfold(tmp_path: Path) -> None:
    values = ", ".join(f"v{number}" for number in range(1000))
    groups = "".join(f"- {{group: g{number}, values: *a}}\n" for number in range(10_000))
    path = lexicon(tmp_path, f"- {{group: a, values: &a [{values}]}}\n{groups}", "a.yaml")
    with pytest.raises(DataError, match=r"a\.yaml:\d+: not valid YAML: more than 1,000,000 values"):
        read_lexicon(path)


def test_unreadable_lexicon_is_named(tmp_path: Path) -> None:
    path = tmp_path / "city.txt"
    path.write_bytes(b"Z\xfcrich\n")
    with pytest.raises(DataError, match=r"city\.txt:1: cannot be read"):
        read_lexicon(path)
