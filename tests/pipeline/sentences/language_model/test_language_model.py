import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.build.config import load_build_config
from pipeline.build.stages import stage_keys
from pipeline.domain.domains import Domain, read_domain
from pipeline.endpoint.endpoint import EndpointConfig
from pipeline.records import Reject, Sentence, Slot
from pipeline.sentences.drawing.sampling import Maker
from pipeline.sentences.drawing.sources import sentences_of
from pipeline.sentences.drawing.split_plan import SplitPlan
from pipeline.sentences.generate import SentencesConfig, check_sentences, generate
from pipeline.sentences.language_model.chat.budget import BudgetConfig
from pipeline.sentences.language_model.language_model import language_model_source
from pipeline.sentences.language_model.prompt_files import read_prompts
from pipeline.sentences.language_model.prompts import LanguageModelConfig, Questions
from tests.pipeline.sentences.language_model.chat.chat_server import (
    KEY,
    WORDS,
    Answer,
    Received,
    completion,
    inventing,
    refusal,
    sentences,
    serving,
)

PROMPT = (
    "{{ number }} x {{ intent }}. {% for e in examples %}{{ e.text }} {% endfor %}{{ persona }}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A domain with the intents `greet` and `pay`, and a prompt."""
    folder = tmp_path / "tiny"
    for name, text in {
        "templates/greet.j2": "Hello {{ name }}.\nGood morning.\nIt is {{ time }}.\n",
        "templates/pay.j2": "Pay {{ name }} {{ money }}.\n",
        "lexicons/name.txt": "Al\nBo\n",
        "prompts/any.prompt.j2": PROMPT,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def domain(folder: Path) -> Domain:
    return read_domain(folder)


@pytest.fixture
def config(tmp_path: Path) -> LanguageModelConfig:
    endpoint = EndpointConfig(
        cache=tmp_path / "kept", requests_per_minute=60_000, retry_delay_s=0, attempts=2
    )
    return LanguageModelConfig(1.0, "tiny", sentences_per_request=3, endpoint=endpoint)


def rows_of(
    config: LanguageModelConfig, domain: Domain, number: int, seed: int = 1
) -> list[Sentence | Reject]:
    source = language_model_source(config, domain, seed)
    return list(sentences_of(source, number, Maker(domain.name, seed, None)))


def test_sentences_lead_back_to_prompt_and_answer(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    slot = {"name": "name", "value": "al"}
    items = [{"text": "Do pay Al at last.", "intent": "pay", "slots": [slot]}]
    with serving(monkeypatch, lambda *_: sentences(items)):
        (row,) = rows_of(config, domain, 1)
    assert isinstance(row, Sentence)
    assert row.text == "Do pay Al at last."
    assert (row.domain, row.intent, row.source) == ("tiny", "pay", "language_model")
    assert row.slots == (Slot("name", "Al"),)
    prompt, _, answer = row.template.partition(":")
    assert prompt == "any.prompt"
    assert config.endpoint.cache is not None
    (kept,) = config.endpoint.cache.glob(f"{answer[:2]}/{answer}*.json")
    assert "Do pay Al at last." in kept.read_text()


def test_a_rebuild_asks_nothing_and_is_the_same(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    with serving(monkeypatch, inventing) as server:
        first = rows_of(config, domain, 20)
        assert server.received
        asked = len(server.received)
        assert rows_of(config, domain, 20) == first
        assert len(server.received) == asked
        assert rows_of(config, domain, 20, seed=2) != first
        assert len(server.received) > asked
    monkeypatch.delenv("OPENAI_API_KEY")
    language_model_source(config, domain, 1).check(20)
    assert rows_of(config, domain, 20) == first


def test_builds_that_ask_the_same_at_a_time_get_the_answer_that_stays(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    both_have_asked = threading.Barrier(2)

    def answering(number: int, _: Received) -> Answer:
        both_have_asked.wait(timeout=10)
        return sentences([f"{WORDS[number]} {WORDS[number + index]}" for index in range(3)])

    with serving(monkeypatch, answering) as server, ThreadPoolExecutor(2) as pool:
        one, other = (pool.submit(rows_of, config, domain, 3) for _ in range(2))
        assert one.result() == other.result() == rows_of(config, domain, 3)
    assert len(server.received) == 2


def test_rows_do_not_hang_on_when_answers_come(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain, tmp_path: Path
) -> None:
    def hesitating(number: int, request: Received) -> Answer:
        return replace(inventing(number, request), wait_s=0.05 if number % 3 == 0 else 0)

    alone = replace(config, endpoint=replace(config.endpoint, concurrency=1))
    other = replace(config.endpoint, concurrency=5, cache=tmp_path / "other")
    with serving(monkeypatch, inventing):
        expected = rows_of(alone, domain, 20)
    with serving(monkeypatch, hesitating):
        assert rows_of(replace(config, endpoint=other), domain, 20) == expected


def test_more_is_asked_until_every_split_has_its_share(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, folder: Path
) -> None:
    plan = SplitPlan({"train": 0.5, "validation": 0.25, "test": 0.25}, ("text",), 1)
    with serving(monkeypatch, inventing):
        found = list(generate(SentencesConfig(folder, 20, language_model=config), 1, plan))
    splits = Counter(row.split for row in found if isinstance(row, Sentence))
    assert splits == {"train": 10, "validation": 5, "test": 5}


def test_not_more_than_so_many_are_asked_for_a_split_that_takes_none(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, folder: Path
) -> None:
    plan = SplitPlan({"train": 0.5, "test": 0.5}, ("text",), 1)
    monkeypatch.setattr(SplitPlan, "split_of", lambda *_: "train")
    message = r"test lacks 5 .*lower sentences\.language_model\.share"
    with serving(monkeypatch, inventing) as server, pytest.raises(DataError, match=message):
        list(generate(SentencesConfig(folder, 10, language_model=config), 1, plan))
    assert len(server.received) < 60


def test_no_more_is_asked_than_is_needed(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    numbers = iter(range(1000))

    def always_new(_: int, __: Received) -> Answer:
        return sentences(
            [
                f"{WORDS[n % 9]} {n}, {WORDS[n // 9]} {n}"
                for n in (next(numbers), next(numbers), next(numbers))
            ]
        )

    eager = replace(config, endpoint=replace(config.endpoint, concurrency=8))
    with serving(monkeypatch, always_new) as server:
        rows_of(eager, domain, 9)
    assert len(server.received) == 3


def test_every_dropped_sentence_is_a_reject_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    items = [
        {"text": "What a lovely garden that is.", "intent": "greet", "slots": []},
        {"text": "What a lovely garden that is!", "intent": "greet", "slots": []},
        {"text": "Good morning!", "intent": "greet", "slots": []},
        {"text": "Pay Cy.", "intent": "pay", "slots": [{"name": "name", "value": "Cy"}]},
        {"text": "Pay him.", "intent": "pay", "slots": [{"name": "name", "value": "Bo"}]},
        {"text": "Fly away.", "intent": "fly", "slots": []},
        "no object",
        {"text": "The paper is yellow.", "intent": "pay", "slots": []},
    ]
    answer = completion(json.dumps({"sentences": items}))
    with serving(monkeypatch, lambda *_: answer):
        rows = rows_of(config, domain, 2)
    rejects = [row for row in rows if isinstance(row, Reject)]
    assert len({row.id for row in rejects}) == len(rejects) == 6
    assert all(row.stage == "generate" and row.id.startswith("tiny-") for row in rejects)
    expected = [
        "nearly the same as `What a lovely garden that is.`",
        "nearly the same as `Good morning.`",  # an example that the prompt shows
        "annotated with name `Cy`, which its lexicon lacks",
        "annotated with name `Bo`, which is not in the text",
        "annotated with the intent 'fly', which the domain lacks",
        "not an object with a `text`",
    ]
    for row, reason in zip(rejects, expected, strict=True):
        assert reason in row.reason


def test_an_answer_without_sentences_is_a_reject(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    answers = iter([sentences([]), sentences(["Lovely garden."])])
    with serving(monkeypatch, lambda *_: next(answers)):
        rows = rows_of(config, domain, 1)
    empty, spoken = rows
    assert isinstance(empty, Reject)
    assert empty.reason.endswith(": the answer holds no sentence")
    assert isinstance(spoken, Sentence)


def test_without_a_threshold_only_repetitions_are_dropped(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    output = ["Lovely garden.", "Lovely garden!", "Lovely garden.", "Yellow paper."]
    with serving(monkeypatch, lambda *_: sentences(output)):
        rows = rows_of(replace(config, near_duplicate=None), domain, 3)
    texts = [row.text for row in rows if isinstance(row, Sentence)]
    assert texts == ["Lovely garden.", "Lovely garden!", "Yellow paper."]
    (reject,) = [row for row in rows if isinstance(row, Reject)]
    assert "said before" in reject.reason


def test_a_model_that_repeats_itself_runs_dry(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    output = sentences(["Lovely garden.", "Yellow paper."])
    with (
        serving(monkeypatch, lambda *_: output) as server,
        pytest.raises(DataError, match=r"only 2 new ones exist \(\d+ more are rejected.*share"),
    ):
        rows_of(config, domain, 10)
    assert len(server.received) < 8


def test_the_ceiling_stops_before_it_is_exceeded_and_keeps_what_came(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    budget = BudgetConfig(None, 0.01, usd_per_million_input=1.0, usd_per_million_output=1.0)
    tight = replace(config, budget=budget, max_output_tokens=1000)

    def dear(number: int, request: Received) -> Answer:
        body = json.loads(inventing(number, request).body)
        return completion(body["choices"][0]["message"]["content"], tokens=(1000, 1000))

    with serving(monkeypatch, dear) as server:
        with pytest.raises(
            DataError, match=r"max_cost_usd: 0\.01 .*\(\$0\.00\d+\) are spent.*raise"
        ):
            rows_of(tight, domain, 100)
        spent = 0.002 * len(server.received)
        assert 0.004 <= spent <= 0.01
        asked = len(server.received)
        with pytest.raises(DataError, match="max_cost_usd"):
            rows_of(tight, domain, 100)  # what was kept counts as well
        assert len(server.received) == asked
        enough = replace(tight, budget=replace(budget, max_cost_usd=1.0))
        rows_of(enough, domain, 20)
        assert len(server.received) < asked + 20 // 3


def test_a_build_takes_its_share_from_the_model_and_the_rest_from_templates(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, folder: Path
) -> None:
    build = SentencesConfig(folder, 40, language_model=replace(config, share=0.3))
    with serving(monkeypatch, inventing):
        check_sentences(build, seed=4)
        rows = [row for row in generate(build, 4) if isinstance(row, Sentence)]
    assert [row.source for row in rows] == ["language_model"] * 12 + ["templates"] * 28
    assert len({row.id for row in rows}) == len({row.text for row in rows}) == 40
    monkeypatch.delenv("OPENAI_API_KEY")
    check_sentences(build, seed=4)
    with pytest.raises(DataError, match=r"no key in \$OPENAI_API_KEY"):
        check_sentences(build, seed=5)


def test_shards_are_named_by_prompts_and_what_is_asked_not_by_the_endpoint(
    config: LanguageModelConfig, folder: Path
) -> None:
    def key(config: LanguageModelConfig | None) -> str:
        plain = load_build_config("configs/build/quickstart.yaml")
        sentences = SentencesConfig(folder, 40, language_model=config)
        return stage_keys(replace(plain, sentences=sentences))["generate"]

    before = key(config)
    assert before != key(None)
    assert before != key(replace(config, temperature=0.5))
    elsewhere = replace(config, endpoint=EndpointConfig(), budget=BudgetConfig(None))
    assert before == key(elsewhere)
    (folder / "prompts" / "any.prompt.j2").write_text("Other.")
    assert before != key(config)


def test_a_model_needs_a_domain(config: LanguageModelConfig) -> None:
    with pytest.raises(ValueError, match="language_model: its prompts stand in a domain's folder"):
        SentencesConfig(None, 40, language_model=config)


def test_what_is_missing_is_told_before_the_build(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    source = language_model_source(config, domain, 1)
    with pytest.raises(DataError, match=r"^http://127\.0\.0\.1:1/v1: no key in \$OPENAI_API_KEY"):
        source.check(5)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    source.check(5)  # asks nobody


def test_a_prompt_is_checked_for_every_intent(config: LanguageModelConfig, folder: Path) -> None:
    (folder / "prompts" / "any.prompt.j2").write_text("{% if intent == 'pay' %}Pay.{% endif %}")
    source = language_model_source(config, read_domain(folder), 1)
    with pytest.raises(DataError, match=r"any\.prompt\.j2: the prompt is empty for the intent `gr"):
        source.check(5)


def test_a_prompt_named_as_an_intent_asks_for_it_alone(
    config: LanguageModelConfig, domain: Domain, folder: Path
) -> None:
    (folder / "prompts" / "pay.prompt.j2").write_text("Ways to pay.")
    questions = Questions(config, domain, read_prompts(folder), 9)
    turns = [(prompt.name, intent) for prompt, intent in questions.combinations]
    assert turns == [("any.prompt", "greet"), ("any.prompt", "pay"), ("pay.prompt", "pay")]


def test_questions_vary_by_round_and_seed_and_never_repeat(
    config: LanguageModelConfig, domain: Domain, folder: Path
) -> None:
    (folder / "prompts" / "any.prompt.j2").write_text("Always the same.")
    questions = Questions(
        replace(config, personas=("old", "young")), domain, read_prompts(folder), 9
    )
    first, second = (
        [next(asked).request.key for _ in range(12)]
        for asked in (questions.in_order(1), questions.in_order(2))
    )
    assert len({*first, *second}) == 24
    again = questions.in_order(1)
    assert [next(again).request.key for _ in range(12)] == first


def test_intents_are_asked_round_robin_however_few_are_wanted(
    config: LanguageModelConfig, domain: Domain, folder: Path
) -> None:
    spread = replace(config, sentences_per_request=None)
    prompts = read_prompts(folder)
    for number, each in ((1, 1), (5, 3), (40, 20), (1000, 20)):
        assert Questions(spread, domain, prompts, number).per_request == each
    asked = Questions(spread, domain, prompts, 40).in_order(1)
    prompts_asked = [next(asked).request.prompt for _ in range(10)]
    assert Counter("greet" in prompt for prompt in prompts_asked) == {True: 5, False: 5}
    assert len(set(prompts_asked)) > 2


def test_the_digest_follows_the_prompts(
    config: LanguageModelConfig, domain: Domain, folder: Path
) -> None:
    source = language_model_source(config, domain, 1)
    before = source.digest()
    (folder / "prompts" / "any.prompt.j2").write_text("Other.")
    assert source.digest() != before


def test_only_what_changes_a_sentence_is_among_the_settings(config: LanguageModelConfig) -> None:
    assert config.row_settings == {"share": 1.0, "model": "tiny", "sentences_per_request": 3}


def test_a_kept_answer_without_sentences_is_named(
    monkeypatch: pytest.MonkeyPatch, config: LanguageModelConfig, domain: Domain
) -> None:
    with serving(monkeypatch, inventing):
        rows_of(config, domain, 3)
    assert config.endpoint.cache is not None
    for path in config.endpoint.cache.rglob("*.json"):
        kept = json.loads(path.read_text())
        kept["reply"]["content"] = "?"
        path.write_text(json.dumps(kept))
    with pytest.raises(DataError, match=r"\.json: this kept answer .* is damaged; delete"):
        rows_of(config, domain, 3)


def test_the_key_is_in_nothing_that_stays(
    monkeypatch: pytest.MonkeyPatch,
    config: LanguageModelConfig,
    domain: Domain,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def indiscreet(number: int, request: Received) -> Answer:
        if number == 0:
            return sentences([f"My key is {KEY}.", "Yellow paper."])
        return refusal(401, f"no access for {KEY}")

    with (
        caplog.at_level("DEBUG"),
        serving(monkeypatch, indiscreet),
        pytest.raises(DataError) as caught,
    ):
        rows_of(config, domain, 50)
    assert "refuses the key in $OPENAI_API_KEY" in str(caught.value)
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) > 4
    assert KEY not in str(caught.value) + caplog.text + "".join(p.read_text() for p in kept)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"share": 0.0}, r"share: 0\.0; above 0"),
        ({"model": " "}, "model: the name"),
        ({"temperature": 3.0}, r"temperature: 3\.0; 0 to 2"),
        ({"near_duplicate": 0.0}, r"near_duplicate: 0\.0; above 0"),
        ({"sentences_per_request": 0}, "sentences_per_request: 0; 1 to 200"),
        ({"examples": 99}, "examples: 99; 0 to 50"),
        ({"max_output_tokens": 0}, "max_output_tokens: 0"),
        ({"endpoint": {"timeout_s": 0.0}}, r"endpoint\.timeout_s: 0\.0"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        build(LanguageModelConfig, {"share": 1.0, "model": "m"} | settings, "x.yaml")
