import time
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.domain.domains import domain_digest, read_domain
from pipeline.sentences.language_model.prompt_files import (
    Example,
    PromptWords,
    prompts_digest,
    read_prompts,
)

BANKING = Path("prompts/banking_agent")
WORDS = PromptWords(
    title="Tiny",
    description="A tiny domain.",
    locale="en_US",
    intent="pay_bill",
    intents=("pay_bill", "greet"),
    slots={"payee": ("Al", "Bo")},
    examples=(Example("Pay Al.", {"payee": "Al"}),),
    persona="in a hurry",
    constraints=("Be short.",),
    number=5,
)


def rendered(tmp_path: Path, text: str, name: str = "any") -> str:
    path = tmp_path / "prompts" / f"{name}.prompt.j2"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return next(
        prompt for prompt in read_prompts(tmp_path) if prompt.name == f"{name}.prompt"
    ).render(WORDS)


def test_a_prompt_says_what_it_is_given(tmp_path: Path) -> None:
    text = (
        "{# not said #}{{ number }} x {{ intent|words }} ({{ persona }}, {{ locale }}):\n"
        "{% for example in examples %}\n"
        "- {{ example.text }}{% for name, value in example.slots|items %} {{ name }}={{ value }}"
        "{% endfor %}\n\n{% endfor %}\n"
        "{% for name, values in slots|items %}\n{{ name }}: {{ values|join(', ') }}\n{% endfor %}\n"
        "{{ constraints|join(' ') }} {{ intents|length }}"
    )
    assert rendered(tmp_path, text) == (
        "5 x pay bill (in a hurry, en_US):\n- Pay Al. payee=Al\npayee: Al, Bo\nBe short. 2"
    )


def test_prompts_are_found_in_folders_and_named_by_their_path(tmp_path: Path) -> None:
    rendered(tmp_path, "One.", "b")
    rendered(tmp_path, "Two.", "formal/pay_bill")
    (tmp_path / "prompts" / "notes.md").write_text("not a prompt")
    prompts = read_prompts(tmp_path)
    assert [prompt.name for prompt in prompts] == ["b.prompt", "formal/pay_bill.prompt"]
    assert [prompt.about for prompt in prompts] == ["b", "pay_bill"]


def test_the_digest_follows_the_prompts_alone(tmp_path: Path) -> None:
    rendered(tmp_path, "One.")
    before = prompts_digest(tmp_path)
    (tmp_path / "prompts" / "notes.md").write_text("not a prompt")
    assert prompts_digest(tmp_path) == before
    rendered(tmp_path, "Two.")
    assert prompts_digest(tmp_path) != before


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a\n{{ intent", "any.prompt.j2:2: template syntax"),
        ("a\n\n{{ nobody }}", "any.prompt.j2:3: undefined `nobody`; there are: title, desc"),
        ("{{ intent.__class__ }}", "any.prompt.j2:1: `__class__`: prompts may not reach into"),
        ("\n{{ ''|attr('__class__') }}", "any.prompt.j2:2: unknown filter `attr`; allowed: cap"),
        ("{{ intent['__class__'] }}", "any.prompt.j2:1: `getitem` is not allowed"),
        ("{{ range(10) }}", "any.prompt.j2:1: `call` is not allowed in a prompt"),
        ("{{ intent * 1000000000 }}", "any.prompt.j2:1: `mul` is not allowed"),
        ("{% include '/etc/passwd' %}", "any.prompt.j2:1: `include` is not allowed"),
        ("{% set a = 'b' %}", "any.prompt.j2:1: `assign` is not allowed"),
        ("{% macro a() %}{% endmacro %}", "any.prompt.j2:1: `macro` is not allowed"),
        (
            "{% for a in intents %}{% for b in intents %}{% for c in intents %}x{% endfor %}"
            "{% endfor %}{% endfor %}",
            "any.prompt.j2:1: at most 2 loops may lie in one another",
        ),
        ("{{ intents|join('x' * 9) }}", "`join` takes a few characters"),
        ("{{ intents|join('a long text')|join('b') }}", "`join` takes a few characters"),
        ("{{ persona|join('ab')|join('ab') }}", "stands alone"),
        ("x\ny {{ examples.nothing }}", "any.prompt.j2:2: UndefinedError"),
        ("{% if intent == 'other' %}x{% endif %}", "any.prompt.j2: the prompt is empty for the"),
        ("x" * 20_001, "20001 characters; at most 20000"),
        ("{{" + "(" * 5000 + ")" * 5000 + "}}", "any.prompt.j2:1: template syntax: nested"),
        (
            "{{ intent " + "9" * 5000 + " }}",
            "nested too deeply, or a number too long",
        ),
    ],
)
def test_what_cannot_be_a_prompt_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    started = time.monotonic()
    with pytest.raises(DataError) as caught:
        rendered(tmp_path, text)
    assert complaint in str(caught.value)
    assert time.monotonic() - started < 2


def test_no_prompt_says_where_one_belongs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"prompts: no prompt .* expected prompts/NAME\.prompt\.j2"):
        read_prompts(tmp_path)


def test_a_prompt_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "any.prompt.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"any\.prompt\.j2: cannot be read as a prompt"):
        read_prompts(tmp_path)
    with pytest.raises(DataError, match=r"any\.prompt\.j2: cannot be read as a prompt"):
        prompts_digest(tmp_path)


def test_the_shipped_prompt_is_apart_from_the_templates() -> None:
    domain = read_domain(BANKING)
    assert "turns" not in domain.intents
    text = read_prompts(BANKING)[0].render(WORDS)
    assert "in a hurry" in text
    assert "- payee: Al, Bo\n" in text
    assert "- Pay Al.   [payee = Al]\n" in text
    assert text.endswith("- Be short.")


def test_prompts_are_no_part_of_what_templates_depend_on(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "greet.j2").write_text("Hello.\n")
    before = domain_digest(tmp_path)
    rendered(tmp_path, "One.")
    assert domain_digest(tmp_path) == before
    assert list(read_domain(tmp_path).intents) == ["greet"]
