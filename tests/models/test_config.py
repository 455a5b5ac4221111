from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from models.config import as_mapping, build, load_config, resolve_path
from models.errors import ConfigError


@dataclass(frozen=True)
class Oven:
    temperature_c: float
    mode: Literal["fan", "grill", "no"] = "fan"

    def __post_init__(self) -> None:
        if self.temperature_c > 300:
            raise ValueError(f"temperature_c: at most 300, found {self.temperature_c}")


@dataclass(frozen=True)
class Recipe:
    name: str
    oven: Oven
    minutes: int = 10
    vegan: bool = False
    cover: Path | None = None
    amounts: dict[str, float] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    betas: tuple[float, float] = (0.9, 0.98)


def _load(tmp_path: Path, text: str, *overrides: str) -> Recipe:
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return load_config(Recipe, path, overrides)


SHORT = "name: bread\noven: {temperature_c: 220}\n"


def test_fills_nested_sections_with_defaults(tmp_path: Path) -> None:
    recipe = _load(tmp_path, SHORT + "cover: a/b.png\nsteps: [mix, bake]\namounts: {salt: 2}\n")
    assert recipe == Recipe(
        name="bread",
        oven=Oven(220.0),
        cover=Path("a/b.png"),
        steps=("mix", "bake"),
        amounts={"salt": 2.0},
    )
    assert isinstance(recipe.oven.temperature_c, float)
    assert build(Recipe, as_mapping(recipe), "again") == recipe


def test_yaml_1_1_exponent_is_a_number(tmp_path: Path) -> None:
    assert _load(tmp_path, "name: x\noven: {temperature_c: 1e-4}\n").oven.temperature_c == 1e-4


def test_a_bare_no_is_a_word_where_that_is_allowed(tmp_path: Path) -> None:
    assert _load(tmp_path, SHORT, "oven.mode=no").oven.mode == "no"
    with pytest.raises(ConfigError, match=r"oven\.mode: True is not one of fan, grill, no"):
        _load(tmp_path, SHORT, "oven.mode=yes")


def test_overrides_reach_into_sections(tmp_path: Path) -> None:
    overrides = ("oven.mode=grill", "minutes=3", "amounts.salt=0.5", "steps=[a, b]")
    recipe = _load(tmp_path, SHORT, *overrides)
    assert recipe.oven == Oven(220.0, "grill")
    assert (recipe.minutes, recipe.amounts, recipe.steps) == (3, {"salt": 0.5}, ("a", "b"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHORT + "minuts: 3\n", r"minuts: unknown key \(did you mean minutes\?\); allowed: name,"),
        ("name: x\noven: {temperature_c: 1, mod: fan}\n", r"oven\.mod: .*did you mean mode"),
        ("oven: {temperature_c: 1}\n", "name: missing"),
        ("name: x\noven: {}\n", r"oven\.temperature_c: missing"),
        ("name: x\noven: hot\n", "oven: expected a section with keys, found 'hot'"),
        ("name: 3\noven: {temperature_c: 1}\n", "name: expected text, found 3"),
        (SHORT + "minutes: 1.5\n", r"minutes: expected a whole number, found 1\.5"),
        (SHORT + "minutes: true\n", "minutes: expected a whole number, found True"),
        (SHORT + "vegan: 1\n", "vegan: expected true/false, found 1"),
        ("name: x\noven: {temperature_c: warm}\n", r"oven\.temperature_c: expected a number"),
        ("name: x\noven: {temperature_c: 1, mode: steam}\n", r"oven\.mode: .* fan, grill"),
        ("name: x\noven: {temperature_c: 999}\n", r"oven\.temperature_c: at most 300"),
        (SHORT + "amounts: {salt: much}\n", r"amounts\.salt: expected a number"),
        (SHORT + "steps: mix\n", "steps: expected a list, found 'mix'"),
        (SHORT + "betas: [1.0]\n", "betas: expected 2 values, found 1"),
        ("- a\n- b\n", "expected `key: value` lines, found list"),
        ("name: [\n", "line 2: not valid YAML"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        _load(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "recipe.yaml"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("minutes", "expected dotted.key=value"),
        ("name.first=x", "`name` is a value, not a section"),
        ("steps=[", "not valid YAML"),
        ("oven.nose=1", r"oven\.nose: unknown key"),
    ],
)
def test_wrong_overrides_are_refused(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _load(tmp_path, SHORT, override)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        load_config(Recipe, tmp_path / "nowhere.yaml")


def test_paths_resolve_here_first_then_in_the_checkout(
    tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert resolve_path("models/config.py") == checkout / "models/config.py"
    (tmp_path / "models").mkdir()
    (tmp_path / "models/config.py").touch()
    assert resolve_path("models/config.py") == Path("models/config.py")
    assert resolve_path("no/such/file") == Path("no/such/file")


@dataclass(frozen=True)
class _Places:
    one: Path
    some: tuple[Path, ...]
    named: dict[str, Path | None]


def test_home_folders_are_meant_in_every_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    places = build(
        _Places, {"one": "~/a", "some": ["~", "b~c", "~/d"], "named": {"e": "~/e"}}, "x.yaml"
    )
    home = Path("/home/anna")
    assert places == _Places(home / "a", (home, Path("b~c"), home / "d"), {"e": home / "e"})
    assert resolve_path("~/f") == home / "f"
    with pytest.raises(
        ConfigError, match=r"x\.yaml: some\[0\]: ~nosuchuser: there is no such user"
    ):
        build(_Places, {"one": "a", "some": ["~nosuchuser/d"], "named": {}}, "x.yaml")


@dataclass(frozen=True)
class Fry:
    do: Literal["fry"] = "fry"
    minutes: int = 5


@dataclass(frozen=True)
class Boil:
    do: Literal["boil"] = "boil"
    litres: float = 1.0


@dataclass(frozen=True)
class Salt:
    BARE: ClassVar[str] = "grams"
    grams: float


@dataclass(frozen=True)
class Meal:
    steps: tuple[Fry | Boil, ...] = ()
    salt: Salt | None = None


def test_a_key_of_its_own_values_tells_which_of_several_is_meant() -> None:
    meal = build(Meal, {"steps": [{"do": "boil", "litres": 2}, {"do": "fry"}]}, "meal.yaml")
    assert meal.steps == (Boil(litres=2.0), Fry())
    assert build(Meal, as_mapping(meal), "again") == meal


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"do": "boyl"}, r"steps\[0\]\.do: 'boyl' is not one \(did you mean boil\?\); .*fry, boil"),
        ({"minutes": 3}, r"steps\[0\]\.do: None is not one; allowed: fry, boil"),
        ({"do": "fry", "pounds": 1}, r"steps\[0\]\.pounds: unknown key; allowed: do, minutes"),
        ({"do": "boil", "litres": "x"}, r"steps\[0\]\.litres: expected a number, found 'x'"),
        ("fry", r"steps\[0\]\.do: 'fry' is not one"),
    ],
)
def test_a_wrong_step_names_what_is_allowed(step: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(Meal, {"steps": [step]}, "meal.yaml")


def test_a_bare_value_stands_for_one_field() -> None:
    assert build(Meal, {"salt": 3}, "meal.yaml").salt == Salt(3.0)
    with pytest.raises(ConfigError, match=r"salt\.grams: expected a number, found 'much'"):
        build(Meal, {"salt": "much"}, "meal.yaml")
