"""What a build's config asks of the ledger."""

from pipeline.audit.asked import asked_by


def test_the_sections_of_a_config_ask_for_links_and_distributions() -> None:
    noise = {
        "probability": 0.8,
        "snr_db": {"low": 5, "high": 25},
        "classes": {"rain": 3, "cafe": 1},
        "babble": {"share": 0.2},
    }
    asked = asked_by(
        {
            "augment": {"noise": noise, "room": None, "gain_db": {"low": -6, "high": 0}},
            "voice": {"pace": {"low": 0.9, "high": 1.1}},
            "text": {"accent": {"en-us": 1, "en-gb": 3}},
        }
    )
    assert asked.probability == {"background_noise": 0.8}
    assert asked.drawn["background_noise.snr_db"].describe() == "uniform from 5 to 25"
    shares = asked.drawn["background_noise.class"].probabilities()
    assert shares is not None
    assert {name: round(share, 3) for name, share in shares.items()} == {
        "rain": 0.6,
        "cafe": 0.2,
        "babble": 0.2,
    }
    assert set(asked.drawn) >= {"gain.gain_db", "pace", "accent"}


def test_a_config_without_sections_asks_for_nothing() -> None:
    asked = asked_by({"text": {"accent": "en-us"}})
    assert (asked.drawn, asked.probability) == ({}, {})
    assert asked.sampler == "independent"
