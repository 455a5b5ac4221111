"""Vocoders side by side: what becomes of recordings' mels, and of an acoustic model's.

Held-out recordings are turned into mels and back (copy synthesis). With an acoustic model, its
teacher-forced mels of the same recordings are a second table: they last as long as the recordings
do, so what the vocoders make of them can be held against the recordings frame by frame.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from models.checkpoint import check_role, load_checkpoint
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
from models.evaluation.metrics import (
    cepstral_distortion_db,
    mel_cepstra,
    mel_l1,
    pesq_wideband,
    pitch_error,
    stft_distance,
)
from models.evaluation.results import (
    Column,
    Row,
    Table,
    mean_of,
    parameters_of,
    row_names,
    share_of,
)
from models.mel import MelConfig, convert_mels
from models.training.corpus import CorpusConfig, Recording, clip_key
from models.training.features import measure_recordings
from models.training.mels import Aligner, follow_recordings
from models.vocoders.griffin_lim import GriffinLim, GriffinLimConfig


@dataclass(frozen=True, slots=True)
class VocoderRequest:
    """What is compared, on `count` held-out clips of the corpus."""

    corpus: CorpusConfig
    checkpoints: tuple[str, ...]
    acoustic: str | None = None
    recognizer: str = "recognizer"
    count: int = 30
    device: str = "cpu"
    cache: Path = Path("runs/cache")


@dataclass(frozen=True, slots=True)
class Fidelity:
    """One clip through one vocoder, against its recording. NaN is what could not be measured."""

    clip: str
    mel_l1: float
    mcd_db: float
    stft: float
    pesq: float
    f0_cents: float
    voicing_error: float
    phone_edits: int
    phones: int
    mos: float
    seconds: float  # of sound
    took_s: float


COLUMNS = (
    Column("mel_l1", "mel L1", mean_of("mel_l1"), places=3, better="lower"),
    Column("mcd_db", "MCD, dB", mean_of("mcd_db"), better="lower"),
    Column("stft", "STFT", mean_of("stft"), places=3, better="lower"),
    Column("pesq_wb", "PESQ wb", mean_of("pesq"), better="higher"),
    Column("f0_cents", "F0, cents", mean_of("f0_cents"), places=0, better="lower"),
    Column("voicing_error", "voicing", mean_of("voicing_error"), "percent", better="lower"),
    Column("per", "PER", share_of("phone_edits", "phones"), "percent", better="lower"),
    Column("mos", "MOS", mean_of("mos"), better="higher"),
    Column("parameters", "params", parameters_of, "count"),
    Column("speed", "x real time", share_of("seconds", "took_s"), places=1, better="higher"),
)


def evaluate_vocoders(
    request: VocoderRequest, judge: Judge, report: Callable[[str], None]
) -> list[Table]:
    """A table on the recordings' mels, and one on the acoustic model's if there is one.

    Rows: the recordings, Griffin-Lim, then the checkpoints. A vocoder that cannot read a table's
    mels has a row that says why. Raises `ConfigError`, `DataError` or `CheckpointError`.
    """
    for name in request.checkpoints:
        check_role(name, "vocoder", "--checkpoints")
    recordings = held_out_recordings(request.corpus, request.count)
    sources: list[MelSource] = [RecordedMels(recordings, judge)]
    if request.acoustic is not None:
        sources.append(AcousticMels(request, recordings, judge, report))
    return [_table(source, request, judge, report) for source in sources]


class MelSource(Protocol):
    """Where a table's mels come from."""

    title: str
    mel: MelConfig  # which Griffin-Lim reads
    references: list[Reference]

    def mel_of(self, reference: Reference, target: MelConfig) -> Tensor:
        """(1, n_mels, T) in the target's terms, or `CheckpointError` saying why not."""


class RecordedMels:
    """Mels of the recordings, as each vocoder was trained on."""

    def __init__(self, recordings: Sequence[Recording], judge: Judge) -> None:
        self.mel = judge.mel
        self.references = references(measure_recordings(recordings, judge.mel), judge)
        self.title = f"Mels of {len(self.references)} recordings"

    def mel_of(self, reference: Reference, target: MelConfig) -> Tensor:
        return mel_of_wave(reference.aligned.wave, self.mel.sample_rate, target)


class AcousticMels:
    """An acoustic model's teacher-forced mels of the recordings."""

    def __init__(
        self,
        request: VocoderRequest,
        recordings: Sequence[Recording],
        judge: Judge,
        report: Callable[[str], None],
    ) -> None:
        assert request.acoustic is not None
        check_role(request.acoustic, "acoustic", "--acoustic")
        acoustic = load_checkpoint(request.acoustic, request.device)
        self.mel = acoustic.mel
        features = measure_recordings(recordings, acoustic.mel)
        aligner = Aligner(request.recognizer, request.cache)
        followed = list(follow_recordings(acoustic, features, aligner, report))
        self._mels = {clip_key(clip): mel for clip, mel in followed}
        self.references = references(features, judge, [clip for clip, _ in followed])
        name = row_names([request.acoustic])[0]
        self.title = f"Teacher-forced mels of {len(followed)} recordings by {name}"

    def mel_of(self, reference: Reference, target: MelConfig) -> Tensor:
        clip = reference.clip
        mel = torch.from_numpy(self._mels[clip_key(clip)].T.copy())[None]
        return convert_mels(mel, self.mel, target)


def _table(
    source: MelSource, request: VocoderRequest, judge: Judge, report: Callable[[str], None]
) -> Table:
    report(source.title)
    itself = tuple(measure(one.aligned, one, judge, took_s=0.0) for one in source.references)
    rows = [Row("recordings", itself, is_reference=True)]
    config = GriffinLimConfig()
    named: list[tuple[str, Any]] = [
        (f"griffin-lim, {config.iterations} iterations", GriffinLim(config, source.mel))
    ]
    for label, name in zip(row_names(request.checkpoints), request.checkpoints, strict=True):
        named.append((label, load_checkpoint(name).model))
    for label, vocoder in named:
        rows.append(_row(label, vocoder.to(request.device), source, judge, request.device))
        report(f"{label}: {rows[-1].note or 'done'}")
    return Table(source.title, tuple(rows))


def _row(label: str, vocoder: Any, source: MelSource, judge: Judge, device: str) -> Row:
    parameters = count_parameters(vocoder)
    try:
        mels = [source.mel_of(one, vocoder.mel).to(device) for one in source.references]
        waveform(vocoder, mels[0])  # the first run of a network prepares it
        clips = []
        for reference, mel in zip(source.references, mels, strict=True):
            wave, took_s = timed(partial(waveform, vocoder, mel), device)
            aligned = judge.analyze(wave, vocoder.mel.sample_rate)
            clips.append(measure(aligned, reference, judge, took_s))
    except (CheckpointError, DataError) as error:
        return Row(label, (), parameters, note=str(error))
    return Row(label, tuple(clips), parameters)


def measure(aligned: AlignedClip, reference: Reference, judge: Judge, took_s: float) -> Fidelity:
    """Everything that is known of one clip."""
    ours, theirs = aligned.first(reference.aligned), reference.aligned.first(aligned)
    pitch = pitch_error(ours.pitch_hz, theirs.pitch_hz)
    edits, phones = judge.phone_edits(aligned, reference.clip.phonemes)
    cepstra = [mel_cepstra(one.mel, judge.mel) for one in (ours, theirs)]
    return Fidelity(
        clip=reference.clip.id,
        mel_l1=mel_l1(ours.mel, theirs.mel),
        mcd_db=cepstral_distortion_db(*cepstra),
        stft=stft_distance(ours.wave, theirs.wave),
        pesq=pesq_wideband(theirs.wave, ours.wave, judge.mel.sample_rate),
        f0_cents=pitch.cents,
        voicing_error=pitch.voicing,
        phone_edits=edits,
        phones=phones,
        mos=judge.opinion(aligned),
        seconds=len(aligned.wave) / judge.mel.sample_rate,
        took_s=took_s,
    )
