"""The sources of a build's rows, with the licence of each: sentences, voices, noise, rooms.

What is only used beside it (the recognizer that judges, the lexicon of pronunciations) puts
nothing into a row and is not listed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from models.checkpoint import checkpoint_label, find_checkpoint, read_info
from models.engines.prepared import CARD
from models.engines.sherpa import LICENCE as SHERPA_LICENCE
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links.noise import MELNET, BackgroundNoise
from pipeline.augment.sound_pools import folders_of, load_libraries, sound_pools_of
from pipeline.augment.sounds.babble import babble_key, babble_library
from pipeline.augment.sounds.babble_config import BabbleConfig
from pipeline.augment.sounds.library import Sound, SoundLibrary
from pipeline.licences.summary import LicensedSource
from pipeline.licences.terms import UNKNOWN
from pipeline.sentences.own.recordings import OwnRecordings, licence_of
from pipeline.speech.other_voices import label_of, release_of
from pipeline.speech.own_recordings import label_of_recordings
from pipeline.speech.sources import SherpaSource, has_ours, others_of
from pipeline.speech.synthesize import VoiceConfig

_ANY_RATE = 16_000  # headers alone are read
_GRIFFIN_LIM = "griffin-lim"  # arithmetic, without weights that could have a licence


def sources_of_voices(config: VoiceConfig) -> Iterator[LicensedSource]:
    """The acoustic model and the vocoder, as rows name them: `name@digest`; and other voices."""
    yield from _sources_of_other_voices(config)
    if not has_ours(config.sources):
        return
    for kind, use, name in (
        ("voice", "acoustic_model", config.acoustic_model),
        ("vocoder", "vocoder", config.vocoder),
    ):
        if str(name) != _GRIFFIN_LIM:
            yield _checkpoint_source(kind, name, f"voice.{use}")


def _sources_of_other_voices(config: VoiceConfig) -> Iterator[LicensedSource]:
    """The model of each, and once the engine that makes its waves; of an endpoint both are one."""
    engines = set[str]()
    for key, source in others_of(config.sources):
        licence, place, engine = source.license, source.called, source.license
        if isinstance(source, SherpaSource):
            place, engine = f"{source.folder}/{CARD}", SHERPA_LICENCE
            licence = licence or source.voice.license
        by, of = f"voice {source.called}, spoken by {source.engine}", f"{key}.license"
        yield LicensedSource("voice", label_of(source), licence, by, of, place)
        if release_of(source) not in engines:
            yield LicensedSource("vocoder", release_of(source), engine, by, of, place)
            engines.add(release_of(source))


def sources_of_recordings(folders: Sequence[OwnRecordings]) -> Iterator[LicensedSource]:
    """Their voices and their waves; what they say is listed with the sentences."""
    for index, folder in enumerate(folders):
        for kind in ("voice", "vocoder"):
            label = label_of_recordings(folder.called)
            yield licence_of(f"sentences.recordings[{index}]", folder, kind, label)


def sources_of_sounds(
    config: AugmentConfig, shares: Mapping[str, float], seed: int
) -> Iterator[LicensedSource]:
    """Every recording that the chain may draw, and the split that alone may have it."""
    libraries = load_libraries(config.links, _ANY_RATE)
    keys = dict(_keys_of_folders(config))
    splits = _splits_of_sounds(config, libraries, shares)
    for folder, library in libraries.items():
        kind = next(kind for kind, name in _kinds_of_folders(config) if name == folder)
        path = str(folders_of(config.links)[folder])
        for sound in library.sounds:
            if _is_drawn(config, folder, sound):
                split = splits.get(sound.source, "")
                yield _sound_source(kind, sound, keys[folder], path, split)
    if config.babble:
        yield from _sources_of_babble(config.babble, seed)


def _sources_of_babble(config: BabbleConfig, seed: int) -> Iterator[LicensedSource]:
    """The babble that a MelNet draws, and the vocoder of it."""
    file = Path(f"{babble_key(config, seed)}.flac")
    (drawn,) = babble_library(config, file, _ANY_RATE).sounds
    drawing = _checkpoint_source("noise", config.checkpoint, "babble.checkpoint")
    yield replace(drawing, name=drawn.source, attribution=drawn.attribution)
    if config.vocoder != _GRIFFIN_LIM:
        yield _checkpoint_source("noise", config.vocoder, "babble.vocoder")


def _checkpoint_source(kind: str, name: str, key: str) -> LicensedSource:
    folder, info = find_checkpoint(name), read_info(name)
    label = checkpoint_label(name)
    learned = f", trained on {', '.join(info.trained_on)}" if info.trained_on else ""
    attribution = f"weights of {folder.name}{learned}"
    location = f"{name}/checkpoint.yaml"
    return LicensedSource(kind, label, info.licence or UNKNOWN, attribution, key, location)


def _sound_source(kind: str, sound: Sound, key: str, folder: str, split: str) -> LicensedSource:
    file = f"{folder}/{sound.source.partition('/')[2]}".rstrip("/")
    return LicensedSource(kind, sound.source, sound.license, sound.attribution, key, file, split)


def _keys_of_folders(config: AugmentConfig) -> Iterator[tuple[str, str]]:
    """(folder as the config names it, its key)."""
    for index, link in reversed(list(enumerate(config.links))):
        short = "noise" if isinstance(link, BackgroundNoise) else "room"
        key = f"augment.chain[{index}]" if config.chain else f"augment.{short}"
        for folder in link.folders():
            yield folder, f"{key}.folder"


def _kinds_of_folders(config: AugmentConfig) -> Iterator[tuple[str, str]]:
    for link in config.links:
        for folder in link.folders():
            yield link.licence, folder


def _is_drawn(config: AugmentConfig, folder: str, sound: Sound) -> bool:
    """Whether a link may draw it: a class without a weight is left out."""
    for link in config.links:
        if folder in link.folders():
            classes = link.classes if isinstance(link, BackgroundNoise) else {}
            if not classes or classes.get(sound.sound_class, 0) > 0:
                return True
    return False


def _splits_of_sounds(
    config: AugmentConfig, libraries: Mapping[str, SoundLibrary], shares: Mapping[str, float]
) -> dict[str, str]:
    """Source -> the only split that may use it, for recordings that are assigned to splits."""
    pools = sound_pools_of(config.links, libraries, _ANY_RATE, shares, config.split_sources)
    found: dict[str, set[str]] = {}
    for split, pool in pools.items():
        for name, library in pool.parts.items():
            for sound in library.sounds if name != MELNET else ():
                found.setdefault(sound.source, set()).add(split)
    return {
        source: next(iter(splits))
        for source, splits in found.items()
        if len(splits) == 1 and len(pools) > 1
    }
