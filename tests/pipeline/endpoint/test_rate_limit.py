"""Requests are spaced evenly over all threads, rest when asked to, and stop."""

import pytest

from pipeline.endpoint import rate_limit
from pipeline.endpoint.rate_limit import Pace, Stopped


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each request waited, on a clock that only waiting moves."""
    waits: list[float] = []
    monkeypatch.setattr(rate_limit.time, "monotonic", lambda: sum(waits))
    monkeypatch.setattr(Pace, "sleep", lambda self, seconds: waits.append(max(seconds, 0)))
    return waits


def test_requests_are_spaced_evenly_without_a_burst(slept: list[float]) -> None:
    pace = Pace(per_minute=30)
    for _ in range(3):
        pace.wait_for_slot()
    assert slept == [0, 2, 2]
    slept.append(60)  # an idle minute saves up nothing
    for _ in range(2):
        pace.wait_for_slot()
    assert slept[-2:] == [0, 2]


def test_no_request_goes_during_a_rest(slept: list[float]) -> None:
    pace = Pace(per_minute=60)
    pace.rest(10)
    pace.rest(3)  # a shorter one does not end it
    pace.wait_for_slot()
    assert slept == [10]


def test_what_waits_is_stopped() -> None:
    pace = Pace(per_minute=1)
    pace.wait_for_slot()
    pace.stop()
    with pytest.raises(Stopped):
        pace.wait_for_slot()
