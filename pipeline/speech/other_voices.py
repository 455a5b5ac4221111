"""Voices that are none of ours: they speak a sentence themselves, after the mel stage.

The synthesis stage gives such a sentence its speaker and pace, and no mel; the vocoder's stage lets
the engine speak it; the judge finds where its words lie.
"""

import functools
import json
from collections.abc import Iterator, Mapping, Sequence

from models.config import as_mapping, build
from models.engines.engine import Engine, Saying, Spoken
from models.engines.prepared import digest_of
from models.engines.sherpa import SherpaEngine, installed_release
from models.errors import ConfigError, DataError
from models.json_files import parse_json
from models.phonology.foreign_accents import parse_accent
from pipeline.records import NO_PITCH, MelClip, Performance, SpokenSentence
from pipeline.speech.sources import (
    AnySource,
    EndpointSource,
    OtherSource,
    SherpaSource,
    other_voices,
    others_of,
)
from pipeline.speech.speech_endpoint import SpeechEndpoint, check_speech_endpoint


class OtherVoices:
    """The other voices of a build by the names that rows give them."""

    def __init__(self, sources: tuple[AnySource, ...]) -> None:
        self._sources = sources
        self._voices = other_voices(sources)
        self._labels = {source.called: label_of(source) for _, source in others_of(sources)}

    def __contains__(self, speaker: str) -> bool:
        return speaker in self._voices

    def able(self, voices: Mapping[str, float], sentence: SpokenSentence) -> Mapping[str, float]:
        """Those of `voices` that can say the sentence as it is to be said.

        Raises `DataError` where there is none.
        """
        if not self._voices:
            return voices
        marked = bool(sentence.pronounced_words)
        able = {n: w for n, w in voices.items() if self._says(n, sentence.accent, marked)}
        if sentence.pauses or sentence.emphasized_words:
            able = {name: weight for name, weight in able.items() if name not in self}
        if not able:
            what = "emphasis" if sentence.emphasized_words else "an inline pronunciation"
            what = "a <break>" if sentence.pauses else what
            raise DataError(f"no voice of voice.sources can follow {what}")
        return able

    def perform(self, sentence: SpokenSentence, speaker: str, pace: float) -> MelClip:
        """Who says it and how, without a mel; its words have no times yet."""
        performance = Performance(
            speaker=speaker,
            pace=pace,
            pitch_semitones=0.0,
            energy=1.0,
            words=(),
            acoustic_model=self._labels[self._voices[speaker].source.called],
            accent=sentence.accent,
            phonemes=sentence.phonemes,
        )
        return MelClip(sentence.id, performance, NO_PITCH)

    def speak(self, clip: MelClip, text: str) -> Spoken:
        """What `perform` gave, spoken; `text` is the sentence as spoken. Raises `DataError`."""
        performance, other = clip.performance, self._voices[clip.performance.speaker]
        accent = parse_accent(performance.accent).native
        saying = Saying(text, performance.phonemes, accent)
        return self._engine(other.source).speak(saying, other.voice, performance.pace)

    def release(self, clip: MelClip) -> str:
        """What rows call that which speaks a clip."""
        return release_of(self._voices[clip.performance.speaker].source)

    def check(self) -> None:
        """Raise `ConfigError` or `DataError` for a source that cannot be used."""
        for key, source in others_of(self._sources):
            if isinstance(source, EndpointSource):
                check_speech_endpoint(source, key)
                continue
            try:
                SherpaEngine(source.path)
            except DataError as error:
                raise DataError(f"{key}.folder: {error}") from None

    def check_accents(
        self, by_split: Mapping[str, Mapping[str, float]], accents: Sequence[str]
    ) -> None:
        """Raise `ConfigError` where nobody in a split speaks one of `accents`, or a source none."""
        for key, source in others_of(self._sources):
            if isinstance(source, EndpointSource) and source.accent not in accents:
                raise ConfigError(
                    f"{key}.accent: {source.called} reads text in {source.accent}, and text.accent "
                    f"asks for {', '.join(accents)} alone"
                )
        for split, voices in by_split.items():
            for accent in accents:
                if not any(self._says(name, accent) for name in voices):
                    of = f"the split {split}" if split else "voice.sources"
                    raise ConfigError(f"text.accent: {accent}: no voice of {of} speaks it")

    def ignored(self) -> Iterator[str]:
        """A line for each source: what of the prosody it does not follow."""
        for key, source in others_of(self._sources):
            yield (
                f"{key}: {source.called} follows voice.pace alone; its rows have pitch_semitones 0 "
                "and energy 1"
            )

    def _says(self, speaker: str, accent: str, marked: bool = False) -> bool:
        """An endpoint reads text, in its own accent, and would mispronounce what is `marked`."""
        other = self._voices.get(speaker)
        return (
            other is None
            or not isinstance(other.source, EndpointSource)
            or (accent == other.source.accent and not marked)
        )

    def _engine(self, source: OtherSource) -> Engine:
        key = next(key for key, one in others_of(self._sources) if one is source)
        return _opened(json.dumps(as_mapping(source)), key)


def label_of(source: OtherSource) -> str:
    """What rows call the model of a source: `kokoro@digest`, or an endpoint's by its name."""
    if isinstance(source, EndpointSource):
        return source.called
    return f"{source.called}@{digest_of(source.path, source.voice)}"


def release_of(source: OtherSource) -> str:
    """What rows call that which makes its waves: `sherpa-onnx@2.0.1`, `endpoint:NAME`."""
    if isinstance(source, EndpointSource):
        return f"endpoint:{source.called}"
    return installed_release()


@functools.lru_cache(maxsize=64)
def _opened(described: str, key: str) -> Engine:
    """One engine a process and source, so that all shards share its pace and budget."""
    settings = parse_json(described)
    if settings["engine"] == "endpoint":
        return SpeechEndpoint(build(EndpointSource, settings, where=key), key)
    return SherpaEngine(build(SherpaSource, settings, where=key).path)
