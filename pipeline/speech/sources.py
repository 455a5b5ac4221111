"""Where a build's voices come from: `voice.sources`, which are mixed by weight.

A source is our checkpoints, a voice of another synthesizer, or an endpoint. The speakers of all but
the first are called `SOURCE:VOICE`, as in `kokoro:af_heart`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from models.config import as_mapping, resolve_path
from models.engines.prepared import PreparedVoice, files_of, read_prepared
from models.errors import ConfigError, DataError
from pipeline.endpoint.endpoint import EndpointConfig
from pipeline.licences.terms import check_licence_name
from pipeline.speech.character_budget import CharacterBudgetConfig

_BETWEEN = ":"  # a source and its voice
_NO_ROWS = ("endpoint", "budget", "license")


@dataclass(frozen=True)
class OurSource:
    """The acoustic model and the vocoder of `voice`, with its speakers."""

    engine: Literal["voxloom"] = "voxloom"
    weight: float = 1.0

    def __post_init__(self) -> None:
        _check_weights({"weight": self.weight})


@dataclass(frozen=True)
class SherpaSource:
    """A prepared voice (`voxloom voices import`), spoken by sherpa-onnx from our phonemes.

    `speakers` are weights by name; empty: all, equally. `name` is what rows call it, by default the
    folder's. `license` is that of the voice, by default what its `voice.yaml` says.
    """

    folder: Path
    engine: Literal["sherpa-onnx"] = "sherpa-onnx"
    weight: float = 1.0
    speakers: dict[str, float] = field(default_factory=dict)
    name: str = ""
    license: str = ""

    def __post_init__(self) -> None:
        _check_weights({"weight": self.weight, **self.speakers})
        check_licence_name(self.license)
        _check_name(self.name)

    @property
    def path(self) -> Path:
        return resolve_path(self.folder)

    @property
    def called(self) -> str:
        return self.name or self.path.name

    @property
    def voice(self) -> PreparedVoice:
        return read_prepared(self.path)


@dataclass(frozen=True)
class EndpointSource:
    """Voices of an OpenAI-compatible endpoint, `/v1/audio/speech`: they read the text as spoken,
    in their own `accent`, and follow the pace if the endpoint does.

    `voices` are weights by the endpoint's names; `license` is what its provider allows to be done
    with its speech, as far as you know.
    """

    model: str
    voices: dict[str, float]
    license: str
    engine: Literal["endpoint"] = "endpoint"
    weight: float = 1.0
    name: str = ""
    accent: str = "en-us"
    instructions: str = ""
    format: Literal["wav", "flac", "mp3"] = "wav"
    endpoint: EndpointConfig = field(default_factory=EndpointConfig)
    budget: CharacterBudgetConfig = field(default_factory=CharacterBudgetConfig)

    def __post_init__(self) -> None:
        if not self.model.strip():
            raise ValueError("model: the name of the endpoint's model is needed")
        if not self.license.strip():
            raise ValueError("license: say what may be done with this endpoint's speech")
        if not self.voices:
            raise ValueError("voices: at least one is needed")
        _check_weights({"weight": self.weight, **self.voices})
        check_licence_name(self.license)
        _check_name(self.name)

    @property
    def called(self) -> str:
        return self.name or self.model


AnySource = OurSource | SherpaSource | EndpointSource
OtherSource = SherpaSource | EndpointSource


@dataclass(frozen=True)
class OtherVoice:
    """A speaker that is none of ours: which voice of which source."""

    source: OtherSource
    voice: str


def has_ours(sources: tuple[AnySource, ...]) -> bool:
    """Whether our own checkpoints speak."""
    return not sources or any(isinstance(source, OurSource) for source in sources)


def others_of(sources: tuple[AnySource, ...]) -> Iterator[tuple[str, OtherSource]]:
    """The other sources, each with its key in the config."""
    for index, source in enumerate(sources):
        if not isinstance(source, OurSource):
            yield f"voice.sources[{index}]", source


def other_voices(sources: tuple[AnySource, ...]) -> dict[str, OtherVoice]:
    """The speakers of all other sources by the names that rows give them."""
    return {
        f"{source.called}{_BETWEEN}{voice}": OtherVoice(source, voice)
        for key, source in others_of(sources)
        for voice in _weights(key, source)
    }


def mixed(sources: tuple[AnySource, ...], ours: Mapping[str, float]) -> dict[str, float]:
    """All speakers with their weights: each source has its own share of the rows. Raises
    `ConfigError` naming a source that is told twice, or a voice that it lacks.
    """
    if not sources:
        return dict(ours)
    weights: dict[str, float] = {}
    for index, source in enumerate(sources):
        key, own = f"voice.sources[{index}]", dict(ours)
        if not isinstance(source, OurSource):
            own = {
                f"{source.called}{_BETWEEN}{voice}": weight
                for voice, weight in _weights(key, source).items()
            }
        total = sum(own.values())
        for name, weight in own.items():
            if name in weights:
                raise ConfigError(f"{key}: {name} comes from an earlier source; set another `name`")
            if weight * source.weight > 0:
                weights[name] = weight / total * source.weight
    if not weights:
        raise ConfigError("voice.sources: at least one weight must be above 0")
    return weights


def files_of_sources(sources: tuple[AnySource, ...]) -> list[Path]:
    """The files that other voices speak from."""
    return [
        path
        for _, source in others_of(sources)
        if isinstance(source, SherpaSource)
        for path in files_of(source.path, source.voice)
    ]


def row_settings_of(sources: tuple[AnySource, ...]) -> list[dict[str, Any]]:
    """What of them decides rows."""
    return [
        {
            item.name: as_mapping(getattr(source, item.name))
            for item in fields(source)
            if item.name not in _NO_ROWS
        }
        for source in sources
    ]


def _weights(key: str, source: OtherSource) -> dict[str, float]:
    """The voices of a source with their weights; those of weight 0 are left out."""
    if isinstance(source, EndpointSource):
        chosen, of = source.voices, f"{key}.voices"
    else:
        try:
            known = source.voice.speakers
        except DataError as error:
            raise DataError(f"{key}.folder: {error}") from None
        chosen, of = source.speakers or dict.fromkeys(known, 1.0), f"{key}.speakers"
        unknown = [name for name in chosen if name not in known]
        if unknown:
            few = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
            raise ConfigError(f"{of}: {unknown[0]}: no voice of {source.called}; it has {few}")
    if not sum(chosen.values()):
        raise ConfigError(f"{of}: at least one weight must be above 0")
    return {name: weight for name, weight in chosen.items() if weight > 0}


def _check_weights(weights: Mapping[str, float]) -> None:
    for name, weight in weights.items():
        if not 0 <= weight < math.inf:
            raise ValueError(f"{name}: weights must be finite and not negative, found {weight}")


def _check_name(name: str) -> None:
    if not name.isprintable() or _BETWEEN in name:
        raise ValueError(f"name: printable characters but `{_BETWEEN}` are allowed, found {name!r}")
