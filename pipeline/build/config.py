"""The config of a whole build: one typed section a stage, filled from `configs/build/*.yaml`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.checkpoint import checkpoint_digest, read_info
from models.config import load_config, resolve_path
from models.errors import ConfigError, shortened
from models.folders import check_can_be_written
from models.mirror import mirror
from models.object_store import RemotePath
from pipeline.audio.delivery import check_delivery
from pipeline.augment.augmenter import check_augment
from pipeline.augment.config import AugmentConfig
from pipeline.build.licence_sources import (
    sources_of_recordings,
    sources_of_sounds,
    sources_of_voices,
)
from pipeline.build.policy import PolicyConfig, check_policy
from pipeline.build.runtime import RuntimeConfig, resolve_device
from pipeline.dataset.output import OutputConfig, check_output
from pipeline.domain.domains import read_domain
from pipeline.judging.judge import JudgeConfig, check_judge
from pipeline.licences.summary import LicensedSource, RowLicences
from pipeline.sentences.drawing.split_plan import SplitPlan, plan_splits
from pipeline.sentences.generate import SentencesConfig, check_sentences, licensed_sentences
from pipeline.sentences.negatives.negatives import KEY as NEGATIVES_KEY
from pipeline.sentences.negatives.negatives import check_as_spoken
from pipeline.sentences.negatives.silence_config import KEY as SILENCE_KEY
from pipeline.sentences.negatives.silence_config import SilenceConfig
from pipeline.sentences.own.recording import OwnRecording
from pipeline.sentences.own.recordings import recordings_by_id
from pipeline.sentences.ranges import rows_by_split
from pipeline.speech.foreign_accents import check_foreign_accents
from pipeline.speech.other_voices import OtherVoices
from pipeline.speech.own_recordings import NO_RECORDINGS
from pipeline.speech.sources import EndpointSource, has_ours, others_of
from pipeline.speech.speaker_assignment import SpeakerAssignment
from pipeline.speech.synthesize import VoiceConfig, check_voice, speaker_assignments
from pipeline.splits import used_splits
from pipeline.text.pronunciations import Lexicon, load_lexicon, with_domain
from pipeline.text.spoken import TextConfig, check_text

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class BuildConfig:
    """Everything that decides a dataset. The rows depend on all sections but `runtime`."""

    name: str
    sentences: SentencesConfig
    voice: VoiceConfig
    output: OutputConfig
    seed: int = 0
    text: TextConfig = field(default_factory=TextConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    judge: JudgeConfig = field(default_factory=JudgeConfig)
    policy: PolicyConfig = field(default_factory=PolicyConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name: {shortened(self.name)!r}; up to 100 letters, digits, `.`, `_` and `-` are "
                "allowed"
            )
        if self.seed < 0:
            raise ValueError(f"seed: {self.seed}; 0 or more is needed")

    @property
    def work_dir(self) -> Path:
        """Where the shards of this build lie, absolute."""
        output = self.output.path
        beside = Path() if isinstance(output, RemotePath) else output.absolute().parent
        return (self.runtime.work_dir or beside / ".voxloom" / self.name).absolute()


def load_build_config(path: Path | str, overrides: Sequence[str] = ()) -> BuildConfig:
    """The config in the YAML file `path` with `overrides` (`dotted.key=value`) put over it.

    Raises `ConfigError` naming the file and the key.
    """
    mirror.cache_clear()  # a process may build more than once
    return load_config(BuildConfig, resolve_path(path), overrides)


def lexicon_of(config: BuildConfig) -> Lexicon:
    """Words that espeak-ng is not asked for: a domain's, and over them those of `text`'s files.

    Raises `DataError` naming the file and line, or the domain and word, of a wrong symbol.
    """
    domain = config.sentences.domain
    files = load_lexicon(config.text.pronunciations)
    if domain is None:
        return files
    return with_domain(files, read_domain(domain).pronunciations, str(domain))


def split_plan_of(config: BuildConfig) -> SplitPlan | None:
    """The split plan of `output.disjoint`; None where it is empty.

    Raises `ConfigError` for what does not exist or is too little for all splits.
    """
    output, domain = config.output, config.sentences.domain
    if not output.disjoint:
        return None
    read = None if domain is None else read_domain(domain)
    cache = config.text.grammar_cache
    return plan_splits(output.split, output.disjoint, config.seed, read, cache)


def assignments_of_build(config: BuildConfig) -> dict[str, SpeakerAssignment]:
    """The speakers of every split: all, unless `output.disjoint` has `speaker`."""
    shares = config.output.split if "speaker" in config.output.disjoint else None
    return speaker_assignments(config.voice, config.text.used_accents, config.seed, shares)


def recordings_of(config: BuildConfig) -> Mapping[str, OwnRecording]:
    """The rows that were spoken already, by id. Raises `DataError` as `read_recordings` does."""
    sentences = config.sentences
    if not sentences.recordings:
        return NO_RECORDINGS
    return recordings_by_id(sentences.recordings, config.seed, sentences.repetitions)


def check_build(config: BuildConfig) -> None:
    """Raise the error that the build would end in, before any work is done.

    Looks at the templates and lexicons, the checkpoints, the sounds, the output directory
    and the device; takes a second or two.
    """
    check_output(config.output, config.name)
    check_can_be_written(config.work_dir, "runtime.work_dir")
    check_sentences(config.sentences, config.seed)
    check_text(config.text)
    negatives = config.sentences.negatives
    if negatives is not None and negatives.has_near_misses:
        accents = list(config.text.used_accents)
        check_as_spoken(negatives, accents, config.text.pronunciations)
    _check_own_speech(config)
    _check_silence(config)
    lexicon_of(config)
    check_voice(config.voice)
    if has_ours(config.voice.sources):
        check_foreign_accents(config.text.used_accents, config.voice.acoustic_model)
    _check_other_voices(config)
    _check_recordings(config)
    check_delivery(config.output.delivery, read_info(config.voice.acoustic_model).mel.sample_rate)
    split_plan_of(config)
    rows = rows_by_split(config.sentences, config.output.split)
    for split, assignment in assignments_of_build(config).items():
        if assignment.quota is not None:
            assignment.quota.check(rows[split] if split else rows.total())
    check_judge(config.judge)
    if config.judge.recognizer is not None:
        checkpoint_digest(config.judge.recognizer)
    check_augment(config.augment, config.output.split)
    for kind in ("noise", "room"):
        if kind in config.output.disjoint and not config.augment.split_sources:
            raise ConfigError(
                f"output.disjoint: {kind}: augment.split_sources must be true, so that every "
                "recording is assigned to one split"
            )
    check_policy(config.policy, config.output.license, licensed_sources(config))
    resolve_device(config.runtime)


def silence_of(config: BuildConfig) -> SilenceConfig | None:
    """The config of rows without speech; None where there are none."""
    negatives = config.sentences.negatives
    return negatives.silence if negatives else None


def _check_own_speech(config: BuildConfig) -> None:
    """Raise `ConfigError` where the babble of own speech may say what a row must not contain."""
    negatives = config.sentences.negatives
    if negatives is None or not config.augment.hears_own_speech:
        return
    key, unsaid = SILENCE_KEY, "what silence must not"
    if negatives.has_near_misses:
        key, unsaid = NEGATIVES_KEY, "the phrases that negatives must not"
    raise ConfigError(
        f"{key}: augment has babble of the dataset's own speech, which may say {unsaid}; give the "
        "babble a `folder` or a `melnet`"
    )


def _check_silence(config: BuildConfig) -> None:
    """Raise `ConfigError` for what rows without speech cannot be combined with."""
    if silence_of(config) is not None and config.voice.quota is not None:
        raise ConfigError(f"voice.quota: rows of {SILENCE_KEY} have no voice; use one of them")


def _check_recordings(config: BuildConfig) -> None:
    """Raise `ConfigError` for what recordings need and the build has not."""
    if not config.sentences.recordings:
        return
    key, splits = "sentences.recordings[0]", used_splits(config.output.split)
    if len(splits) > 1 and "speaker" not in config.output.disjoint:
        raise ConfigError(
            f"output.disjoint: {key} has real speakers, who must not be in two splits; add "
            "`speaker`, or set output.split to one split"
        )
    if config.judge.recognizer is None:
        raise ConfigError(f"judge.recognizer: null, and it finds the words of {key}")
    if config.voice.quota is not None:
        raise ConfigError(f"voice.quota: {key} has speakers and paces of its own; use one of them")


def _check_other_voices(config: BuildConfig) -> None:
    """Raise `ConfigError` for what other voices need and the build has not."""
    others = list(others_of(config.voice.sources))
    if not others:
        return
    accents = config.text.used_accents
    by_split = {split: own.voices for split, own in assignments_of_build(config).items()}
    OtherVoices(config.voice.sources).check_accents(by_split, accents)
    if config.judge.recognizer is None:
        raise ConfigError(
            f"judge.recognizer: null, and it finds when the voices of {others[0][0]} say which word"
        )
    for key, source in others:
        if isinstance(source, EndpointSource):
            if config.voice.quota is not None and len(accents) > 1:
                raise ConfigError(
                    f"{key}: has one accent, and voice.quota wants every voice in "
                    f"{', '.join(accents)}"
                )
            if config.runtime.runner != "threads":
                raise ConfigError(
                    f"runtime.runner: {config.runtime.runner}; the pace and budget of {key} are "
                    "kept in one process, so threads is needed"
                )


def licensed_sources(config: BuildConfig) -> list[LicensedSource]:
    """Everything that may be in a row of the build, with its licence."""
    spoken = [
        *licensed_sentences(config.sentences, config.output.license),
        *sources_of_voices(config.voice),
        *sources_of_recordings(config.sentences.recordings),
    ]
    return [*spoken, *sources_of_sounds(config.augment, config.output.split, config.seed)]


def row_licences(config: BuildConfig) -> RowLicences:
    """What gives every row of the build its licence."""
    own = config.output.license
    spoken = [
        *licensed_sentences(config.sentences, own),
        *sources_of_voices(config.voice),
        *sources_of_recordings(config.sentences.recordings),
    ]
    return RowLicences.of_sources(own, spoken)
