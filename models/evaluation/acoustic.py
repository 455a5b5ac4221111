"""Acoustic models side by side: held-out sentences spoken from text, through one vocoder.

Every model speaks as the recording's own speaker, in its own time, so what it says is heard
(phone errors) and compared with the recording as a whole: length, pitch, and timbre along the
path of dynamic time warping.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from models.checkpoint import (
    Checkpoint,
    check_role,
    check_vocoder_fits,
    load_checkpoint,
)
from models.errors import CheckpointError, DataError
from models.evaluation.held_out import held_out_recordings
from models.evaluation.judge import (
    AlignedClip,
    Judge,
    Reference,
    count_parameters,
    mel_of_wave,
    references,
    timed,
    waveform,
)
from models.evaluation.metrics import mel_cepstra, pitch_range, warped_distortion_db
from models.evaluation.results import (
    Column,
    Row,
    Table,
    mean_of,
    parameters_of,
    row_names,
    share_of,
)
from models.mel import convert_mels
from models.phonology.alphabets import tokenize
from models.training.corpus import CorpusConfig
from models.training.features import measure_recordings
from models.voice import Controls, Speech


@dataclass(frozen=True, slots=True)
class AcousticRequest:
    """What is compared, on `count` held-out sentences, through which vocoder."""

    corpus: CorpusConfig
    checkpoints: tuple[str, ...]
    vocoder: str = "harmonic"
    recognizer: str = "recognizer"
    count: int = 30
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence as a model says it, against its recording. NaN is what is not known."""

    clip: str
    phone_edits: int
    phones: int
    mcd_db: float  # warped
    f0_off: float  # semitones between the medians, without sign
    f0_spread: float  # semitones
    real_f0_spread: float
    mos: float
    is_faulty: float  # 1 or 0, of models that watch their attention
    seconds: float  # of sound
    real_seconds: float
    took_s: float  # without the vocoder
    faults: str


COLUMNS = (
    Column("per", "PER", share_of("phone_edits", "phones"), "percent", better="lower"),
    Column("mcd_dtw_db", "MCD-DTW, dB", mean_of("mcd_db"), better="lower"),
    Column("f0_off", "F0 off, semitones", mean_of("f0_off"), better="lower"),
    Column(
        "f0_spread", "F0 spread, x real", share_of("f0_spread", "real_f0_spread"), better="near 1"
    ),
    Column("length", "length, x real", share_of("seconds", "real_seconds"), better="near 1"),
    Column("faulty", "faulty", mean_of("is_faulty"), "percent", better="lower"),
    Column("mos", "MOS", mean_of("mos"), better="higher"),
    Column("parameters", "params", parameters_of, "count"),
    Column("speed", "x real time", share_of("seconds", "took_s"), places=1, better="higher"),
)


def evaluate_acoustic(
    request: AcousticRequest, judge: Judge, report: Callable[[str], None]
) -> list[Table]:
    """One table: the recordings, the recordings through the vocoder, then the checkpoints.

    Sentences are of speakers that every checkpoint has; one whose single voice has no name speaks
    for all. Raises `ConfigError`, `DataError` or `CheckpointError`.
    """
    speakers = common_speakers(request.checkpoints)
    check_role(request.vocoder, "vocoder", "--vocoder")
    vocoder = load_checkpoint(request.vocoder, request.device)
    recordings = held_out_recordings(request.corpus, request.count, speakers)
    real = references(measure_recordings(recordings, judge.mel), judge)
    report(f"{len(real)} sentences of {', '.join(sorted({one.clip.speaker for one in real}))}")
    voice = row_names([request.vocoder])[0]
    rows = [
        Row("recordings", tuple(_measure(one.aligned, one, judge) for one in real), None, True),
        Row(f"recordings, {voice}", _copied(real, vocoder, judge, request.device), None, True),
    ]
    names = row_names(request.checkpoints)
    for label, name in zip(names, request.checkpoints, strict=True):
        acoustic = load_checkpoint(name, request.device)
        rows.append(_row(label, acoustic, vocoder, real, judge))
        report(f"{label}: {rows[-1].note or 'done'}")
    title = f"{len(real)} sentences from text, through {voice}"
    return [Table(title, tuple(rows))]


def common_speakers(checkpoints: Sequence[str]) -> set[str] | None:
    """Those that all acoustic models have; None where every voice is without a name.

    Raises `CheckpointError` for another kind, or where there is none in common.
    """
    named = [
        (name, set(info.speakers))
        for name in checkpoints
        if (info := check_role(name, "acoustic", "--checkpoints")).speakers
    ]
    if not named:
        return None
    common = set.intersection(*(speakers for _, speakers in named))
    if not common:
        raise CheckpointError(
            f"--checkpoints: no speaker is in all of {', '.join(name for name, _ in named)}"
        )
    return common


def _copied(
    real: Sequence[Reference], vocoder: Checkpoint, judge: Judge, device: str
) -> tuple[Utterance, ...]:
    """The recordings' own mels through the vocoder: what a perfect model would get."""
    utterances = []
    for one in real:
        mel = mel_of_wave(one.aligned.wave, judge.mel.sample_rate, vocoder.mel)
        wave = waveform(vocoder.vocoder, mel.to(device))
        utterances.append(_measure(judge.analyze(wave, vocoder.mel.sample_rate), one, judge))
    return tuple(utterances)


def _row(
    label: str, acoustic: Checkpoint, vocoder: Checkpoint, real: Sequence[Reference], judge: Judge
) -> Row:
    parameters = count_parameters(acoustic.model)
    try:
        check_vocoder_fits(acoustic.info, vocoder.info)
        _say(acoustic, real[0])  # the first run of a network prepares it
        utterances = tuple(_speak(acoustic, vocoder, one, judge) for one in real)
    except (CheckpointError, DataError) as error:
        return Row(label, (), parameters, note=str(error))
    unnamed = "" if acoustic.info.speakers else "its voice has no name: compared with all readers"
    return Row(label, utterances, parameters, note=unnamed)


def _speak(
    acoustic: Checkpoint, vocoder: Checkpoint, reference: Reference, judge: Judge
) -> Utterance:
    device = next(acoustic.model.parameters()).device
    speech, took_s = timed(partial(_say, acoustic, reference), str(device))
    mel = convert_mels(speech.mels, acoustic.mel, vocoder.mel)
    aligned = judge.analyze(
        waveform(vocoder.vocoder, mel, speech.pitch_hz), vocoder.mel.sample_rate
    )
    return _measure(aligned, reference, judge, took_s, speech.faults[0] if speech.faults else None)


def _say(acoustic: Checkpoint, reference: Reference) -> Speech:
    """The sentence in a neutral manner, by its own reader where the model knows several."""
    clip, info = reference.clip, acoustic.info
    device = next(acoustic.model.parameters()).device
    ids = tokenize(info.alphabet, info.symbols, clip.text, clip.phonemes).ids
    speaker = info.speakers.index(clip.speaker) if info.speakers else 0
    speech: Speech = acoustic.acoustic_model.synthesize(
        torch.from_numpy(ids)[None].to(device),
        torch.tensor([len(ids)], device=device),
        torch.tensor([speaker], device=device),
        Controls.neutral(1, device),
    )
    return speech


def _measure(
    aligned: AlignedClip,
    reference: Reference,
    judge: Judge,
    took_s: float = 0.0,
    faults: tuple[str, ...] | None = None,
) -> Utterance:
    real = reference.aligned
    edits, phones = judge.phone_edits(aligned, reference.clip.phonemes)
    ours, theirs = pitch_range(aligned.pitch_hz), pitch_range(real.pitch_hz)
    cepstra = [mel_cepstra(one.mel, judge.mel) for one in (aligned, real)]
    return Utterance(
        clip=reference.clip.id,
        phone_edits=edits,
        phones=phones,
        mcd_db=warped_distortion_db(*cepstra),
        f0_off=abs(ours.level - theirs.level),
        f0_spread=ours.spread,
        real_f0_spread=theirs.spread,
        mos=judge.opinion(aligned),
        is_faulty=math.nan if faults is None else float(bool(faults)),
        seconds=len(aligned.wave) / judge.mel.sample_rate,
        real_seconds=len(real.wave) / judge.mel.sample_rate,
        took_s=took_s,
        faults="; ".join(faults or ()),
    )
