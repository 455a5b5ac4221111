"""An acoustic model's mels of recordings, frame for frame: what a vocoder is fine-tuned on.

An acoustic model's mels are smoother than those of recordings, on which a vocoder is trained.
Fine-tuning on them removes the mismatch (HiFi-GAN, arXiv 2010.05646,
section 4.4).
"""

import dataclasses
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from models.acoustic.fastspeech2 import Prosody
from models.acoustic.frame_pitch import Contour
from models.atomic import naming_full_disk
from models.checkpoint import Checkpoint, check_role, load_checkpoint
from models.config import as_mapping, build, read_yaml
from models.errors import CheckpointError, DataError
from models.lock import only_process_on
from models.mel import MelConfig, check_same_mel
from models.phonology.alphabets import tokenize
from models.training.align import align_corpus, alignment_of, unaligned
from models.training.features import Clip, Features, open_features, write_features
from models.training.measured import Measured
from models.training.prosody import Example, ProsodyLevels, measure_example, measure_levels

_CARD = "mels.yaml"
_NAMED = 5  # speakers left out that are named, of many


class Followed(NamedTuple):
    """An acoustic model's mel of a recording, in the same time: (num_frames, n_mels)."""

    clip: Clip
    mel: np.ndarray


@dataclasses.dataclass(frozen=True, slots=True)
class MelsCard:
    """`mels.yaml`: what made the mels, and their scale."""

    acoustic_model: str  # name@digest
    mel: MelConfig


def write_teacher_mels(
    acoustic: Checkpoint,
    features: Features,
    folder: Path,
    align_with: "Aligner",
    report: Callable[[str], None] = print,
) -> Path:
    """A features cache in `folder` whose mels are the acoustic model's.

    Clips that it cannot say are left out, and counted. Raises `DataError` when none is left, when
    `folder` holds something else, another process writes it, or the disk is full.
    """
    check_target(folder)
    clips, parts = [], []
    for clip, mel in follow_recordings(acoustic, features, align_with, report):
        first = clip.first_sample
        clips.append(clip)
        parts.append(
            Measured(
                wave=features.waves[first : first + clip.num_samples],
                mel=mel.astype(np.float16),
                pitch_hz=features.pitch(clip).astype(np.float16),
            )
        )
    with only_process_on(folder), naming_full_disk(folder):
        temporary = folder.with_name(folder.name + ".making")
        write_features(temporary, clips, parts)
        _write_card(temporary, MelsCard(acoustic.label, acoustic.mel))
        shutil.rmtree(folder, ignore_errors=True)
        temporary.rename(folder)
    seconds = sum(clip.num_samples for clip in clips) / acoustic.mel.sample_rate
    report(f"{len(clips)} clips, {seconds / 60:.0f} minutes, by {acoustic.label}")
    return folder


def open_teacher_mels(folder: Path) -> Features:
    """What `write_teacher_mels` wrote. Raises `DataError` when it is not there."""
    if not (folder / _CARD).is_file():
        raise DataError(f"{folder}: {_CARD} is missing; `voxloom mels` writes such a folder")
    card = build(MelsCard, read_yaml(folder / _CARD), where=str(folder / _CARD))
    return open_features(folder, card.mel)


def check_target(folder: Path) -> None:
    """Raise `DataError` for a folder that holds something other than such mels."""
    if folder.exists() and not (folder / _CARD).is_file() and any(folder.iterdir()):
        raise DataError(f"{folder}: holds something other than mels; choose a new folder")


def _write_card(folder: Path, card: MelsCard) -> None:
    import yaml

    text = yaml.safe_dump(as_mapping(card), sort_keys=False)
    (folder / _CARD).write_text(text, encoding="utf-8")


class Aligner(NamedTuple):
    """The recognizer that finds the phones of recordings, and where alignments are kept."""

    recognizer: str
    cache: Path


def follow_recordings(
    acoustic: Checkpoint,
    features: Features,
    align_with: Aligner,
    report: Callable[[str], None] = print,
) -> Iterator[Followed]:
    """Every clip that the acoustic model can say, with its mel as long as the recording's.

    The words, the speaker and what the kind of model is taught with (FastSpeech 2: durations,
    pitch and energy; Tacotron 2: the frames before) are the recording's. Mels are as in
    synthesis. Raises `CheckpointError` for a kind that cannot do this.
    """
    if acoustic.kind not in _FOLLOWERS:
        kinds = " or ".join(_FOLLOWERS)
        raise CheckpointError(f"{acoustic.name} is a {acoustic.kind}; needed is {kinds}")
    check_same_mel(features.mel_config, acoustic.mel, f"the features and {acoustic.name}")
    yield from _FOLLOWERS[acoustic.kind](acoustic, features, align_with, report)


def _follow_with_fastspeech2(
    acoustic: Checkpoint,
    features: Features,
    align_with: Aligner,
    report: Callable[[str], None],
) -> Iterator[Followed]:
    examples = _aligned_examples(acoustic, features, align_with, report)
    levels = _levels_of(acoustic, examples)
    for example in examples:
        pitch_hz = features.pitch(example.clip)
        yield Followed(example.clip, _follow_example(acoustic, example, levels, pitch_hz))


def _levels_of(acoustic: Checkpoint, examples: Sequence[Example]) -> ProsodyLevels:
    """The model's own levels of pitch where it keeps them, about which it speaks: those of a few
    clips are others, and would move what it follows.
    """
    levels = measure_levels(examples, acoustic.speakers)
    if not acoustic.model.config.frame_pitch:
        return levels
    own = dict(zip(acoustic.speakers, acoustic.model.log_pitch.tolist(), strict=True))
    return dataclasses.replace(levels, log_pitch=own)


def _aligned_examples(
    acoustic: Checkpoint,
    features: Features,
    align_with: Aligner,
    report: Callable[[str], None],
) -> list[Example]:
    check_role(align_with.recognizer, "recognizer", "recognizer")
    recognizer = load_checkpoint(align_with.recognizer)
    check_same_mel(acoustic.mel, recognizer.mel, f"{acoustic.name} and {recognizer.name}")
    known = _known_clips(acoustic, features.clips, report)
    alignments = align_corpus(features, recognizer, align_with.cache)
    found = [(clip, alignment_of(clip, alignments)) for clip in known]
    examples = [
        measure_example(clip, alignment, features, acoustic.symbols)
        for clip, alignment in found
        if alignment is not None
    ]
    for one in unaligned(features, alignments):
        report(f"left out: {one}")
    if not examples:
        raise DataError(f"{acoustic.name}: none of {len(known)} clips could be aligned")
    return examples


def _known_clips(
    acoustic: Checkpoint, clips: Sequence[Clip], report: Callable[[str], None]
) -> list[Clip]:
    """The clips of speakers that the model has; all of them for one that knows no speakers."""
    if not acoustic.info.speakers:
        return list(clips)
    strangers = Counter(clip.speaker for clip in clips if clip.speaker not in acoustic.speakers)
    if strangers:
        named = ", ".join(sorted(strangers)[:_NAMED]) + (", ..." if len(strangers) > _NAMED else "")
        report(
            f"left out: {strangers.total()} clips of {len(strangers)} speakers that "
            f"{acoustic.name} does not have ({named})"
        )
    known = [clip for clip in clips if clip.speaker not in strangers]
    if not known:
        raise DataError(
            f"{acoustic.name}: none of the corpus's speakers is one of its "
            f"{', '.join(acoustic.speakers)}"
        )
    return known


def _follow_example(
    acoustic: Checkpoint, example: Example, levels: ProsodyLevels, pitch_hz: np.ndarray
) -> np.ndarray:
    """(num_frames, n_mels) float32, in the recording's own pitch (T,) where the model knows it."""
    model = acoustic.model
    device = model.mel_mean.device
    speaker = acoustic.speakers.index(example.clip.speaker)

    def one(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values)[None].to(device)

    std = float(model.pitch_std[speaker])
    contour = None
    if model.config.frame_pitch:
        contour = Contour(*map(one, levels.contour(example.clip.speaker, pitch_hz, std)))
    prosody = Prosody(
        durations=one(example.durations),
        pitch=one(levels.scaled_pitch(example, std)),
        energy=one(levels.scaled_energy(example, float(model.energy_std))),
    )
    lengths = torch.tensor([len(example.ids)], device=device)
    speakers = torch.tensor([speaker], device=device)
    speech = model.follow(one(example.ids), lengths, speakers, prosody, contour)
    return speech.mels[0].T.float().cpu().numpy()


def _follow_with_tacotron2(
    acoustic: Checkpoint,
    features: Features,
    align_with: Aligner,
    report: Callable[[str], None],
) -> Iterator[Followed]:
    """Its own attention aligns: every frame follows the recording's frames before it (teacher
    forcing).
    """
    model, alphabet = acoustic.model, acoustic.info.alphabet
    device = model.mel_mean.device
    for clip in _known_clips(acoustic, features.clips, report):
        ids = tokenize(alphabet, acoustic.symbols, clip.text, clip.phonemes).ids
        speaker = acoustic.speakers.index(clip.speaker) if acoustic.info.speakers else 0
        mel = torch.from_numpy(features.mel(clip))[None].to(device)
        with torch.inference_mode():
            output = model(
                torch.from_numpy(ids)[None].to(device),
                torch.tensor([len(ids)], device=device),
                torch.tensor([speaker], device=device),
                model.normalize(mel),
                torch.tensor([clip.num_frames], device=device),
            )
        followed = output.refined[0] * model.mel_std + model.mel_mean
        yield Followed(clip, followed.float().cpu().numpy())


_FOLLOWERS = {"fastspeech2": _follow_with_fastspeech2, "tacotron2": _follow_with_tacotron2}
