"""The stages over shards: a path in, a path out, and nothing done twice.

Before each stage stands what its shards depend on. A shard's name holds a key over that and over
the key of the shards that it is made of. A shard of that name that is intact is therefore finished
work, whoever made it: a build that was killed goes on where it stopped, a changed noise setting or
a new release of a library redoes the stages that it concerns and those after, and a damaged file is
made again. (Most runtime settings are in no key: they change no row.)
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from models.config import as_mapping
from pipeline.augment.augment_clips import augment_clips
from pipeline.augment.augmenter import AugmentSetting
from pipeline.augment.intent_ranks import ranks_of
from pipeline.augment.own_speech import OWN_CLIPS, write_own_speech
from pipeline.augment.sounds.babble import make_babble
from pipeline.build.config import (
    BuildConfig,
    assignments_of_build,
    lexicon_of,
    resolve_device,
    row_licences,
    split_plan_of,
)
from pipeline.build.inputs import used_digests
from pipeline.build.job import Job, index_of
from pipeline.build.stage import Stage, installed_versions, keys_of, set_values
from pipeline.dataset.existing_sentences import existing_sentences_of
from pipeline.dataset.manifest import assemble, write_part
from pipeline.judging.attempts import judge_clips
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
from pipeline.sentences.generate import generate
from pipeline.speech.speaker_assignment import assignment_of
from pipeline.speech.synthesize import synthesize
from pipeline.speech.vocode import vocode
from pipeline.storage.processes import keep_freed_memory
from pipeline.storage.shards import is_intact, read_shard, write_shard
from pipeline.text.spoken import text_frontend

# Normalization and phonemes; espeakng-loader brings espeak-ng itself.
_READING = ("nemo_text_processing", "pynini", "phonemizer", "espeakng-loader")


GENERATE = Stage(
    name="generate",
    version=7,
    reads=lambda config: {
        "seed": config.seed,
        "sentences": set_values(config.sentences),
        "runtime.shard_size": config.runtime.shard_size,
        "output": _kept_apart(config),
    },
    files=("sentences", "existing_sentences"),
    libraries=("Jinja2", "numpy", *_READING),
)


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


FRONTEND = Stage(
    name="frontend",
    version=7,
    reads=lambda config: {
        "seed": config.seed,
        "text": config.text.row_settings,
        "accents": _given_accents(config),
    },
    files=("pronunciations",),
    libraries=("numpy", "defusedxml", *_READING),
)


def frontend_shard(job: Job, sentences: Path) -> Path:
    """Stage 2: sentences into spoken text and phonemes."""

    def make() -> Iterable[SpokenSentence | Reject]:
        rows, by_split = read_shard(sentences, Sentence).rows, assignments_of_build(job.config)
        cells = {row.id: assignment_of(by_split, row.split).cell(row.number) for row in rows}
        accents = {id: cell.accent for id, cell in cells.items() if cell}
        return text_frontend(
            rows, job.config.text, job.config.seed, lexicon_of(job.config), accents
        )

    output = job.next_shard("frontend", sentences)
    return _make_once(output, lambda: write_shard(output, make(), SpokenSentence))


SYNTHESIZE = Stage(
    name="synthesize",
    version=5,
    reads=lambda config: {
        "seed": config.seed,
        "voice": _voice_without_vocoder(config),
    },
    files=("acoustic_model",),
    libraries=("numpy", "torch"),
)


def synthesize_shard(job: Job, spoken: Path) -> Path:
    """Stage 3: phonemes into mel spectrograms."""

    def make() -> Iterable[MelClip | Reject]:
        _one_thread_a_shard()
        rows = read_shard(spoken, SpokenSentence).rows
        config = job.config
        return synthesize(rows, config.voice, config.seed, job.device, assignments_of_build(config))

    output = job.next_shard("synthesize", spoken)
    return _make_once(output, lambda: write_shard(output, make(), MelClip))


VOCODE = Stage(
    name="vocode",
    version=2,
    reads=lambda config: {"voice.vocoder": config.voice.vocoder},
    files=("vocoder",),
    libraries=("numpy", "torch", "soundfile"),
)


def vocode_shard(job: Job, mels: Path) -> Path:
    """Stage 4: mel spectrograms into waveforms."""

    def make() -> Iterable[CleanClip | Reject]:
        _one_thread_a_shard()
        return vocode(read_shard(mels, MelClip).rows, job.config.voice, job.device, job.config.seed)

    output = job.next_shard("vocode", mels)
    return _make_once(output, lambda: write_shard(output, make(), CleanClip))


JUDGE = Stage(
    name="judge",
    version=4,
    reads=lambda config: {"seed": config.seed, "judge": config.judge.row_settings},
    files=("acoustic_model", "vocoder", "recognizer"),
    libraries=("numpy", "scipy", "torch", "torchaudio", "soundfile", "soxr"),
)


def judge_shard(job: Job, clean: Path) -> Path:
    """Stage 5: every clip judged, and spoken again where it fails.

    On the CPU: the recognizer is small, few clips fail, and the GPU has the next shard to speak.
    """

    def make() -> Iterable[JudgedClip | Reject]:
        _one_thread_a_shard()
        sentences = read_shard(job.next_shard("generate", clean), Sentence).rows
        spoken = read_shard(job.next_shard("frontend", clean), SpokenSentence).rows
        mels = read_shard(
            job.next_shard("synthesize", clean), MelClip, without=("mel", "pitch_hz")
        ).rows
        return judge_clips(
            read_shard(clean, CleanClip).rows,
            {row.id: row for row in mels},
            {row.id: row for row in spoken},
            {row.id: row.template for row in sentences},
            job.config.voice,
            job.config.judge,
            job.config.seed,
            assignments_of_build(job.config),
        )

    output = job.next_shard("judge", clean)
    return _make_once(output, lambda: write_shard(output, make(), JudgedClip))


AUGMENT = Stage(
    name="augment",
    version=6,
    reads=lambda config: {
        "seed": config.seed,
        "augment": set_values(config.augment),
        "output.split": config.output.split,
        "output.keep_noise": config.output.keep_noise,
        "output.delivery": set_values(config.output.delivery),
        "output.license": config.output.license if config.augment.hears_own_speech else None,
    },
    files=("sounds", "babble"),
    libraries=(
        *("audiomentations", "fast-mp3-augment", "numpy", "pyloudnorm", "pyroomacoustics"),
        *("scipy", "soundfile", "soxr", "torch"),
    ),
)


def augment_shard(job: Job, judged: Path) -> Path:
    """Stage 6: room, noise and gain."""

    def make() -> Iterable[FinishedClip]:
        _one_thread_a_shard()
        clips = read_shard(judged, JudgedClip).rows
        setting = _augment_setting(job, index_of(judged))
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
        ranks=ranks_of(job.shards("generate"), index) if is_even else None,
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
        job.work_dir / "speech" / job.keys["augment"],
        itertools.islice(_clean_clips(job), OWN_CLIPS),
        job.config.output.license,
    )


def _clean_clips(job: Job) -> Iterator[tuple[str, bytes]]:
    for sentences in job.shards("generate"):
        clean = vocode_shard(job, synthesize_shard(job, frontend_shard(job, sentences)))
        for clip in read_shard(judge_shard(job, clean), JudgedClip).rows:
            yield clip.id, clip.clean.audio


MANIFEST = Stage(
    name="manifest",
    version=2,
    reads=lambda config: {
        "seed": config.seed,
        "output.license": config.output.license,
        "licences": sorted(row_licences(config).licences.items()),
        "output.kept": config.output.kept,
    },
    libraries=("numpy", "soundfile", "soxr"),
)


def manifest_shard(job: Job, finished: Path) -> Path:
    """Stage 7: the records of all stages, joined into rows of the dataset."""
    index = index_of(finished)
    output = job.shard("manifest", index)
    not_kept = () if job.config.output.keep_clean else ("clean.audio",)

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


STAGES = (GENERATE, FRONTEND, SYNTHESIZE, VOCODE, JUDGE, AUGMENT, MANIFEST)
STAGE_NAMES = tuple(stage.name for stage in STAGES)


def plan(config: BuildConfig, extends: Path | None = None) -> Job:
    """The shards of a build and their names. Reads digests, makes nothing.

    With a dataset that it `extends`, the build says nothing that this says.
    """
    return Job(
        config=config,
        keys=stage_keys(config, existing_sentences_of(extends) if extends else None),
        versions=library_versions(),
        work_dir=config.work_dir,
        device=resolve_device(config.runtime),
        num_shards=-(-config.sentences.num_rows // config.runtime.shard_size),
        licences=row_licences(config),
        extends=extends,
    )


def stage_keys(config: BuildConfig, existing: ExistingSentences | None = None) -> dict[str, str]:
    """The key of every stage on this machine; `existing` are the sentences of the dataset that the
    build extends.
    """
    digests = used_digests(config)
    if existing:
        digests["existing_sentences"] = existing.digest
    return keys_of(STAGES, config, digests, library_versions())


def library_versions() -> dict[str, str]:
    """Of all libraries that decide rows, on this machine."""
    return installed_versions(name for stage in STAGES for name in stage.libraries)


def _voice_without_vocoder(config: BuildConfig) -> dict[str, object]:
    voice = as_mapping(config.voice).items()
    return {key: value for key, value in voice if key != "vocoder" and value is not None}


def _given_accents(config: BuildConfig) -> list[object]:
    """What accents depend on where they are given by quota: every speaker has each."""
    if config.voice.quota is None:
        return []
    by_split = assignments_of_build(config)
    return [config.voice.quota, {split: list(own.voices) for split, own in by_split.items()}]


def _kept_apart(config: BuildConfig) -> list[object]:
    """What the sentences' splits depend on, where they are decided with the sentences."""
    return [config.output.split, config.output.disjoint] if config.output.disjoint else []


def _make_once(output: Path, make: Callable[[], Path]) -> Path:
    return output if is_intact(output) else make()


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
    keep_freed_memory()
