"""The settings that a stage's key includes, where they are not a plain key of the config."""

from models.config import as_mapping
from models.precision import resolve_precision
from pipeline.build.config import BuildConfig, assignments_of_build, silence_of
from pipeline.build.runtime import resolve_device
from pipeline.build.stage import installed_versions
from pipeline.sentences import ranges
from pipeline.speech.other_voices import release_of
from pipeline.speech.sources import others_of, row_settings_of

_BF16 = "bf16, convolutions as products"  # this text names shards


def voice_without_vocoder(config: BuildConfig) -> dict[str, object]:
    """What mels depend on."""
    voice, apart = as_mapping(config.voice).items(), ("vocoder", "sources", "precision")
    kept = {key: value for key, value in voice if key not in apart and value is not None}
    return kept | other_voices(config) | precision(config)


def precision(config: BuildConfig) -> dict[str, object]:
    """What the voice computes in where it is not float32: older shards keep their names."""
    device = resolve_device(config.runtime)
    resolved = resolve_precision(config.voice.precision, device)
    return {} if resolved == "fp32" else {"voice.precision": _BF16}


def other_voices(config: BuildConfig) -> dict[str, object]:
    """What rows depend on where voices are mixed: sources, their engines, what resamples them."""
    sources = config.voice.sources
    if not sources:
        return {}
    engines = sorted({release_of(source) for _, source in others_of(sources)})
    settings = {"voice.sources": row_settings_of(sources), "engines": engines}
    return settings | installed_versions(["soxr"])


def silence_settings(config: BuildConfig) -> dict[str, object]:
    """What the waves of rows without speech depend on."""
    silence = silence_of(config)
    return {} if silence is None else {"seed": config.seed, "silence": as_mapping(silence)}


def given_accents(config: BuildConfig) -> list[object]:
    """What accents depend on where they are given by quota: every speaker has each."""
    if config.voice.quota is None:
        return []
    by_split = assignments_of_build(config)
    return [config.voice.quota, {split: sorted(own.voices) for split, own in by_split.items()}]


def recorded_accents(config: BuildConfig) -> dict[str, object]:
    """Those that recordings have of their own."""
    folders = config.sentences.recordings
    return {"recordings": {one.called: one.accent for one in folders}} if folders else {}


def speakers_apart(config: BuildConfig) -> dict[str, list[str]]:
    """The speakers of each split, where splits share none."""
    if "speaker" not in config.output.disjoint:
        return {}
    return {split: list(own.voices) for split, own in assignments_of_build(config).items()}


def kept_apart(config: BuildConfig) -> list[object]:
    """What the sentences' splits depend on, where they are decided with the sentences."""
    return [config.output.split, config.output.disjoint] if config.output.disjoint else []


def sentence_ranges(config: BuildConfig) -> dict[str, int]:
    """What sentences depend on where they are so many that they are drawn in ranges."""
    sentences = config.sentences
    if sentences.count <= ranges.RANGE_SENTENCES or len(ranges.starts_of(sentences)) == 1:
        return {}
    return {"range": ranges.RANGE_SENTENCES}
