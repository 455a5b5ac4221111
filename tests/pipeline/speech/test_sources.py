"""Voices of several sources: their shares, their names in rows, and what is refused."""

import math
from typing import Any

import pytest

from models.errors import ConfigError
from pipeline.speech.sources import (
    AnySource,
    EndpointSource,
    OurSource,
    has_ours,
    mixed,
    other_voices,
    row_settings_of,
)

OURS = {"anna": 1.0, "ben": 3.0}


def endpoint(**changed: Any) -> EndpointSource:
    asked = {"model": "tts", "voices": {"alloy": 1.0, "echo": 3.0}, "license": "CC-BY-4.0"}
    return EndpointSource(**asked | changed)


def test_each_source_has_its_share_whatever_its_voices_weigh() -> None:
    weights = mixed((OurSource(weight=1), endpoint(weight=2)), OURS)
    assert weights == pytest.approx({"anna": 0.25, "ben": 0.75, "tts:alloy": 0.5, "tts:echo": 1.5})
    assert mixed((), OURS) == OURS


def test_what_weighs_nothing_does_not_speak() -> None:
    silent = endpoint(voices={"alloy": 1.0, "echo": 0.0})
    assert mixed((OurSource(weight=0), silent), OURS) == {"tts:alloy": 1.0}
    assert list(other_voices((OurSource(), silent))) == ["tts:alloy"]


def test_ours_speak_unless_only_others_are_named() -> None:
    named: list[tuple[tuple[AnySource, ...], bool]] = [
        ((), True),
        ((OurSource(), endpoint()), True),
        ((endpoint(),), False),
    ]
    assert [has_ours(sources) for sources, _ in named] == [expected for _, expected in named]


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ((endpoint(), endpoint()), r"voice\.sources\[1\]: tts:alloy comes from an earlier source"),
        ((OurSource(weight=0),), r"voice\.sources: at least one weight must be above 0"),
        ((endpoint(voices={"a": 0.0}),), r"voice\.sources\[0\]\.voices: at least one weight"),
    ],
)
def test_mixtures_that_cannot_be_are_told(sources: tuple[AnySource, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        mixed(sources, OURS)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"model": " "}, "model: the name"),
        ({"license": ""}, "license: say what"),
        ({"voices": {}}, "voices: at least one"),
        ({"weight": math.nan}, "weight: weights must be finite and not negative, found nan"),
        ({"voices": {"a": -1.0}}, "a: weights must be finite and not negative"),
        ({"name": "a:b"}, "name: printable characters but `:` are allowed"),
    ],
)
def test_sources_that_cannot_be_are_told(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        endpoint(**changed)


def test_rows_depend_on_the_voices_and_not_on_where_they_are_asked_for_or_what_they_cost() -> None:
    (settings,) = row_settings_of((endpoint(),))
    assert settings.keys().isdisjoint({"endpoint", "budget", "license"})
    assert settings["voices"] == {"alloy": 1.0, "echo": 3.0}
    assert row_settings_of((endpoint(license="MIT"),)) == [settings]
    assert row_settings_of((endpoint(instructions="Whisper."),)) != [settings]
