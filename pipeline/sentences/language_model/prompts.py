"""What a language model is asked: a domain's prompts, one intent after the other, round by round.

Every round goes through all intents of all prompts in an order of its own, with other examples,
other slot values and another persona. All of it hangs on the seed alone, never on the answers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

import numpy as np

from models.config import as_mapping
from pipeline.distributions import check_share
from pipeline.domain.domains import Domain
from pipeline.endpoint.endpoint import EndpointConfig
from pipeline.licences.terms import check_licence_name
from pipeline.randomness import rng_for
from pipeline.sentences.drawing.sampling import STAGE, uniforms_of
from pipeline.sentences.language_model.annotations import INSTRUCTIONS, answer_schema
from pipeline.sentences.language_model.chat.budget import BudgetConfig
from pipeline.sentences.language_model.chat.messages import ChatRequest
from pipeline.sentences.language_model.prompt_files import Example, PromptFile, PromptWords

_MOST_AT_ONCE = 20  # sentences; models repeat themselves in longer lists
_NO_ROWS = ("endpoint", "budget", "license")


@dataclass(frozen=True)
class LanguageModelConfig:
    """Sentences that a language model writes, as `share` of `sentences.count`.

    `sentences_per_request` is by default enough to request every intent, at most 20.
    `examples` and `slot_values` bound what a prompt is given of the domain. `near_duplicate` is
    the likeness (`pipeline/sentences/language_model/near_duplicates.py`) from which on a sentence
    is dropped; null: only repeated ones are. With `open_slots`, slot values may be others than the
    lexicons'. `license` is what the model's provider allows to be done with its answers, as far as
    you know.
    """

    share: float
    model: str
    personas: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    sentences_per_request: int | None = None
    examples: int = 6
    slot_values: int = 8
    temperature: float | None = 1.0
    max_output_tokens: int = 4000
    near_duplicate: float | None = 0.75
    open_slots: bool = False
    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    license: str = ""

    def __post_init__(self) -> None:
        check_share(self.share)
        check_licence_name(self.license)
        if not self.model.strip():
            raise ValueError("model: the name of a model is needed")
        if self.sentences_per_request is not None and not 1 <= self.sentences_per_request <= 200:
            raise ValueError(
                f"sentences_per_request: {self.sentences_per_request}; 1 to 200, or null"
            )
        for name, high in (("examples", 50), ("slot_values", 200)):
            if not 0 <= getattr(self, name) <= high:
                raise ValueError(f"{name}: {getattr(self, name)}; 0 to {high} is allowed")
        if self.temperature is not None and not 0 <= self.temperature <= 2:
            raise ValueError(f"temperature: {self.temperature}; 0 to 2, or null for the model's")
        if self.max_output_tokens < 1:
            raise ValueError(f"max_output_tokens: {self.max_output_tokens}; 1 or more is needed")
        if self.near_duplicate is not None and not 0 < self.near_duplicate <= 1:
            raise ValueError(f"near_duplicate: {self.near_duplicate}; above 0 and up to 1, or null")

    @property
    def row_settings(self) -> dict[str, Any]:
        """What the sentences depend on, without what stands at its default."""
        return {
            field.name: as_mapping(getattr(self, field.name))
            for field in fields(self)
            if field.name not in _NO_ROWS
            and (field.default is MISSING or getattr(self, field.name) != field.default)
        }


@dataclass(frozen=True)
class Question:
    """A request, the prompt it came from, and the examples that it shows."""

    prompt: str
    request: ChatRequest
    shown: tuple[str, ...]


class Questions:
    """The questions for `number` sentences of a domain; `per_request` are asked for at a time."""

    def __init__(
        self, config: LanguageModelConfig, domain: Domain, prompts: list[PromptFile], number: int
    ) -> None:
        self._config, self._domain = config, domain
        self.combinations = [
            (prompt, intent)
            for prompt in prompts
            for intent in domain.intents
            if prompt.about == intent or prompt.about not in domain.intents
        ]
        spread = min(-(-number // len(self.combinations)), _MOST_AT_ONCE)
        self.per_request = config.sentences_per_request or spread

    def in_order(self, seed: int) -> Iterator[Question]:
        """Questions without end. Raises `DataError` naming a prompt's file and line."""
        asked: Counter[str] = Counter()
        round_number = 0
        while True:
            order = rng_for(seed, STAGE, f"language_model|round {round_number}")
            for combination in order.permutation(len(self.combinations)):
                prompt, intent = self.combinations[combination]
                rng = rng_for(seed, STAGE, f"language_model|{prompt.name}|{intent}|{round_number}")
                words = self._words(intent, rng)
                text = prompt.render(words)
                request = self._request(text, tuple(words.slots), seed, asked[text])
                asked[text] += 1
                shown = tuple(example.text for example in words.examples)
                yield Question(prompt.name, request, shown)
            round_number += 1

    def _request(
        self, text: str, slots: tuple[str, ...], seed: int, repetition: int
    ) -> ChatRequest:
        return ChatRequest(
            model=self._config.model,
            instructions=INSTRUCTIONS,
            prompt=text,
            schema=answer_schema(tuple(self._domain.intents), slots),
            temperature=self._config.temperature,
            max_output_tokens=self._config.max_output_tokens,
            seed=seed,
            repetition=repetition,
        )

    def _words(self, intent: str, rng: np.random.Generator) -> PromptWords:
        config, settings = self._config, self._domain.settings
        persona = config.personas[rng.integers(len(config.personas))] if config.personas else ""
        return PromptWords(
            title=settings.title or self._domain.name,
            description=settings.description,
            locale=settings.locale,
            intent=intent,
            intents=tuple(self._domain.intents),
            slots=self._slot_values(intent, rng),
            examples=self._examples(intent, rng),
            persona=persona,
            constraints=config.constraints,
            number=self.per_request,
        )

    def _slot_values(self, intent: str, rng: np.random.Generator) -> Mapping[str, tuple[str, ...]]:
        """A few values of every slot that the intent's templates draw, by weight."""
        most = self._config.slot_values
        drawn: dict[str, dict[str, None]] = {}
        for template in self._domain.intents[intent].values():
            for words in template.vocabularies:
                values = drawn.setdefault(words.name, {})
                if len(values) < most:
                    values |= dict.fromkeys(words.draw(rng.random()) for _ in range(most))
        return {name: tuple(values)[:most] for name, values in sorted(drawn.items())}

    def _examples(self, intent: str, rng: np.random.Generator) -> tuple[Example, ...]:
        templates = list(self._domain.intents[intent].values())
        chosen = rng.permutation(len(templates))[: self._config.examples]
        uniforms = uniforms_of(rng)
        rendered_examples = [
            templates[i].render(lambda words: words.draw(next(uniforms))) for i in chosen
        ]
        return tuple(
            Example(
                rendered.text,
                {slot.name: slot.value for slot in rendered.slots if "." not in slot.name},
            )
            for rendered in rendered_examples
        )
