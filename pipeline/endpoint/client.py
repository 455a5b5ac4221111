"""A client of an OpenAI-compatible endpoint: retries, pauses, and errors that say what to do.

The `openai` client speaks; when to try again and how long to wait is decided here, because its own
retries count neither what a request costs nor the rests that an endpoint asks for.
"""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, TypeVar

import httpx2
import openai

from models.errors import DataError, shortened
from pipeline.endpoint.endpoint import Endpoint, EndpointConfig
from pipeline.endpoint.failures import TryAgain, UnusableReply
from pipeline.endpoint.rate_limit import Pace

_CONNECT_S = 10.0
_PASSING = (408, 409, 425, 429)  # and all from 500 on
T = TypeVar("T")


class EndpointClient:
    """Several threads may ask at a time; they share the pace. `section` is that of the config, and
    `kind` what it should be an endpoint of.
    """

    def __init__(
        self, endpoint: Endpoint, config: EndpointConfig, section: str, kind: str, most_bytes: int
    ) -> None:
        self.endpoint, self._config = endpoint, config
        self._section, self._kind, self._most_bytes = section, kind, most_bytes
        self._pace = Pace(config.requests_per_minute)
        self.openai = openai.OpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.api_key,
            max_retries=0,
            timeout=openai.Timeout(config.timeout_s, connect=min(config.timeout_s, _CONNECT_S)),
        )

    def patiently(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns, after as many attempts as the config allows.

        Raises `DataError` in one line: endpoint, what went wrong, what to do; `Stopped` after
        `stop`.
        """
        attempts, delay_s = self._config.attempts, self._config.retry_delay_s
        for number in range(1, attempts + 1):
            try:
                return attempt()
            except (TryAgain, UnusableReply) as failure:
                if number == attempts:
                    self.fail(f"given up after {attempts} attempts: {failure}")
                if isinstance(failure, TryAgain) and failure.wait_s:
                    self._pace.rest(failure.wait_s)
                self._pace.sleep(min(delay_s * 2 ** (number - 1), self._config.max_wait_s))
        raise AssertionError("at least one attempt is made")

    def wait_for_slot(self) -> None:
        """Return when the next request may go."""
        self._pace.wait_for_slot()

    def send(self, resource: Any, body: dict[str, Any]) -> bytes:
        """The answer of `resource.create(**body)`, all of it within the time that one request has.

        Raises `TryAgain` where it does not come, and `openai.APIStatusError` for a refusal.
        """
        try:
            return self._received(resource, body)
        except (openai.APITimeoutError, httpx2.TimeoutException):
            raise TryAgain(
                f"no answer within {self._config.timeout_s:g} s; is it overloaded? raise "
                f"{self._section}.endpoint.timeout_s",
                may_be_charged=True,
            ) from None
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            cause = shortened(str(error.__cause__ or error))
            raise TryAgain(
                f"it cannot be reached, or it broke off ({cause}); is it running, and is "
                f"${self._config.base_url_variable} its address?"
            ) from None

    def explain(self, error: openai.APIStatusError, model: str) -> NoReturn:
        """What a status means for the person who waits: try again, or put something right."""
        status, config = error.status_code, self._config
        complaint = shortened(self.endpoint.redact(complaint_of(error)))
        answer = f"HTTP {status}: {complaint}" if complaint else f"HTTP {status}"
        if status in (401, 403):
            self.fail(
                f"it refuses the key in {config.key_source} ({answer}); set it to a valid one, or "
                f"${config.base_url_variable} to the endpoint that it belongs to"
            )
        if status == 404:
            self.fail(
                f"it knows no model `{model}`, or is no {self._kind} endpoint ({answer}); check "
                f"{self._section}.model and ${config.base_url_variable}"
            )
        if status == 429 and error.code == "insufficient_quota":
            self.fail(f"the credit of the key in {config.key_source} is used up ({answer})")
        if status in _PASSING or status >= 500:
            wait_s = _asked_to_wait_s(error.response.headers)
            if wait_s > config.max_wait_s:
                self.fail(
                    f"it asks to come back in {wait_s:.0f} s ({answer}); run again later, what was "
                    f"answered is kept, or raise {self._section}.endpoint.max_wait_s"
                )
            raise TryAgain(f"it answered {answer}; try again later", wait_s) from None
        self.fail(f"it refuses the request ({answer}); check {self._section}")

    def fail(self, what: str) -> NoReturn:
        raise DataError(self.endpoint.redact(f"{self.endpoint.location}: {what}")) from None

    def stop(self) -> None:
        """Let threads that wait end with `Stopped`."""
        self._pace.stop()

    def close(self) -> None:
        self.openai.close()

    def _received(self, resource: Any, body: dict[str, Any]) -> bytes:
        deadline = time.monotonic() + self._config.timeout_s
        with resource.with_streaming_response.create(**body) as response:
            received = bytearray()
            for chunk in response.iter_bytes():
                received += chunk
                if time.monotonic() > deadline:
                    raise openai.APITimeoutError(response.http_request)
                if len(received) > self._most_bytes:
                    raise UnusableReply("it sends answers without end; is the address right?")
            return bytes(received)


def complaint_of(error: openai.APIStatusError) -> str:
    """What an error's body says, in whichever of the usual places; it may quote the key."""
    body: Any = error.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("detail") or body.get("error") or body
    return str(body) if body else ""


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
