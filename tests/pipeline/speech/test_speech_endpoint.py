from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.engines.engine import Saying, Spoken
from models.errors import DataError
from pipeline.endpoint.endpoint import EndpointConfig
from pipeline.speech.character_budget import CharacterBudgetConfig
from pipeline.speech.sources import EndpointSource
from pipeline.speech.speech_endpoint import SpeechEndpoint, check_speech_endpoint
from tests.speech_server import KEY, RATE, SpeechServer, speech_server

HELLO = Saying("Hello there.", "^ h ə l ˈoʊ | ð ˈɛ ɹ .")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SpeechServer]:
    with speech_server(monkeypatch) as running:
        yield running


@pytest.fixture
def source(tmp_path: Path) -> EndpointSource:
    patience = EndpointConfig(
        cache=tmp_path / "kept", requests_per_minute=60_000, attempts=3, retry_delay_s=0.0
    )
    return EndpointSource("tts-1", {"alloy": 1.0}, "MIT", instructions="Calm.", endpoint=patience)


def test_a_sentence_is_asked_for_once_as_the_protocol_says(
    server: SpeechServer, source: EndpointSource
) -> None:
    spoken = SpeechEndpoint(source, "voice.sources[0]").speak(HELLO, "alloy", 1.25)
    assert spoken.sample_rate == RATE
    assert len(spoken.wave) == int(RATE * 0.08 / 1.25) * len(HELLO.text)
    assert server.received == [
        {
            "model": "tts-1",
            "voice": "alloy",
            "input": HELLO.text,
            "speed": 1.25,
            "response_format": "wav",
            "instructions": "Calm.",
        }
    ]
    assert server.keys == [f"Bearer {KEY}"]
    again = SpeechEndpoint(source, "voice.sources[0]").speak(HELLO, "alloy", 1.25)
    assert np.array_equal(again.wave, spoken.wave)
    assert len(server.received) == 1


def test_other_voices_paces_and_texts_are_asked_for_anew(
    server: SpeechServer, source: EndpointSource
) -> None:
    engine = SpeechEndpoint(source, "voice.sources[0]")
    for text, voice, speed in (("A.", "alloy", 1.0), ("B.", "alloy", 1.0), ("A.", "nova", 1.1)):
        engine.speak(Saying(text, ""), voice, speed)
    assert len(server.received) == 3


def test_it_is_asked_again_until_it_answers(server: SpeechServer, source: EndpointSource) -> None:
    server.refusals = [503, 429]
    SpeechEndpoint(source, "voice.sources[0]").speak(HELLO, "alloy", 1.0)
    assert len(server.received) == 3


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, r"it refuses the key in \$OPENAI_API_KEY"),
        (404, r"knows no model `tts-1`, or is no speech endpoint .* voice.sources\[2\].model"),
        (400, r"it refuses the request \(HTTP 400: not now\); check voice.sources\[2\]"),
        (500, r"given up after 3 attempts: it answered HTTP 500: not now"),
    ],
)
def test_a_refusal_is_one_line(
    server: SpeechServer, source: EndpointSource, status: int, told: str
) -> None:
    server.refusals = [status] * 3
    with pytest.raises(DataError, match=told) as caught:
        SpeechEndpoint(source, "voice.sources[2]").speak(HELLO, "alloy", 1.0)
    assert KEY not in str(caught.value)


def test_an_answer_that_is_no_sound_is_told_and_not_kept(
    server: SpeechServer, source: EndpointSource
) -> None:
    server.broken = True
    engine = SpeechEndpoint(source, "voice.sources[0]")
    with pytest.raises(DataError, match="answered what is no sound"):
        engine.speak(HELLO, "alloy", 1.0)
    server.broken = False
    engine.speak(HELLO, "alloy", 1.0)


def test_what_another_build_has_kept_meanwhile_is_what_is_spoken(
    server: SpeechServer, source: EndpointSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, others = server.answer, list[Spoken]()

    def overtaken(request: dict[str, Any]) -> tuple[int, bytes]:
        monkeypatch.setattr(server, "answer", answer)
        others.append(SpeechEndpoint(source, "voice.sources[0]").speak(HELLO, "alloy", 1.0))
        return answer(request | {"voice": "another"})

    monkeypatch.setattr(server, "answer", overtaken)
    spoken = SpeechEndpoint(source, "voice.sources[0]").speak(HELLO, "alloy", 1.0)
    assert np.array_equal(spoken.wave, others[0].wave)


def test_a_damaged_kept_answer_is_named(server: SpeechServer, source: EndpointSource) -> None:
    engine = SpeechEndpoint(source, "voice.sources[0]")
    engine.speak(HELLO, "alloy", 1.0)
    (kept,) = Path(str(source.endpoint.cache)).rglob("*.wav")
    kept.write_bytes(b"RIFF")
    with pytest.raises(DataError, match=f"{kept.name}: this kept answer"):
        engine.speak(HELLO, "alloy", 1.0)


def test_the_budget_ends_it_before_the_request(
    server: SpeechServer, source: EndpointSource
) -> None:
    budget = CharacterBudgetConfig(max_cost_usd=0.0002, usd_per_million_characters=15.0)
    engine = SpeechEndpoint(replace(source, budget=budget), "voice.sources[1]")
    engine.speak(HELLO, "alloy", 1.0)
    with pytest.raises(DataError, match=r"^voice.sources\[1\].budget: 12 characters are sent"):
        engine.speak(HELLO, "alloy", 1.1)
    assert len(server.received) == 1


def test_a_missing_key_is_told_before_any_work(
    monkeypatch: pytest.MonkeyPatch, source: EndpointSource
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(DataError, match=r"no key in \$OPENAI_API_KEY.*voice.sources\[0\].endpoint"):
        check_speech_endpoint(source, "voice.sources[0]")
