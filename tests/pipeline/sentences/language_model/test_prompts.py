"""What a language model is asked: every intent in every round, by the seed alone."""

from itertools import islice
from pathlib import Path

import pytest

from pipeline.domain.domains import Domain, read_domain
from pipeline.sentences.language_model.prompt_files import read_prompts
from pipeline.sentences.language_model.prompts import LanguageModelConfig, Questions


@pytest.fixture(scope="module")
def domain() -> Domain:
    return read_domain(Path("prompts/banking_agent"))


def config(**changed: object) -> LanguageModelConfig:
    return LanguageModelConfig(share=0.5, model="any", **changed)  # type: ignore[arg-type]


def questions(domain: Domain, number: int, **changed: object) -> Questions:
    return Questions(config(**changed), domain, read_prompts(domain.folder), number)


def test_a_round_asks_for_every_intent_once(domain: Domain) -> None:
    asked = questions(domain, 100)
    of_round = list(islice(asked.in_order(seed=1), len(asked.combinations)))
    assert len({question.request.prompt for question in of_round}) == len(asked.combinations)
    again = list(islice(asked.in_order(seed=1), len(asked.combinations)))
    assert again == of_round
    assert list(islice(asked.in_order(seed=2), len(asked.combinations))) != of_round


def test_as_many_are_asked_for_as_are_needed_up_to_twenty(domain: Domain) -> None:
    intents = len(questions(domain, 1).combinations)
    assert questions(domain, 3 * intents).per_request == 3
    assert questions(domain, 1000 * intents).per_request == 20
    assert questions(domain, 1000 * intents, sentences_per_request=50).per_request == 50


def test_examples_and_values_are_bounded(domain: Domain) -> None:
    none, few = (
        next(questions(domain, 9, examples=most, slot_values=most).in_order(1)) for most in (0, 2)
    )
    assert none.shown == ()
    assert 1 <= len(few.shown) <= 2
    assert all(example in few.request.prompt for example in few.shown)


def test_what_stands_at_its_default_or_changes_no_row_is_no_setting() -> None:
    assert config(license="mine").row_settings == {"share": 0.5, "model": "any"}
    assert config(temperature=None).row_settings["temperature"] is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sentences_per_request": 201}, "sentences_per_request: 201; 1 to 200"),
        ({"examples": 51}, "examples: 51; 0 to 50"),
        ({"temperature": 3.0}, "temperature: 3.0; 0 to 2"),
        ({"max_output_tokens": 0}, "max_output_tokens: 0; 1 or more"),
        ({"near_duplicate": 0.0}, "near_duplicate: 0.0; above 0"),
    ],
)
def test_a_wrong_setting_is_named(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**changed)
