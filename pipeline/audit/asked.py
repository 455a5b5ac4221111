"""What the config in a dataset's `build.json` asks of each column that is drawn."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from models.config import build
from pipeline.babble import CLASS as BABBLE
from pipeline.distributions import Choice, Distribution

_VOICE_NUMBERS = ("pace", "pitch_semitones", "energy")


@dataclass(frozen=True, slots=True)
class Asked:
    """`drawn` says how a column is distributed, by its name (`link.parameter` in the ledger);
    `probability` in how many of the clips a link is applied; `sampler` how rows follow on
    each other."""

    drawn: Mapping[str, Distribution | Choice]
    probability: Mapping[str, float]
    sampler: str = "independent"


def asked_by(config: Mapping[str, Any]) -> Asked:
    """Reads the sections `augment`, `voice` and `text` of a build's config; what is missing asks
    for nothing. Raises `ConfigError` for a distribution that this version does not know.
    """
    augment = config.get("augment") or {}
    probability = {
        link: float(section.get("probability", 1.0))
        for link, key in (("background_noise", "noise"), ("room_response", "room"))
        if (section := augment.get(key))
    }
    drawn = dict(_of_sections(augment)) | dict(_of_voice(config))
    return Asked(drawn, probability, augment.get("sampler") or "independent")


def _of_sections(augment: Mapping[str, Any]) -> Iterator[tuple[str, Distribution | Choice]]:
    noise = augment.get("noise") or {}
    if "snr_db" in noise:
        yield "background_noise.snr_db", _distribution(noise["snr_db"])
    if weights := noise.get("classes"):
        share = (noise.get("babble") or {}).get("share", 0.0)
        total = sum(weights.values())
        shares = {name: weight / total * (1 - share) for name, weight in weights.items()}
        shares[BABBLE] = shares.get(BABBLE, 0.0) + share
        yield "background_noise.class", Choice(shares)
    if "gain_db" in augment:
        yield "gain.gain_db", _distribution(augment["gain_db"])


def _of_voice(config: Mapping[str, Any]) -> Iterator[tuple[str, Distribution | Choice]]:
    voice = config.get("voice") or {}
    for name in _VOICE_NUMBERS:
        if name in voice:
            yield name, _distribution(voice[name])
    accent = (config.get("text") or {}).get("accent")
    if isinstance(accent, Mapping):
        yield "accent", Choice(dict(accent))


def _distribution(value: Any) -> Distribution:
    return build(Distribution, value, "build.json")
