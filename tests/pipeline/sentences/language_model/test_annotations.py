import json

import pytest

from pipeline.domain.domains import Domain, read_domain
from pipeline.records import Slot
from pipeline.sentences.language_model.annotations import Annotations, answer_schema, sentences_in

ITEM = {"text": "Pay  Al $50 today.", "intent": "pay", "slots": []}


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Domain:
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "templates").mkdir()
    (folder / "templates" / "pay.j2").write_text("Pay {{ payee }} {{ money }}.\n")
    (folder / "lexicons").mkdir()
    (folder / "lexicons" / "payee.txt").write_text("Al\nthe gym\n")
    return read_domain(folder)


def slots(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def test_annotations_that_hold_become_slots_in_the_order_of_the_text(domain: Domain) -> None:
    read = Annotations(domain, open_slots=False).read
    held = read(ITEM | {"slots": slots(money="$50", payee="al")})
    assert held.text == "Pay Al $50 today."
    assert held.intent == "pay"
    assert held.slots == (Slot("payee", "Al"), Slot("money", "$50"))
    assert read(ITEM | {"slots": {"payee": "Al"}}).slots == (Slot("payee", "Al"),)
    assert read({"text": "Pay.", "intent": "pay"}).slots == ()


@pytest.mark.parametrize(
    ("item", "complaint"),
    [
        ("Pay Al.", "not an object with a `text`"),
        ({"intent": "pay"}, "not an object with a `text`"),
        ({"text": 5, "intent": "pay"}, "not an object with a `text`"),
        ({"text": " \n", "intent": "pay"}, "an empty text"),
        ({"text": "a" * 1001, "intent": "pay"}, "a text of 1001 characters"),
        ({"text": "Pay \ud800.", "intent": "pay"}, "signs that cannot be printed"),
        ({"text": "Pay \x00.", "intent": "pay"}, "signs that cannot be printed"),
        ({"text": "Pay caf\ufffd.", "intent": "pay"}, "signs that cannot be printed"),
        ({"text": "Pay {{ payee }}.", "intent": "pay"}, "holds a placeholder"),
        ({"text": "Pay [name].", "intent": "pay"}, "holds a placeholder"),
        ({"text": "Hello."}, "annotated with the intent None, which the domain lacks"),
        ({"text": "Hello.", "intent": "greet"}, "annotated with the intent 'greet'"),
        ({"text": "Hello.", "intent": ["pay"]}, r"annotated with the intent \['pay'\]"),
        (ITEM | {"slots": "payee"}, "`slots` is not a list"),
        (ITEM | {"slots": ["payee"]}, "`slots` is not a list"),
        (ITEM | {"slots": slots(person="Al")}, "with the slot 'person', which the domain lacks"),
        (ITEM | {"slots": [{"name": None, "value": "Al"}]}, "annotated with the slot None"),
        (ITEM | {"slots": [{"name": "payee"}]}, "annotated with the slot `payee` without a value"),
        (ITEM | {"slots": slots(payee="the gym")}, "payee `the gym`, which is not in the text"),
        (ITEM | {"slots": slots(money="$5")}, r"money `\$5`, which is not in the text"),
        (ITEM | {"slots": slots(payee="today")}, "payee `today`, which its lexicon lacks"),
        (ITEM | {"slots": slots(payee="Al") * 2}, "annotated with `Al` 2 times"),
    ],
)
def test_annotations_that_do_not_hold_are_named(
    domain: Domain, item: object, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Annotations(domain, open_slots=False).read(item)


@pytest.mark.parametrize(
    ("text", "value", "output"),
    [
        ("Pay $50.75 today.", "$50", False),
        ("Pay $50.75 today.", "$50.75", True),
        ("Pay $50.", "$50", True),
        ("Pay $50, not $70.", "$70", True),
        ("Wake me at 7:30.", "30", False),
        ("Call 555-0111.", "0111", False),
        ("Pay 1,250 dollars.", "1", False),
        ("Pay café, not caf.", "caf", True),
        ("Pay the gymnast.", "the gym", False),
        ("PAY THE GYM'S BILL", "the gym", True),
    ],
)
def test_a_value_is_a_whole_word_of_the_text(
    domain: Domain, text: str, value: str, output: bool
) -> None:
    item = {"text": text, "intent": "pay", "slots": slots(payee=value)}
    read = Annotations(domain, open_slots=True).read
    if output:
        assert read(item).slots == (Slot("payee", value),)
    else:
        with pytest.raises(ValueError, match="which is not in the text"):
            read(item)


def test_open_slots_may_have_values_of_their_own(domain: Domain) -> None:
    held = Annotations(domain, open_slots=True).read(ITEM | {"slots": slots(payee="today")})
    assert held.slots == (Slot("payee", "today"),)


@pytest.mark.parametrize(
    "answer",
    [
        '{"sentences": [1]}',
        '```json\n{"sentences": [1]}\n```',
        'Sure {here it is}:\n{"sentences": [1]} Anything else?',
        '<think>{"a": 1}</think>{"result": {"sentences": [1]}}',
        '<think>Like {"sentences": [0]}?</think>{"sentences": [1]}',
        'Like {"sentences": [0]}? No.</think>{"sentences": [1]}',
        'The shape is {"sentences": [{"text": "..."}]}, so:\n```json\n{"sentences": [1]}\n```',
        "<think>" + "{a} " * 200 + '</think>{"sentences": [1]}',
    ],
)
def test_sentences_are_found_in_whatever_stands_around_them(answer: str) -> None:
    assert sentences_in(answer) == [1]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Hello.",
        "[1]",
        '{"sentences": "Hello"}',
        '{"sentences": [1',
        '{"a":' * 99_999,
        '<think>Like {"sentences": [0]}? Or like',
    ],
)
def test_an_answer_without_sentences_is_refused(answer: str) -> None:
    with pytest.raises(ValueError, match="no JSON object with a list `sentences`"):
        sentences_in(answer)


def test_the_schema_names_intents_and_slots() -> None:
    schema = answer_schema(("pay", "greet"), ("payee",))
    sentence = schema["properties"]["sentences"]["items"]
    assert sentence["required"] == ["text", "intent", "slots"]
    assert sentence["properties"]["intent"]["enum"] == ["pay", "greet"]
    assert sentence["properties"]["slots"]["items"]["properties"]["name"]["enum"] == ["payee"]
    assert "enum" not in json.dumps(
        answer_schema(("pay",), ())["properties"]["sentences"]["items"]["properties"]["slots"]
    )
