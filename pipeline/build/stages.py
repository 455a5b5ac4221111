"""The stages over shards: a path in, a path out, and nothing done twice.

A shard's name holds a key over everything its content depends on: the stage and its version,
the part of the config that the stage reads, the key of what it reads, and the digests of the
files it uses. A shard of that name that is intact is therefore finished work, whoever made it:
a build that was killed goes on where it stopped, a changed noise setting redoes `augment` and
after, and a damaged file is made again. (runtime settings are in no key: they change no row.)
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import MISSING, Field, dataclass, fields, replace
from pathlib import Path
from typing import Any

from models.checkpoint import checkpoint_digest
from models.config import as_mapping, resolve_path
from pipeline.audio.delivery import Delivery
from pipeline.augment.augment_clips import augment_clips
from pipeline.augment.augmenter import AugmentConfig, AugmentSetting, augment_digest
from pipeline.augment.intent_ranks import turns_of
from pipeline.augment.own_speech import OWN_CLIPS, write_own_speech
from pipeline.augment.sounds.babble import babble_key, make_babble
from pipeline.build.config import (
    BuildConfig,
    castings_of_build,
    lexicon_of,
    licensed_sources,
    resolve_device,
    row_licences,
    split_plan_of,
)
from pipeline.build.seal import seal
from pipeline.coverage.figures import CoverageFigures, coverage_of_build
from pipeline.dataset.build_record import BuildInfo
from pipeline.dataset.existing_sentences import existing_sentences_of
from pipeline.dataset.files import file_digest
from pipeline.dataset.manifest import assemble, write_part
from pipeline.judging.retakes import judge_clips
from pipeline.licences.ledger import RowLicences
from pipeline.records import (
    CleanClip,
    FinishedClip,
    JudgedClip,
    MelClip,
    Reject,
    Sentence,
    SpokenSentence,
)
from pipeline.sentences.drawing.existing_sentences import ExistingSentences
from pipeline.sentences.generate import SentencesConfig, describe_domain, generate, sentences_digest
from pipeline.speech.speaker_assignment import casting_of
from pipeline.speech.synthesize import synthesize
from pipeline.speech.vocode import vocode
from pipeline.storage.shards import is_intact, read_shard, shard_key, shard_path, write_shard
from pipeline.text.pronunciations import lexicon_digest
from pipeline.text.spoken import text_frontend

STAGES = ("generate", "frontend", "synthesize", "vocode", "judge", "augment", "manifest")

# Raise a stage's number when its code makes other rows from the same config.
_VERSIONS = dict.fromkeys(STAGES, 1) | {
    "generate": 6,
    "frontend": 5,
    "synthesize": 3,
    "augment": 5,
    "manifest": 2,
}


@dataclass(frozen=True)
class Job:
    """A build as the stages see it: plain data, small enough to send to any worker.

    `keys` by stage; `device` is `cpu` or `cuda`; `work_dir` is absolute. `extends` is the dataset
    that the rows will be added to, and say nothing of.
    """

    config: BuildConfig
    keys: dict[str, str]
    work_dir: Path
    device: str
    num_shards: int
    licences: RowLicences
    extends: Path | None = None

    def shard(self, stage: str, index: int) -> Path:
        """Where the shard `index` of `stage` lies, once it is made."""
        return shard_path(self.work_dir, stage, self.keys[stage], index)

    def shards(self, stage: str) -> list[Path]:
        return [self.shard(stage, index) for index in range(self.num_shards)]

    def next_shard(self, stage: str, source: Path) -> Path:
        """What `stage` makes out of the shard `source` of an earlier stage."""
        return self.shard(stage, _index_of(source))


def plan(config: BuildConfig, extends: Path | None = None) -> Job:
    """The shards of a build and their names. Reads digests, makes nothing.

    With a dataset that it `extends`, the build says nothing that this says.
    """
    return Job(
        config=config,
        keys=stage_keys(config, existing_sentences_of(extends) if extends else None),
        work_dir=config.work_dir,
        device=resolve_device(config.runtime),
        num_shards=-(-config.sentences.num_rows // config.runtime.shard_size),
        licences=row_licences(config),
        extends=extends,
    )


def stage_keys(config: BuildConfig, existing: ExistingSentences | None = None) -> dict[str, str]:
    """The key of every stage: what its shards depend on, and nothing else; `existing`
    are the sentences of the dataset that the build extends."""
    voice = {key: value for key, value in as_mapping(config.voice).items() if value is not None}
    vocoder = voice.pop("vocoder")
    delivery = _set_keys(config.output.delivery)
    keeps_noise = ["noise_audio"] if config.output.keep_noise else []
    settings = {
        "generate": [
            config.seed,
            _set_keys(config.sentences),
            config.runtime.shard_size,
            *_kept_apart(config),
            *([existing.digest] if existing else []),
        ],
        "frontend": [config.seed, config.text.row_settings, *_given_accents(config)],
        "synthesize": [config.seed, voice],
        "vocode": [vocoder],
        "judge": [config.seed, config.judge.row_settings],
        "augment": [
            config.seed,
            _set_keys(config.augment),
            config.output.split,
            *keeps_noise,
            *([delivery] if delivery else []),
        ],
        "manifest": [
            config.output.license,
            sorted(row_licences(config).licences.items()),
            *config.output.kept,
        ],
    }
    digests = used_digests(config)
    files = {
        "generate": ["sentences"],
        "frontend": ["pronunciations"],
        "synthesize": ["acoustic_model"],
        "vocode": ["vocoder"],
        "judge": ["acoustic_model", "vocoder", "recognizer"],
        "augment": ["sounds", "babble"],
    }
    keys: dict[str, str] = {}
    for stage in STAGES:
        upstream = list(keys.values())[-1:]
        used = {name: digests[name] for name in files.get(stage, []) if name in digests}
        keys[stage] = shard_key(stage, _VERSIONS[stage], settings[stage], upstream, used)
    return keys


def _given_accents(config: BuildConfig) -> list[object]:
    """What accents depend on where they are given by quota: every speaker has each."""
    if config.voice.quota is None:
        return []
    by_split = castings_of_build(config)
    return [config.voice.quota, {split: list(own.voices) for split, own in by_split.items()}]


def _kept_apart(config: BuildConfig) -> list[object]:
    """What the sentences' splits depend on, where they are decided with the sentences."""
    return [config.output.split, config.output.disjoint] if config.output.disjoint else []


def _set_keys(section: SentencesConfig | AugmentConfig | Delivery) -> dict[str, object]:
    """Without what stands at its default, so that a new option leaves old shards their names,
    and of sections that have settings beside those of rows (`row_settings`) only the latter.
    """

    def default(field: Field[Any]) -> object:
        made = field.default_factory
        return made() if made is not MISSING else field.default

    return {
        field.name: as_mapping(getattr(value, "row_settings", value))
        for field in fields(section)
        if (value := getattr(section, field.name)) != default(field)
    }


def generate_shards(job: Job) -> list[Path]:
    """Stage 1, the whole build in one pass: what is distinct can only be known together."""
    paths = job.shards("generate")
    if all(is_intact(path) for path in paths):
        return paths
    plan = split_plan_of(job.config)
    extends = job.extends
    existing = existing_sentences_of(extends) if extends else ExistingSentences()
    rows = _numbered(generate(job.config.sentences, job.config.seed, plan, existing))
    for path, cut in zip(paths, _cut(rows, job.config.runtime.shard_size), strict=True):
        write_shard(path, cut, Sentence)
    return paths


def frontend_shard(job: Job, sentences: Path) -> Path:
    """Stage 2: sentences into spoken text and phonemes."""

    def make() -> Iterable[SpokenSentence | Reject]:
        rows, by_split = read_shard(sentences, Sentence).rows, castings_of_build(job.config)
        cells = {row.id: casting_of(by_split, row.split).cell(row.number) for row in rows}
        accents = {id: cell.accent for id, cell in cells.items() if cell}
        return text_frontend(
            rows, job.config.text, job.config.seed, lexicon_of(job.config), accents
        )

    output = job.next_shard("frontend", sentences)
    return _make_once(output, lambda: write_shard(output, make(), SpokenSentence))


def synthesize_shard(job: Job, spoken: Path) -> Path:
    """Stage 3: phonemes into mel spectrograms."""

    def make() -> Iterable[MelClip | Reject]:
        _one_thread_a_shard()
        rows = read_shard(spoken, SpokenSentence).rows
        config = job.config
        return synthesize(rows, config.voice, config.seed, job.device, castings_of_build(config))

    output = job.next_shard("synthesize", spoken)
    return _make_once(output, lambda: write_shard(output, make(), MelClip))


def vocode_shard(job: Job, mels: Path) -> Path:
    """Stage 4: mel spectrograms into waveforms."""

    def make() -> Iterable[CleanClip | Reject]:
        _one_thread_a_shard()
        return vocode(read_shard(mels, MelClip).rows, job.config.voice, job.device)

    output = job.next_shard("vocode", mels)
    return _make_once(output, lambda: write_shard(output, make(), CleanClip))


def judge_shard(job: Job, clean: Path) -> Path:
    """Stage 5: every clip judged, and spoken again where it fails.

    On the CPU: the recognizer is small, few clips fail, and the GPU has the next shard to speak.
    """

    def make() -> Iterable[JudgedClip | Reject]:
        _one_thread_a_shard()
        sentences = read_shard(job.next_shard("generate", clean), Sentence).rows
        spoken = read_shard(job.next_shard("frontend", clean), SpokenSentence).rows
        mels = read_shard(job.next_shard("synthesize", clean), MelClip, without=("mel",)).rows
        return judge_clips(
            read_shard(clean, CleanClip).rows,
            {row.id: row for row in mels},
            {row.id: row for row in spoken},
            {row.id: row.template for row in sentences},
            job.config.voice,
            job.config.judge,
            job.config.seed,
            castings_of_build(job.config),
        )

    output = job.next_shard("judge", clean)
    return _make_once(output, lambda: write_shard(output, make(), JudgedClip))


def augment_shard(job: Job, judged: Path) -> Path:
    """Stage 6: room, noise and gain."""

    def make() -> Iterable[FinishedClip]:
        _one_thread_a_shard()
        clips = read_shard(judged, JudgedClip).rows
        setting = _augment_setting(job, _index_of(judged))
        config = job.config
        return augment_clips(clips, config.augment, config.seed, setting, config.output.delivery)

    output = job.next_shard("augment", judged)
    return _make_once(output, lambda: write_shard(output, make(), FinishedClip))


def _augment_setting(job: Job, index: int) -> AugmentSetting:
    """What the shard `index` adds to the config's `augment`."""
    is_even = job.config.augment.sampler == "stratified"
    sentences = read_shard(job.shard("generate", index), Sentence).rows
    return AugmentSetting(
        babble=babble_file(job),
        own=own_speech(job),
        split=job.config.output.split,
        cache=job.work_dir / "sounds",
        keep_noise=job.config.output.keep_noise,
        turns=turns_of(job.shards("generate"), index) if is_even else None,
        splits={sentence.id: sentence.split for sentence in sentences if sentence.split},
    )


def babble_file(job: Job) -> Path | None:
    """The build's babble, made where it is missing; None for a build that asks for none."""
    babble = job.config.augment.babble
    return make_babble(babble, job.config.seed, job.work_dir / "babble") if babble else None


def own_speech(job: Job) -> Path | None:
    """The folder of the build's first clean clips, which talk in the background of all; made
    where it is missing, with their shards. None for a build that asks for none."""
    if not job.config.augment.hears_own_speech:
        return None
    return write_own_speech(
        job.work_dir / "speech" / job.keys["judge"],
        itertools.islice(_clean_clips(job), OWN_CLIPS),
        job.config.output.license,
    )


def _clean_clips(job: Job) -> Iterator[tuple[str, bytes]]:
    for sentences in job.shards("generate"):
        clean = vocode_shard(job, synthesize_shard(job, frontend_shard(job, sentences)))
        for clip in read_shard(judge_shard(job, clean), JudgedClip).rows:
            yield clip.id, clip.audio


def manifest_shard(job: Job, finished: Path) -> Path:
    """Stage 7: the records of all stages, joined into rows of the dataset."""
    index = _index_of(finished)
    output = job.shard("manifest", index)
    not_kept = () if job.config.output.keep_clean else ("audio",)

    def make() -> Path:
        rows = assemble(
            read_shard(job.shard("generate", index), Sentence).rows,
            read_shard(job.shard("frontend", index), SpokenSentence).rows,
            read_shard(job.shard("judge", index), JudgedClip, without=not_kept).rows,
            read_shard(finished, FinishedClip).rows,
            job.config.seed,
            job.licences,
        )
        return write_part(output, rows)

    return _make_once(output, make)


def seal_build(job: Job) -> Path:
    """Once, at the end: the parts become the dataset, which appears whole. Returns its folder."""
    rejected_in = [path for stage in STAGES[:-1] for path in job.shards(stage)]
    config = job.config
    parts, limit = job.shards("manifest"), config.judge.max_rejected_share
    covered = coverage_of_build(
        config.sentences,
        config.text,
        config.seed,
        lexicon_of(config),
        (parts, rejected_in),
        config.output.read_marks(),
    )
    info = replace(_build_info(config, covered), splits=_decided_splits(job))
    return seal(parts, rejected_in, info, config.output, limit)


def _decided_splits(job: Job) -> dict[str, str]:
    """The splits of rows by id, where they were decided with their sentences."""
    if not job.config.output.disjoint:
        return {}
    rows = (row for path in job.shards("generate") for row in read_shard(path, Sentence).rows)
    return {row.id: row.split for row in rows}


def _build_info(config: BuildConfig, covered: CoverageFigures) -> BuildInfo:
    return BuildInfo(
        name=config.name,
        seed=config.seed,
        config=as_mapping(config),
        digests=used_digests(config),
        coverage=as_mapping(describe_domain(config.sentences)) | {"figures": as_mapping(covered)},
        sources=licensed_sources(config),
    )


def used_digests(config: BuildConfig) -> dict[str, str]:
    """The digests of all files that the rows depend on, by what they are."""
    checkpoints = {
        "acoustic_model": config.voice.acoustic_model,
        "vocoder": config.voice.vocoder,
        "recognizer": config.judge.recognizer,
    }
    babble, pronunciations = config.augment.babble, config.text.pronunciations
    marks = config.output.drop
    return {
        **({"marks": file_digest(resolve_path(marks))} if marks else {}),
        **({"pronunciations": lexicon_digest(pronunciations)} if pronunciations else {}),
        **({"babble": babble_key(babble, config.seed)} if babble else {}),
        "sentences": sentences_digest(config.sentences),
        "sounds": augment_digest(config.augment),
        **{use: checkpoint_digest(name) for use, name in checkpoints.items() if name},
    }


def _make_once(output: Path, make: Callable[[], Path]) -> Path:
    return output if is_intact(output) else make()


def _index_of(path: Path) -> int:
    """Shards are called `INDEX-KEY.parquet`."""
    return int(path.name.partition("-")[0])


def _numbered(rows: Iterable[Sentence | Reject]) -> Iterator[Sentence | Reject]:
    """Every sentence with its place in the build, or in its split, whatever the shards are."""
    numbers = Counter[str]()
    for row in rows:
        if isinstance(row, Sentence):
            yield replace(row, number=numbers[row.split])
            numbers[row.split] += 1
        else:
            yield row


def _cut(rows: Iterator[Sentence | Reject], shard_size: int) -> Iterator[list[Sentence | Reject]]:
    """Shards of `shard_size` sentences; what was rejected lies with the sentence after it."""
    cut: list[Sentence | Reject] = []
    num_sentences = 0
    for row in rows:
        cut.append(row)
        num_sentences += isinstance(row, Sentence)
        if num_sentences == shard_size:
            yield cut
            cut, num_sentences = [], 0
    if cut:
        yield cut


def _one_thread_a_shard() -> None:
    """Workers share the cores among shards, so torch must not take all of them for one.

    It also makes the sums in a matrix product come in one order, so that rows do not depend
    on the number of cores.
    """
    import torch

    torch.set_num_threads(1)
