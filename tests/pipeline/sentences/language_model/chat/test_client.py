import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate

import pytest

from models.errors import DataError
from pipeline.endpoint.endpoint import Endpoint, EndpointConfig
from pipeline.endpoint.failures import UnusableReply
from pipeline.sentences.language_model.chat.budget import Budget, BudgetConfig
from pipeline.sentences.language_model.chat.client import ChatClient
from pipeline.sentences.language_model.chat.messages import ChatReply, ChatRequest, Usage
from tests.pipeline.sentences.language_model.chat.chat_server import (
    KEY,
    Answer,
    ChatServer,
    completion,
    refusal,
)

REQUEST = ChatRequest("tiny", "Answer with JSON.", "Say hello.", {"type": "object"}, 0.5, 60)
QUICK = EndpointConfig(requests_per_minute=60_000, attempts=3, retry_delay_s=0, timeout_s=5)


def _check(reply: ChatReply) -> None:
    if "hello" not in reply.content:
        raise UnusableReply(f"it does not say hello (`{reply.content}`); be polite")


@contextmanager
def serving(
    *answers: Answer, config: EndpointConfig = QUICK, budget: BudgetConfig | None = None
) -> Iterator[tuple[ChatClient, ChatServer]]:
    """A client of a server that gives one answer after the other, then the last again."""
    server = ChatServer(lambda number, _: answers[min(number, len(answers) - 1)])
    with server.running():
        endpoint = Endpoint(server.url, KEY)
        client = ChatClient(endpoint, config, Budget(budget or BudgetConfig()), _check)
        yield client, server
        client.close()


def failure(client: ChatClient, begins: str = "http://127.0.0.1:") -> str:
    """The message of the error that asking ends in: one line, without the key."""
    with pytest.raises(DataError) as caught:
        client.ask(REQUEST)
    message = str(caught.value)
    assert "\n" not in message
    assert KEY not in message
    assert message.startswith(begins)
    return message


def test_a_good_answer_comes_back_with_what_it_took() -> None:
    with serving(completion("hello")) as (client, server):
        assert client.ask(REQUEST) == ChatReply("hello", "tiny-2026-01-01", Usage(100, 50))
    (request,) = server.received
    assert request.path == "/v1/chat/completions"
    assert request.authorization == f"Bearer {KEY}"
    assert [message["content"] for message in request.body["messages"]] == [
        "Answer with JSON.",
        "Say hello.",
    ]
    assert request.body["temperature"] == 0.5
    assert request.body["max_tokens"] == 60
    assert request.body["response_format"]["type"] == "json_schema"


def test_an_answer_without_usage_counts_in_full() -> None:
    with serving(completion("hello", tokens=None)) as (client, _):
        assert client.ask(REQUEST).usage == REQUEST.at_most


def test_a_refused_structure_is_asked_for_more_simply_and_remembered() -> None:
    no_schema = refusal(400, "response_format json_schema is not supported")
    no_json = refusal(422, "unknown field response_format")
    with serving(no_schema, no_json, completion("hello")) as (client, server):
        client.ask(REQUEST)
        client.ask(REQUEST)
    asked = [request.body.get("response_format", {}).get("type") for request in server.received]
    assert asked == ["json_schema", "json_object", None, None]


def test_the_newer_name_of_the_length_bound_is_tried() -> None:
    complaint = refusal(400, "Unsupported parameter: 'max_tokens' is not supported with this model")
    with serving(complaint, completion("hello")) as (client, server):
        client.ask(REQUEST)
    second = server.received[1].body
    assert second["max_completion_tokens"] == 60
    assert "max_tokens" not in second
    assert second["response_format"]["type"] == "json_schema"


def test_a_request_that_no_dialect_makes_good_is_explained() -> None:
    with serving(refusal(400, "context too long")) as (client, server):
        assert "refuses the request (HTTP 400: context too long)" in failure(client)
    assert len(server.received) == 3


def test_a_refused_key_fails_at_once_and_is_not_told() -> None:
    with serving(refusal(401, f"Incorrect API key provided: {KEY}")) as (client, server):
        message = failure(client)
    assert "refuses the key in $OPENAI_API_KEY (HTTP 401: Incorrect API key" in message
    assert "set it to a valid one, or $OPENAI_BASE_URL" in message
    assert len(server.received) == 1


def test_an_unknown_model_fails_at_once() -> None:
    with serving(refusal(404, "The model `tiny` does not exist")) as (client, server):
        assert "knows no model `tiny`" in failure(client)
    assert len(server.received) == 1


def test_used_up_credit_fails_at_once() -> None:
    answer = refusal(429, "You exceeded your current quota", "insufficient_quota")
    with serving(answer) as (client, server):
        assert "credit of the key in $OPENAI_API_KEY is used up" in failure(client)
    assert len(server.received) == 1


def test_retry_after_is_honoured() -> None:
    busy = refusal(429, "slow down", retry_after="0.4")
    with serving(busy, completion("hello")) as (client, server):
        started = time.monotonic()
        client.ask(REQUEST)
        assert 0.4 <= time.monotonic() - started < 3
    assert len(server.received) == 2


def test_retry_after_beyond_patience_is_told() -> None:
    date = formatdate(time.time() + 3600, usegmt=True)
    for header in ("3600", date):
        with serving(refusal(429, "slow down", retry_after=header)) as (client, server):
            message = failure(client)
        assert "asks to come back in 3" in message
        assert "endpoint.max_wait_s" in message
        assert len(server.received) == 1


def test_a_failing_server_is_tried_again_then_given_up() -> None:
    with serving(refusal(500, "boom"), Answer("down", 503), completion("hello")) as (client, _):
        assert client.ask(REQUEST).content == "hello"
    with serving(refusal(502, "bad gateway")) as (client, server):
        assert "given up after 3 attempts: it answered HTTP 502: bad gateway" in failure(client)
    assert len(server.received) == 3


def test_waits_double() -> None:
    config = EndpointConfig(requests_per_minute=60_000, attempts=3, retry_delay_s=0.1)
    with serving(refusal(500, "boom"), config=config) as (client, _):
        started = time.monotonic()
        failure(client)
        assert 0.3 <= time.monotonic() - started < 2


def test_a_silent_endpoint_times_out() -> None:
    config = EndpointConfig(requests_per_minute=60_000, attempts=2, retry_delay_s=0, timeout_s=0.15)
    slow = Answer(completion("hello").body, wait_s=5)
    with serving(slow, config=config) as (client, server):
        message = failure(client)
    assert "given up after 2 attempts: no answer within 0.15 s" in message
    assert "endpoint.timeout_s" in message
    assert len(server.received) == 2


def test_an_endless_trickle_times_out() -> None:
    config = EndpointConfig(requests_per_minute=60_000, attempts=1, timeout_s=0.3)
    started = time.monotonic()
    with serving(Answer(" " * 1000, drip_s=0.05), config=config) as (client, _):
        assert "no answer within 0.3 s" in failure(client)
    assert time.monotonic() - started < 5


def test_an_answer_that_never_ends_times_out() -> None:
    config = EndpointConfig(requests_per_minute=60_000, attempts=1, timeout_s=0.2)
    with serving(Answer("{", missing=9, hangs=True), config=config) as (client, _):
        assert "no answer within 0.2 s" in failure(client)


def test_an_answer_that_breaks_off_is_asked_again_then_told() -> None:
    broken = Answer("{", missing=9)
    with serving(broken, completion("hello")) as (client, _):
        assert client.ask(REQUEST).content == "hello"
    with serving(broken) as (client, server):
        assert "given up after 3 attempts: it cannot be reached, or it broke off (" in failure(
            client
        )
    assert len(server.received) == 3


def test_bytes_that_are_not_what_they_say_are_told() -> None:
    with serving(Answer("{}", headers={"Content-Encoding": "gzip"})) as (client, _):
        assert "broke off (" in failure(client)


@pytest.mark.parametrize("usage", ["1e999", "[]", '"many"', "-5"])
def test_strange_counts_of_tokens_do_no_harm(usage: str) -> None:
    body = completion("hello").body.replace("100", usage)
    with serving(Answer(body)) as (client, _):
        assert sum(client.ask(REQUEST).usage) >= 50


def test_nobody_at_the_address_is_told() -> None:
    server = ChatServer(lambda *_: completion("hello"))
    with server.running():
        url = server.url
    client = ChatClient(Endpoint(url, KEY), QUICK, Budget(BudgetConfig()), _check)
    message = failure(client)
    assert "cannot be reached" in message
    assert "$OPENAI_BASE_URL" in message


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        (Answer("<html>Welcome</html>"), "no chat completion (`<html>Welcome</html>`)"),
        (Answer("[]"), "no chat completion"),
        (Answer('{"choices": []}'), "no chat completion"),
        (Answer('{"choices": [{"message": "hello"}]}'), "no chat completion"),
        (Answer("[" * 100_000), "no chat completion"),
        (completion("hello", finish_reason="length"), "raise sentences.language_model.max_output"),
        (completion("hello", finish_reason="content_filter"), "the model gave no answer"),
        (completion("good day"), "it does not say hello (`good day`); be polite"),
    ],
)
def test_garbage_is_asked_again_then_told(answer: Answer, output: str) -> None:
    with serving(answer) as (client, server):
        assert output in failure(client)
    assert len(server.received) == 3


def test_garbage_that_passes_is_forgotten() -> None:
    with serving(Answer("?"), completion("good day"), completion("hello")) as (client, _):
        assert client.ask(REQUEST).content == "hello"


def test_requests_keep_the_pace() -> None:
    config = EndpointConfig(requests_per_minute=600)
    with serving(completion("hello"), config=config) as (client, _):
        started = time.monotonic()
        for _ in range(4):
            client.ask(REQUEST)
        assert 0.3 <= time.monotonic() - started < 2


def test_refused_answers_are_paid_for() -> None:
    budget = BudgetConfig(max_tokens_total=2 * 150 + sum(REQUEST.at_most) - 1)
    with serving(completion("good day"), budget=budget) as (client, server):
        message = failure(client, begins="sentences.language_model.budget.max_tokens_total")
    assert "are spent on 2 requests" in message
    assert len(server.received) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_no_part_of_a_key_is_left_where_a_complaint_is_shortened(status: int) -> None:
    with serving(refusal(status, f"{'x' * 105} {KEY} is wrong")) as (client, _):
        message = failure(client)
    assert KEY[:6] not in message
    assert "x ***" in message


def test_the_key_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        with serving(refusal(401, f"bad key {KEY}")) as (client, _):
            failure(client)
        with serving(completion("hello")) as (client, _):
            client.ask(REQUEST)
    assert caplog.text
    assert KEY not in caplog.text
