"""Asks a language model over any OpenAI-compatible endpoint, patiently and within a budget.

The `openai` client speaks; when to try again, how long to wait and what it may cost is decided
here, because its own retries count neither tokens nor the rests that an endpoint asks for.
"""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

import httpx2
import openai

from models.errors import DataError, shortened
from pipeline.sentences.language_model.chat.budget import Budget
from pipeline.sentences.language_model.chat.completion import (
    UnusableReply,
    read_completion,
    read_usage,
)
from pipeline.sentences.language_model.chat.dialect import Dialect
from pipeline.sentences.language_model.chat.endpoint import Endpoint, EndpointConfig
from pipeline.sentences.language_model.chat.messages import ChatReply, ChatRequest, Usage
from pipeline.sentences.language_model.chat.rate_limit import Pace

_LARGEST_BODY = 8_000_000  # bytes
_CONNECT_S = 10.0
_FREE = Usage()
_MISUNDERSTOOD = (400, 422, 501)  # what endpoints answer to fields that they do not know
_PASSING = (408, 409, 425, 429)  # and all from 500 on


class _TryAgain(Exception):
    """An attempt failed in a way that another may not; `wait_s` is what the endpoint asks for."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class ChatClient:
    """Several threads may ask at a time; they share the pace, the budget and what was learnt.

    `check` raises `UnusableReply` for an answer that is not what was asked for.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        config: EndpointConfig,
        budget: Budget,
        check: Callable[[ChatReply], None],
    ) -> None:
        self._endpoint, self._config, self._budget = endpoint, config, budget
        self._check = check
        self._dialect = Dialect()
        self._pace = Pace(config.requests_per_minute)
        self._openai = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key,
            max_retries=0,
            timeout=openai.Timeout(config.timeout_s, connect=min(config.timeout_s, _CONNECT_S)),
        )

    def ask(self, request: ChatRequest) -> ChatReply:
        """The answer, after as many attempts as the config allows.

        Raises `DataError` in one line: endpoint, what went wrong, what to do; `Stopped` after
        `stop`.
        """
        attempts, delay_s = self._config.attempts, self._config.retry_delay_s
        for attempt in range(1, attempts + 1):
            try:
                return self._attempt(request)
            except (_TryAgain, UnusableReply) as failure:
                if attempt == attempts:
                    self._fail(f"given up after {attempts} attempts: {failure}")
                self._rest(failure)
                self._pace.sleep(min(delay_s * 2 ** (attempt - 1), self._config.max_wait_s))
        raise AssertionError("at least one attempt is made")

    def stop(self) -> None:
        """Let threads that wait end with `Stopped`."""
        self._pace.stop()

    def close(self) -> None:
        self._openai.close()

    def _attempt(self, request: ChatRequest) -> ChatReply:
        dialect: Dialect | None = self._dialect
        while dialect is not None:
            self._pace.wait_turn()
            try:
                body, usage = self._send_within_budget(request, dialect)
            except openai.APIStatusError as error:
                complaint = _complaint(error)
                dialect = (
                    dialect.simpler(complaint) if error.status_code in _MISUNDERSTOOD else None
                )
                if dialect is None:
                    self._explain(error, complaint, request.model)
            else:
                self._dialect = dialect
                reply = read_completion(self._endpoint.redact(body), request.model, usage)
                self._check(reply)
                return reply
        raise AssertionError("a refusal without another way of asking is explained")

    def _send_within_budget(self, request: ChatRequest, dialect: Dialect) -> tuple[str, Usage]:
        """A request that timed out is counted in full: it may be charged for."""
        self._budget.hold(request.at_most)
        used = _FREE
        try:
            body = self._send(dialect.body(request))
            used = read_usage(body, request.at_most)
            return body, used
        except (openai.APITimeoutError, httpx2.TimeoutException):
            used = request.at_most
            raise _TryAgain(
                f"no answer within {self._config.timeout_s:g} s; is it overloaded? raise "
                "sentences.language_model.endpoint.timeout_s"
            ) from None
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            cause = shortened(str(error.__cause__ or error))
            raise _TryAgain(
                f"it cannot be reached, or it broke off ({cause}); is it running, and is "
                f"${self._config.base_url_variable} its address?"
            ) from None
        finally:
            self._budget.settle(request.at_most, used)

    def _send(self, body: dict[str, Any]) -> str:
        """The answer's body, all of it within the time that one request has."""
        deadline = time.monotonic() + self._config.timeout_s
        completions: Any = self._openai.chat.completions
        with completions.with_streaming_response.create(**body) as response:
            received = bytearray()
            for chunk in response.iter_bytes():
                received += chunk
                if time.monotonic() > deadline:
                    raise openai.APITimeoutError(response.http_request)
                if len(received) > _LARGEST_BODY:
                    raise UnusableReply("it sends answers without end; is the address right?")
            return received.decode("utf-8", errors="replace")

    def _explain(self, error: openai.APIStatusError, complaint: str, model: str) -> NoReturn:
        """What a status means for the person who waits: try again, or put something right."""
        status, config = error.status_code, self._config
        answer = f"HTTP {status}: {complaint}" if complaint else f"HTTP {status}"
        if status in (401, 403):
            self._fail(
                f"it refuses the key in {config.key_source} ({answer}); set it to a valid one, or "
                f"${config.base_url_variable} to the endpoint that it belongs to"
            )
        if status == 404:
            self._fail(
                f"it knows no model `{model}`, or is no chat endpoint ({answer}); check "
                f"sentences.language_model.model and ${config.base_url_variable}"
            )
        if status == 429 and error.code == "insufficient_quota":
            self._fail(f"the credit of the key in {config.key_source} is used up ({answer})")
        if status in _PASSING or status >= 500:
            wait_s = _asked_to_wait_s(error.response.headers)
            if wait_s > config.max_wait_s:
                self._fail(
                    f"it asks to come back in {wait_s:.0f} s ({answer}); run again later, what was "
                    "answered is kept, or raise sentences.language_model.endpoint.max_wait_s"
                )
            raise _TryAgain(f"it answered {answer}; try again later", wait_s) from None
        self._fail(f"it refuses the request ({answer}); check sentences.language_model")

    def _rest(self, failure: Exception) -> None:
        if isinstance(failure, _TryAgain) and failure.wait_s:
            self._pace.rest(failure.wait_s)

    def _fail(self, what: str) -> NoReturn:
        raise DataError(self._endpoint.redact(f"{self._endpoint.location}: {what}")) from None


def _complaint(error: openai.APIStatusError) -> str:
    """What an error's body says, in whichever of the usual places; one short line."""
    body: Any = error.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body.get("error") or body
    return shortened(str(body)) if body else ""


def _asked_to_wait_s(headers: Any) -> float:
    """The seconds in `Retry-After`, a number or a date; 0 without one."""
    value = headers.get("retry-after", "")
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (TypeError, ValueError):
        return 0.0
