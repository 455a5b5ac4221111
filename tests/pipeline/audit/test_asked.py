"""What a build's config asks of the ledger."""

import json

import pytest

from models.config import as_mapping, build
from models.errors import ConfigError
from pipeline.audit.asked import asked_by, rounded
from pipeline.augment.augmenter import AugmentConfig
from pipeline.distributions import Distribution

NOISE = {
    "folder": "sounds/noise",
    "probability": 0.8,
    "snr_db": {"low": 5, "high": 25},
    "classes": {"rain": 3, "cafe": 1},
}


def test_the_short_form_asks_for_links_and_distributions() -> None:
    noise = NOISE | {"babble": {"share": 0.2}}
    asked = asked_by(
        {
            "augment": {"noise": noise, "room": None, "gain_db": {"low": -6, "high": 0}},
            "voice": {"pace": {"low": 0.9, "high": 1.1}, "speakers": {"mary": 1, "tom": 2}},
            "text": {"accent": {"en-us": 1, "en-gb": 3}},
        }
    )
    assert asked.probability == {"background_noise": 0.8, "gain": 1.0}
    assert asked.drawn["background_noise.snr_db"].describe() == "uniform from 5 to 25"
    shares = asked.drawn["background_noise.classes[0]"].probabilities()
    assert shares is not None
    assert {name: round(share, 3) for name, share in shares.items()} == {
        "rain": 0.6,
        "cafe": 0.2,
        "babble": 0.2,
    }
    assert set(asked.drawn) >= {"gain.gain_db", "pace", "accent", "speaker"}
    assert asked.even_kinds == {}


def test_a_chain_asks_for_every_parameter_of_its_links() -> None:
    chain = [
        {
            "link": "equalizer",
            "probability": 0.3,
            "gain_db": {"mean": 0, "std": 2, "low": -9, "high": 9},
        },
        {"link": "room_response", "folder": "sounds/rooms"},
        {"link": "background_noise", "folder": "sounds/noise", "count": {"choice": {1: 1, 2: 3}}},
        {"link": "codec"},
        {"link": "gain", "gain_db": -3},
        {"link": "gain", "gain_db": {"low": -1, "high": 0}},
    ]
    asked = asked_by({"augment": {"chain": chain}})
    assert asked.probability == {
        "equalizer": 0.3,
        "room_response": 1.0,
        "background_noise": 1.0,
        "codec": 1.0,
    }
    assert {f"equalizer.gains_db[{band}]" for band in range(7)} < set(asked.drawn)
    assert asked.drawn["background_noise.how many"].probabilities() == {"1": 0.25, "2": 0.75}
    assert "codec.codec" in asked.drawn
    assert not any(name.startswith("gain.") for name in asked.drawn)
    assert asked.even_files[0] == "room_response.source"
    assert asked.even_kinds == {"speaker": 0.0, "background_noise.classes[0]": 0.0}


def test_a_config_is_the_same_when_it_was_written_to_build_json() -> None:
    chain = [{"link": "codec"}, {"link": "clipping", "percent": {"choice": {1: 1, 2.5: 3}}}]
    config = build(AugmentConfig, {"chain": chain}, "")
    again = json.loads(json.dumps(as_mapping(config)))
    assert asked_by({"augment": again}) == asked_by({"augment": {"chain": chain}})


def test_whole_numbers_are_drawn_by_rounding() -> None:
    assert rounded(Distribution(value=2)).probabilities() == {"2": 1.0}
    shares = rounded(Distribution(low=1, high=3)).probabilities()
    assert shares == pytest.approx({"1": 0.25, "2": 0.5, "3": 0.25})


def test_a_config_without_sections_asks_for_nothing_but_even_voices() -> None:
    asked = asked_by({"text": {"accent": "en-us"}})
    assert (asked.drawn, asked.probability) == ({}, {})
    assert asked.even_kinds == {"speaker": 0.0}
    assert not asked.takes_turns


def test_a_quota_leaves_open_how_often_a_voice_comes() -> None:
    voice = {"quota": {"pace_bands": 2}, "speakers": {"mary": 3}, "pace": {"low": 1, "high": 2}}
    asked = asked_by({"voice": voice, "text": {"accent": {"en-us": 1, "en-gb": 3}}})
    assert asked.voices_take_turns
    assert set(asked.drawn) == {"pace"}
    assert asked.even_kinds == {}


def test_what_generated_voices_are_like_comes_on_top_of_what_is_asked() -> None:
    voice = {"pace": {"low": 1, "high": 2}, "vocal_tract": {"mean": 1, "std": 0.02}}
    generated = {"count": 4, "vocal_tract": {"low": 0.9, "high": 1.1}, "pace": 1.0}
    assert set(asked_by({"voice": voice}).drawn) == {"pace", "vocal_tract"}
    assert set(asked_by({"voice": voice | {"generated": generated}}).drawn) == {"pace"}


def test_a_chain_of_another_version_is_named() -> None:
    with pytest.raises(ConfigError, match="teleport"):
        asked_by({"augment": {"chain": [{"link": "teleport"}]}})
