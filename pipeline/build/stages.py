"""The stages over shards: a path in, a path out, and nothing done twice.

Before each stage stands what its shards depend on. A shard's name holds a key over that and over
the key of the shards that it is made of. A shard of that name that is intact is therefore finished
work, whoever made it: a build that was killed goes on where it stopped, a changed noise setting or
a new release of a library redoes the stages that it concerns and those after, and a damaged file is
made again. (Most runtime settings are in no key: they change no row.)
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from models.precision import resolve_precision
from pipeline.augment.augment_clips import augment_clips
from pipeline.augment.augmenter import AugmentSetting
from pipeline.augment.intent_ranks import ranks_of
from pipeline.augment.own_speech import Talker, talkers_of_splits, write_own_speech
from pipeline.augment.sounds.babble import make_babble
from pipeline.build.config import (
    BuildConfig,
    assignments_of_build,
    lexicon_of,
    recordings_of,
    row_licences,
    silence_of,
)
from pipeline.build.inputs import Inputs, inputs_of
from pipeline.build.job import SENTENCES, Job, index_of
from pipeline.build.making import make_shard, while_unchanged
from pipeline.build.runtime import ShardStage, resolve_device
from pipeline.build.sentence_shards import SENTENCE_FILES, Spread, in_turn, make_sentences
from pipeline.build.stage import Stage, installed_versions, keys_of, set_values
from pipeline.build.stage_settings import (
    given_accents,
    kept_apart,
    other_voices,
    precision,
    recorded_accents,
    sentence_ranges,
    silence_settings,
    speakers_apart,
    voice_without_vocoder,
)
from pipeline.dataset.manifest import Row, assemble, write_part
from pipeline.judging.attempts import judge_clips
from pipeline.judging.judged_shards import read_judged, write_judged
from pipeline.judging.named_judges import packages_of
from pipeline.records import (
    CleanClip,
    FinishedClip,
    JudgedClip,
    MelClip,
    Reject,
    Sentence,
    SpokenSentence,
)
from pipeline.speech.speaker_assignment import assignment_of
from pipeline.speech.synthesize import synthesize
from pipeline.speech.vocode import vocode
from pipeline.splits import split_of
from pipeline.storage.processes import compute_on_one_thread
from pipeline.storage.shards import R, is_intact, read_shard, write_shard
from pipeline.text.spoken import text_frontend

# Normalization and phonemes; espeakng-loader brings espeak-ng itself.
_READING = ("nemo_text_processing", "pynini", "phonemizer", "espeakng-loader")


GENERATE = Stage(
    name=SENTENCES,
    version=13,
    reads=lambda config: {
        "seed": config.seed,
        "sentences": set_values(config.sentences),
        "runtime.shard_size": config.runtime.shard_size,
        "output": kept_apart(config),
        **sentence_ranges(config),
    },
    files=SENTENCE_FILES,
    libraries=("Jinja2", "numpy", *_READING),
)


def generate_shards(job: Job, spread: Spread = in_turn) -> list[Path]:
    """Stage 1, the whole build: what is distinct can only be known together. The work on `ranges`
    of a large build is `spread` over workers.
    """
    paths = job.shards(SENTENCES)
    if not all(is_intact(path) for path in paths):
        make_sentences(job, paths, spread)
    return paths


FRONTEND = Stage(
    name="frontend",
    version=14,
    reads=lambda config: {
        "seed": config.seed,
        "text": config.text.row_settings,
        "accents": given_accents(config),
        **recorded_accents(config),
    },
    files=("pronunciations", "domain_pronunciations"),
    loads=("acoustic_model",),
    libraries=("numpy", "defusedxml", *_READING),
)


def frontend_shard(job: Job, sentences: Path) -> Path:
    """Stage 2: sentences into spoken text and phonemes."""

    def rows() -> Iterable[SpokenSentence | Reject]:
        rows_read, by_split = read_shard(sentences, Sentence).rows, assignments_of_build(job.config)
        cells = {row.id: assignment_of(by_split, row.split).cell(row.number) for row in rows_read}
        accents = {id: cell.accent for id, cell in cells.items() if cell}
        accents |= {id: one.accent for id, one in recordings_of(job.config).items()}
        return text_frontend(
            rows_read, job.config.text, job.config.seed, lexicon_of(job.config), accents
        )

    output = job.next_shard("frontend", sentences)
    return make_shard(job, FRONTEND, output, rows, _writer(SpokenSentence))


SYNTHESIZE = Stage(
    name="synthesize",
    version=13,
    reads=lambda config: {
        "seed": config.seed,
        "voice": voice_without_vocoder(config),
        "speakers": speakers_apart(config),
    },
    files=("acoustic_model", "voices", "recordings"),
    libraries=("numpy", "torch"),
)


def synthesize_shard(job: Job, spoken: Path) -> Path:
    """Stage 3: phonemes into mel spectrograms."""

    def rows() -> Iterable[MelClip | Reject]:
        compute_on_one_thread()
        rows_read, config = read_shard(spoken, SpokenSentence).rows, job.config
        by_split, recorded = assignments_of_build(config), recordings_of(config)
        return synthesize(rows_read, config.voice, config.seed, job.device, by_split, recorded)

    output = job.next_shard("synthesize", spoken)
    return make_shard(job, SYNTHESIZE, output, rows, _writer(MelClip))


VOCODE = Stage(
    name="vocode",
    version=4,
    reads=lambda config: {
        "voice.vocoder": config.voice.vocoder,
        **other_voices(config),
        **precision(config),
        **silence_settings(config),
    },
    files=("vocoder", "voices", "recordings"),
    loads=("acoustic_model",),
    libraries=("numpy", "torch", "soundfile"),
)


def vocode_shard(job: Job, mels: Path) -> Path:
    """Stage 4: mel spectrograms into waveforms."""

    def rows() -> Iterable[CleanClip | Reject]:
        compute_on_one_thread()
        config, texts = job.config, dict[str, str]()
        if config.voice.sources:
            spoken = read_shard(job.next_shard("frontend", mels), SpokenSentence).rows
            texts = {row.id: row.normalized_text for row in spoken}
        rows = read_shard(mels, MelClip).rows
        recorded = recordings_of(config)
        silence = silence_of(config)
        return vocode(rows, config.voice, job.device, config.seed, texts, recorded, silence=silence)

    output = job.next_shard("vocode", mels)
    return make_shard(job, VOCODE, output, rows, _writer(CleanClip))


JUDGE = Stage(
    name="judge",
    version=9,
    reads=lambda config: {
        "seed": config.seed,
        "judge": config.judge.row_settings,
        "judges": installed_versions(packages_of(config.judge.naturalness, config.judge.words)),
    },
    files=("acoustic_model", "vocoder", "voices", "recognizer", "whisper"),
    libraries=("numpy", "scipy", "torch", "torchaudio", "soundfile", "soxr"),
)


def judge_shard(job: Job, clean: Path) -> Path:
    """Stage 5: every clip judged, and synthesized again where it fails.

    On the CPU: the recognizer is small, few clips fail, and the GPU has the next shard to speak.
    """

    def rows() -> Iterable[JudgedClip | Reject]:
        compute_on_one_thread()
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
            recorded=recordings_of(job.config),
        )

    output = job.next_shard("judge", clean)
    return make_shard(job, JUDGE, output, rows, write_judged)


AUGMENT = Stage(
    name="augment",
    version=7,
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

    def rows() -> Iterable[FinishedClip]:
        compute_on_one_thread()
        clips = read_judged(judged, job.next_shard("vocode", judged))
        setting = _augment_setting(job, index_of(judged))
        config = job.config
        return augment_clips(clips, config.augment, config.seed, setting, config.output.delivery)

    output = job.next_shard("augment", judged)
    return make_shard(job, AUGMENT, output, rows, _writer(FinishedClip))


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
    babble, seed = job.config.augment.babble, job.config.seed
    if babble is None:
        return None
    return while_unchanged(
        job, ["babble"], lambda check: make_babble(babble, seed, job.work_dir / "babble", check)
    )


def own_speech(job: Job) -> Path | None:
    """The folder of the first clean clips of each split, which talk in the background of the
    others; made where it is missing, with their shards. None for a build that asks for none."""
    if not job.config.augment.hears_own_speech:
        return None
    return write_own_speech(
        job.work_dir / "speech" / job.shard("augment", 0).stem,
        _talkers(job),
        job.config.output.license,
    )


def _talkers(job: Job) -> Iterator[Talker]:
    """In the order of their rows, whatever the shards are; of shards only those are made that have
    rows of a split which lacks talkers.
    """
    seed, shares = job.config.seed, job.config.output.split
    lacking = talkers_of_splits(shares, job.config.augment.own_voices)
    for sentences in job.shards(SENTENCES):
        if not any(lacking.values()):
            return
        rows = read_shard(sentences, Sentence).rows
        splits = {row.id: row.split or split_of(row.id, seed, shares) for row in rows}
        if any(lacking[split] for split in splits.values()):
            for clip in _clean_clips(job, sentences):
                split = splits[clip.id]
                if lacking[split]:
                    lacking[split] -= 1
                    yield Talker(clip, split)


def _clean_clips(job: Job, sentences: Path) -> Iterator[CleanClip]:
    vocoded = vocode_shard(job, synthesize_shard(job, frontend_shard(job, sentences)))
    for judged in read_judged(judge_shard(job, vocoded), vocoded):
        yield judged.clean


MANIFEST = Stage(
    name="manifest",
    version=4,
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

    def rows() -> Iterable[Row | Reject]:
        judged = job.shard("judge", index)
        return assemble(
            read_shard(job.shard("generate", index), Sentence).rows,
            read_shard(job.shard("frontend", index), SpokenSentence).rows,
            read_judged(judged, job.shard("vocode", index))
            if job.config.output.keep_clean
            else read_shard(judged, JudgedClip, without=("clean.pcm",)).rows,
            read_shard(finished, FinishedClip).rows,
            job.config.seed,
            job.licences,
        )

    return make_shard(job, MANIFEST, output, rows, write_part)


# What makes a shard of each stage out of one of the stage before.
MAKERS: dict[ShardStage, Callable[[Job, Path], Path]] = {
    "frontend": frontend_shard,
    "synthesize": synthesize_shard,
    "vocode": vocode_shard,
    "judge": judge_shard,
    "augment": augment_shard,
    "manifest": manifest_shard,
}
STAGES = (GENERATE, FRONTEND, SYNTHESIZE, VOCODE, JUDGE, AUGMENT, MANIFEST)
STAGE_NAMES = tuple(stage.name for stage in STAGES)


def plan(config: BuildConfig, extends: Path | None = None) -> Job:
    """The shards of a build and their names. Reads digests, makes nothing.

    A build that `extends` a dataset repeats none of its sentences.
    """
    device = resolve_device(config.runtime)
    resolved = resolve_precision(config.voice.precision, device)  # once, for all workers
    config = replace(config, voice=replace(config.voice, precision=resolved))
    inputs = inputs_of(config, extends)
    return Job(
        config=config,
        keys=stage_keys(config, inputs),
        inputs=inputs,
        versions=library_versions(),
        work_dir=config.work_dir,
        device=device,
        num_shards=-(-config.sentences.num_rows // config.runtime.shard_size),
        licences=row_licences(config),
        extends=extends,
    )


def stage_keys(config: BuildConfig, inputs: Inputs | None = None) -> dict[str, str]:
    """The key of every stage on this machine, of the files as they are now or as `inputs` are."""
    found = inputs or inputs_of(config)
    return keys_of(STAGES, config, found.digests, library_versions())


def library_versions() -> dict[str, str]:
    """Of all libraries that decide rows, on this machine."""
    return installed_versions(name for stage in STAGES for name in stage.libraries)


def _writer(record_type: type[R]) -> Callable[[Path, list[R | Reject]], Path]:
    return lambda path, rows: write_shard(path, rows, record_type)
