"""What the config in a dataset's `build.json` asks of each column that is drawn."""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.config import build
from models.speakers.mixing import canonical_name
from pipeline.audit.columns import HOW_MANY, VOICE_NUMBERS
from pipeline.augment.links.spectrum import BANDS_HZ
from pipeline.distributions import Choice, Distribution
from pipeline.speech.voices import ALL_GENERATED

if TYPE_CHECKING:
    from pipeline.augment.links.link import Link

_MOST_SOUNDS = 32  # at once


@dataclass(frozen=True, slots=True)
class Asked:
    """`drawn` says how a column is distributed, by its name (`link.parameter` in the ledger);
    `probability` in how many of the clips a link is applied. `even_files` are columns that name
    files of which each is as likely as the others of its kind, `even_kinds` those that name
    kinds, or speakers, with the share that babble takes first. `takes_turns` where rows are drawn
    to differ from those before: by the sampler, and voices by a quota.
    """

    drawn: Mapping[str, Distribution | Choice]
    probability: Mapping[str, float]
    even_files: tuple[str, ...] = ()
    even_kinds: Mapping[str, float] = dataclasses.field(default_factory=dict)
    takes_turns: bool = False
    voices_take_turns: bool = False


def asked_by(config: Mapping[str, Any]) -> Asked:
    """Reads the sections `augment`, `voice` and `text` of a build's config; what is missing asks
    for nothing. Raises `ConfigError` for a chain that this version does not know.

    Of a kind of link that a chain has twice nothing is expected: a row does not say which of
    the two it has.
    """
    from pipeline.augment.augmenter import AugmentConfig
    from pipeline.augment.chain import kind_of
    from pipeline.augment.links import BackgroundNoise, RoomResponse

    augment = build(AugmentConfig, config.get("augment") or {}, "build.json")
    kinds = Counter(kind_of(link) for link in augment.links)
    links = {kind_of(link): link for link in augment.links if kinds[kind_of(link)] == 1}
    drawn: dict[str, Distribution | Choice] = {}
    files: list[str] = []
    even_kinds: dict[str, float] = {}
    for kind, link in links.items():
        drawn |= {f"{kind}.{name}": asked for name, asked in _of_link(link)}
        if isinstance(link, RoomResponse):
            files.append(f"{kind}.source")
        if isinstance(link, BackgroundNoise):
            files += [f"{kind}.sources[{index}]" for index in range(_MOST_SOUNDS)]
            if not link.classes:
                even_kinds[f"{kind}.classes[0]"] = link.babble.share if link.babble else 0.0
    drawn |= dict(_of_voice(config))
    has_quota = bool((config.get("voice") or {}).get("quota"))
    if not has_quota and "speaker" not in drawn:
        even_kinds["speaker"] = 0.0
    return Asked(
        drawn,
        {kind: link.probability for kind, link in links.items()},
        tuple(files),
        even_kinds,
        takes_turns=getattr(augment, "sampler", "independent") != "independent",
        voices_take_turns=has_quota,
    )


def _of_link(link: "Link") -> Iterator[tuple[str, Distribution | Choice]]:
    """Each parameter as the ledger calls it, with what it is drawn from."""
    from pipeline.augment.links import Babble, BackgroundNoise, Equalizer
    from pipeline.augment.sounds.babble import CLASS

    asked = {
        field.name: value
        for field in dataclasses.fields(link)
        if isinstance(value := getattr(link, field.name), (Distribution, Choice))
    }
    if isinstance(link, Equalizer):
        asked = {f"gains_db[{band}]": link.gain_db for band in range(len(BANDS_HZ))}
    if isinstance(link, Babble) and not link.melnet:
        asked[HOW_MANY] = rounded(link.voices)
    if isinstance(link, BackgroundNoise):
        if not link.babble:
            asked[HOW_MANY] = rounded(link.count)
        if link.classes:
            asked["classes[0]"] = _with_babble(link.classes, CLASS, link.babble)
    yield from asked.items()


def rounded(numbers: Distribution) -> Choice:
    """The whole numbers, by name, that come of rounding what is drawn from `numbers`."""
    low, high = (round(bound) for bound in numbers.bounds)
    edges = numbers.cdf(np.arange(low - 1, high + 1) + 0.5)
    shares = np.diff(edges).tolist()
    return Choice({str(low + index): max(0.0, share) for index, share in enumerate(shares)})


def _with_babble(weights: Mapping[str, float], name: str, babble: Any) -> Choice:
    share = babble.share if babble else 0.0
    total = sum(weights.values())
    shares = {kind: weight / total * (1 - share) for kind, weight in weights.items()}
    shares[name] = shares.get(name, 0.0) + share
    return Choice(shares)


def _of_voice(config: Mapping[str, Any]) -> Iterator[tuple[str, Distribution | Choice]]:
    voice = config.get("voice") or {}
    generated = voice.get("generated") or {}
    for name in VOICE_NUMBERS:
        # What a generated voice is like comes on top of what is drawn for the row.
        if name in voice and not _varies(generated.get(name)):
            yield name, build(Distribution, voice[name], "build.json")
    if voice.get("quota"):
        return  # it says only who is there, and a quota how often
    weights = voice.get("speakers") or {}
    if weights and ALL_GENERATED not in weights:
        yield "speaker", Choice({canonical_name(name): share for name, share in weights.items()})
    accent = (config.get("text") or {}).get("accent")
    if isinstance(accent, Mapping):
        yield "accent", Choice(dict(accent))


def _varies(distribution: Any) -> bool:
    if distribution is None:
        return False
    low, high = build(Distribution, distribution, "build.json").bounds
    return low < high
