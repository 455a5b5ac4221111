import re
from collections import Counter
from pathlib import Path

import pytest

from models.errors import ConfigError, DataError
from pipeline.domain import domains
from pipeline.domain.domains import domain_digest, read_domain
from pipeline.records import Sentence, Slot
from pipeline.sentences.generate import SentencesConfig, check_sentences, generate
from pipeline.text.normalize import normalize

SHIPPED = ("voice_assistant", "digits_and_codes", "banking_agent")


def domain(tmp_path: Path, files: dict[str, str]) -> Path:
    folder = tmp_path / "tiny"
    for name, text in {"templates/greet.j2": "Hello.\n", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def drawn(folder: Path, count: int) -> list[Sentence]:
    rows = generate(SentencesConfig(folder, count), seed=3)
    return [row for row in rows if isinstance(row, Sentence)]


CITIES = "value,weight,tags,say,country\nParis,3,capital,,France\nNice,1,coast,niːs,France\n"
CITIES += 'Lima,1,capital coast,,Peru\n"Bonn",1,,,Germany\n'


def test_suffixes_are_read_in_any_letters(tmp_path: Path) -> None:
    files = {"templates/go.J2": "Go to {{ city }}.\n", "lexicons/city.TXT": "Rome\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    (row,) = drawn(tmp_path, 1)
    assert (row.text, row.intent) == ("Go to Rome.", "go")


def test_a_part_goes_with_its_value(tmp_path: Path) -> None:
    template = "{% set place = city %}Is {{ place }} in {{ place.country }}?\n"
    folder = domain(tmp_path, {"templates/greet.j2": template, "lexicons/city.csv": CITIES})
    rows = {row.text: row.slots for row in drawn(folder, 4)}
    assert set(rows) == {
        "Is Paris in France?",
        "Is Nice in France?",
        "Is Lima in Peru?",
        "Is Bonn in Germany?",
    }
    assert rows["Is Lima in Peru?"] == (Slot("city", "Lima"), Slot("city.country", "Peru"))


def test_a_slot_is_what_the_sentence_says_of_it(tmp_path: Path) -> None:
    template = (
        "{% set x = city %}{% if x == 'Lima' %}Fly{% else %}Go{% endif %} to {{ x.country }}.\n"
    )
    folder = domain(tmp_path, {"templates/greet.j2": template, "lexicons/city.csv": CITIES})
    rows = {row.text: row.slots for row in drawn(folder, 3)}
    assert rows["Fly to Peru."] == (Slot("city.country", "Peru"),)
    assert rows["Go to Germany."] == (Slot("city.country", "Germany"),)


def test_tags_narrow_a_slot(tmp_path: Path) -> None:
    template = 'See {{ city|tagged("coast") }}.\nSee {{ city|tagged("coast", "capital") }}!\n'
    folder = domain(tmp_path, {"templates/greet.j2": template, "lexicons/city.csv": CITIES})
    assert {row.text for row in drawn(folder, 3)} == {"See Nice.", "See Lima.", "See Lima!"}
    assert {row.slots[0].name for row in drawn(folder, 3)} == {"city"}


def test_pronunciations_are_handed_on(tmp_path: Path) -> None:
    files = {
        "lexicons/city.csv": CITIES,
        "lexicons/name.yaml": "- {value: St. Ives, say: '- aɪvz'}\n",
    }
    assert read_domain(domain(tmp_path, files)).pronunciations == {"Nice": "niːs", "Ives": "aɪvz"}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ city.country }}", "write {% set x = slot %} and then {{ x.country }}"),
        ("{% set p = city %}{{ p.mayor }}", "`Paris` (line 2) of the slot `city` has no part"),
        ("{% set p = city %}{{ p.__class__ }}", "may not reach into Python objects"),
        ("{% set p = time %}{{ p.country }}", "the slot `time` has no part `country`"),
        ('{{ city|tagged("cold") }}', "no value of the slot `city` is tagged `cold`; its tags:"),
        ("{{ city|tagged }}", "`tagged` is written"),
    ],
)
def test_bad_parts_and_tags_are_named(tmp_path: Path, template: str, message: str) -> None:
    folder = domain(tmp_path, {"templates/greet.j2": template, "lexicons/city.csv": CITIES})
    with pytest.raises(DataError) as error:
        read_domain(folder)
    assert str(error.value).startswith(f"{folder / 'templates' / 'greet.j2'}:1: ")
    assert message in str(error.value)


def test_settings_make_slots(tmp_path: Path) -> None:
    settings = "slots:\n  room: {low: 1, high: 3}\n  code: {pattern: 'A-9'}\n"
    files = {"domain.yaml": settings, "templates/greet.j2": "Room {{ room }}, {{ code }}.\n"}
    for row in drawn(domain(tmp_path, files), 20):
        assert re.fullmatch(r"Room [123], [B-Z]-\d\.", row.text)


def test_locale_changes_written_forms(tmp_path: Path) -> None:
    files = {"domain.yaml": "locale: en_GB\n", "templates/greet.j2": "{{ money }}\n"}
    assert all(row.text.startswith("£") for row in drawn(domain(tmp_path, files), 20))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("titel: x\n", "titel: unknown key (did you mean title?)"),
        ("locale: fr_FR\n", "locale: 'fr_FR' is not one of en_US, en_GB"),
        ("intents: [bye]\n", "intents: `bye` has no templates/bye.j2"),
        ("slots: {x: {pattern: '--'}}\n", "slots.x.pattern: '--' holds no `A`"),
        ("slots: {x: {low: 3}}\n", "slots.x.low: both low and high are needed"),
        ("slots: {x: {pattern: '9', low: 3}}\n", "slots.x.pattern: give either"),
        ("slots: {x: {pattern: '99999999999999999'}}\n", "is too long"),
        (f"slots: {{x: {{pattern: '{'9' * 10_000}'}}}}\n", "is too long"),
        (f"slots: {{x: {{low: 0, high: {10**24}}}}}\n", "not a whole number of 64 bits"),
        (f"slots: {{x: {{low: 0, high: {10**17}}}}}\n", "numbers; at most 4,503,599,627,370,496"),
        ('license: "mine\\nand yours"\n', "license: `mine and yours`; one line"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, settings: str, message: str) -> None:
    folder = domain(tmp_path, {"domain.yaml": settings})
    with pytest.raises(ConfigError) as error:
        read_domain(folder)
    assert str(error.value).startswith(str(folder / "domain.yaml"))
    assert message in str(error.value)


@pytest.mark.parametrize(
    "link", ["templates/bye.j2", "lexicons/city.txt", "domain.yaml", "lexicons", "loop.j2"]
)
def test_links_that_leave_the_domain_are_refused(tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in ("bye.j2", "city.txt", "domain.yaml"):
        (outside / name).write_text("title: secret\n")
    folder = domain(tmp_path, {})
    (folder / link).parent.mkdir(exist_ok=True)
    (folder / link).symlink_to(outside if link == "lexicons" else outside / Path(link).name)
    if link == "loop.j2":  # leads nowhere, and is no file of the domain
        assert read_domain(folder).intents.keys() == {"greet"}
        return
    with pytest.raises(DataError, match=r"a symbolic link to \S+outside\S*, outside the domain"):
        read_domain(folder)


def test_links_within_the_domain_are_files_like_others(tmp_path: Path) -> None:
    folder = domain(tmp_path, {})
    (folder / "templates" / "bye.j2").symlink_to(folder / "templates" / "greet.j2")
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    assert read_domain(linked).intents.keys() == {"bye", "greet"}


def test_words_said_in_two_ways_are_refused(tmp_path: Path) -> None:
    files = {f"lexicons/{name}.yaml": f"- {{value: Nice, say: {name}}}\n" for name in "ab"}
    with pytest.raises(DataError, match=r"lexicons/b, line 1: `Nice` is said `b` here"):
        read_domain(domain(tmp_path, files))


def test_digest_follows_the_settings(tmp_path: Path) -> None:
    folder = domain(tmp_path, {})
    before = domain_digest(folder)
    (folder / "domain.yaml").write_text("title: x\n")
    assert domain_digest(folder) != before


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_domains_are_large_and_described(name: str) -> None:
    check_sentences(SentencesConfig(Path("prompts") / name, 20_000))
    read = read_domain(Path("prompts") / name)
    assert read.settings.title
    assert read.settings.license
    assert len(read.intents) >= 12
    assert sum(Counter(map(len, read.intents.values())).elements()) >= 80


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_sentences_can_be_said(name: str) -> None:
    texts = [row.text for row in drawn(Path("prompts") / name, 40)]
    for spoken in normalize(texts, workers=1):
        assert re.fullmatch(r"""[A-Za-z\s'.,;:!?"()-]+""", spoken), spoken


def test_an_edited_domain_is_read_anew(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    templates = tmp_path / "templates" / "ask.j2"
    for text in ("Where is it?\n", "What is it?\n"):
        templates.write_text(text)
        (template,) = read_domain(tmp_path).templates()
        assert "".join(template.pieces or ()) == text.strip()
    assert read_domain(tmp_path) is read_domain(tmp_path)


def test_more_templates_than_a_domain_may_have_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(domains, "MAX_TEMPLATES", 5)
    files = {f"templates/{name}.j2": "Hello.\n" * 3 for name in ("greet", "part")}
    with pytest.raises(DataError, match=r"part\.j2: more than 5 lines of templates"):
        read_domain(domain(tmp_path, files))
