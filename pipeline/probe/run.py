"""A recognizer as the last word: trained on a dataset alone, what does it hear in real recordings?

The recordings are never learned from, nor do they decide when learning stops: the dataset's own
validation split does.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import torch

from models.config import resolve_path
from models.errors import DataError
from models.recognition.edit_distance import edit_distance
from models.recognition.probe_networks import ProbeKind, spellable
from models.training.probe import (
    LabelledFeatures,
    ProbeTraining,
    TrainedProbe,
    train_probe,
    transcribe_clips,
)
from pipeline.build.config import load_build_config
from pipeline.probe.clips import (
    Change,
    ProbeClip,
    Source,
    augmenting,
    is_dataset,
    rate_of_corpus,
    read_recordings,
    read_source,
)
from pipeline.probe.scores import (
    Confusion,
    RecognizedClip,
    Score,
    confusions_of,
    scores_of,
    speaker_interval,
)
from pipeline.probe.slots import Meaning, SlotScore, check_commands, meanings_of, slot_scores

Label = Literal["transcript", "intent", "slots"]
Report = Callable[[str], None]
MOST_KEYWORDS = 100
_NAMED = 3  # unknown labels that a message names


@dataclass(frozen=True)
class ProbeRequest:
    """What to learn from (`dataset`, a dataset or a corpus) and what to be tested on (`real`).

    `kind` None: a keyword model of intents or of at most 100 distinct transcripts, else CTC. `runs`
    probes are trained, with seeds from that of `training` on, and their errors are averaged.
    `augment` is the config of a build, whose noise and rooms are put on the clips of `dataset`,
    which is then a corpus: a dataset has its own. With the label `slots` transcripts are learned,
    and it is counted, too, which slots of the recordings were understood.
    """

    dataset: Path
    real: Path
    train_real: Path | None = None
    kind: ProbeKind | None = None
    label: Label = "transcript"
    at_most: int = 20_000  # training clips
    runs: int = 1
    training: ProbeTraining = ProbeTraining()
    augment: Path | None = None


@dataclass(frozen=True)
class ProbeResult:
    """How the probes of one source did: `error_rates` of each over all recordings, `scores` of
    their mean. `own_error_rate` is on the dataset's own test split; `confusions` are a keyword
    model's.
    """

    source: str
    kind: ProbeKind
    num_train: int
    num_validation: int
    scores: list[Score]
    by_speaker: tuple[float, float] | None
    own_error_rate: float | None
    clips: list[RecognizedClip]
    error_rates: tuple[float, ...] = ()
    slots: tuple[SlotScore, ...] = ()
    confusions: tuple[Confusion, ...] = ()

    @property
    def error_rate(self) -> float:
        """Over all recordings."""
        return self.scores[0].error_rate


@dataclass(frozen=True)
class _Task:
    """The target of a clip: its label among `labels`, or its letters."""

    kind: ProbeKind
    label: Label
    labels: frozenset[str]
    intents: Mapping[str, str]  # by transcript

    def text_of(self, clip: ProbeClip) -> str:
        if self.kind == "ctc":
            return spellable(clip.transcript)
        if self.label != "intent":
            return clip.transcript
        return clip.intent or self.intents.get(clip.transcript, clip.transcript)


def probe(request: ProbeRequest, report: Report) -> list[ProbeResult]:
    """The result for the dataset, and one for `train_real` where it is given.

    Raises `DataError` for a folder that is neither dataset nor corpus, for recordings that would
    be learned from, and for those whose labels the dataset does not know.
    """
    _check_request(request)
    rate = rate_of_corpus(request.real)
    report(f"reading {request.real} at {rate} Hz")
    real = read_recordings(request.real, rate)
    report(f"reading {request.dataset}")
    source = read_source(request.dataset, rate, request.at_most, _change(request))
    task = _task(source, request)
    sources = [_of_learned_labels(source, task, report)]
    if request.train_real:
        report(f"reading {request.train_real}")
        more = read_source(request.train_real, rate, request.at_most)
        sources.append(_of_learned_labels(more, task, report))
    meanings: Mapping[str, Meaning] = {}
    if request.label == "slots":
        meanings = meanings_of((*source.train, *source.validation, *source.test))
        check_commands(meanings, real, str(request.real))
    for each in sources:
        _check_labels(each, task, real, request.real)
    with _one_thread():
        results = [_probe(each, task, real, rate, request, report) for each in sources]
    if not meanings:
        return results
    return [replace(one, slots=tuple(slot_scores(one.clips, meanings))) for one in results]


def _check_request(request: ProbeRequest) -> None:
    sources = (request.dataset, request.train_real)
    learned = [resolve_path(folder).resolve() for folder in sources if folder]
    if resolve_path(request.real).resolve() in learned:
        raise DataError(f"{request.real}: would be learned from and tested on; give another folder")
    if request.label == "slots" and request.kind == "keyword":
        raise DataError("--model keyword: slots are read off what is written; give --model ctc")
    if request.label == "intent" and request.kind == "ctc":
        raise DataError("--model ctc: writes letters and no intents; give --model keyword")


def _change(request: ProbeRequest) -> Change | None:
    if request.augment is None:
        return None
    if is_dataset(request.dataset):
        raise DataError(f"{request.dataset}: was augmented when it was built; leave out --augment")
    config = load_build_config(request.augment)
    if not config.augment.links:
        raise DataError(f"{request.augment}: augment: is empty, so --augment would change nothing")
    return augmenting(config)


def _task(source: Source, request: ProbeRequest) -> _Task:
    """Decided by the dataset alone, so that the recordings cannot change the task."""
    intents = {clip.transcript: clip.intent for clip in source.train if clip.intent}
    if request.label == "intent" and not intents:
        raise DataError(f"{source.name}: a corpus has no intents; give --label transcript")
    task = _Task("keyword", request.label, frozenset(), intents)
    labels = frozenset(task.text_of(clip) for clip in source.train)
    kind = request.kind or _usual_kind(request.label, len(labels))
    if kind == "keyword" and len(labels) < 2:
        raise DataError(f"{source.name}: all clips say `{min(labels)}`; there is nothing to tell")
    return replace(task, kind=kind, labels=labels)


def _usual_kind(label: Label, num_labels: int) -> ProbeKind:
    if label == "transcript":
        return "keyword" if num_labels <= MOST_KEYWORDS else "ctc"
    return "keyword" if label == "intent" else "ctc"


def _of_learned_labels(source: Source, task: _Task, report: Report) -> Source:
    """Without clips to learn from that are none of the labels, other sentences of a corpus, and
    without clips to stop by that none of those says.

    Raises `DataError` where none are left to stop by.
    """
    if task.kind == "ctc":
        return source
    train = tuple(clip for clip in source.train if task.text_of(clip) in task.labels)
    learned = {task.text_of(clip) for clip in train}
    validation = tuple(clip for clip in source.validation if task.text_of(clip) in learned)
    num_unlearned = len(source.validation) - len(validation)
    if num_unlearned:
        report(f"{source.name}: {num_unlearned} clips of validation say what train never does")
    if not validation and train:
        raise DataError(
            f"{source.name}: no clip of validation says what one of train does; give "
            f"{_other_task(task)}, or a dataset with more clips of each label"
        )
    return replace(source, train=train, validation=validation)


def _check_labels(source: Source, task: _Task, real: Sequence[ProbeClip], folder: Path) -> None:
    """Every label of the recordings must be among the dataset's."""
    if task.kind == "ctc":
        return
    learned = {task.text_of(clip) for clip in source.train}
    unknown = [clip for clip in real if task.text_of(clip) not in learned]
    if not unknown:
        return
    names = sorted({task.text_of(clip) for clip in unknown})
    listed = ", ".join(f"`{name}`" for name in names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    known = ", ".join(sorted(learned)[:MOST_KEYWORDS]) or "nothing"
    raise DataError(
        f"{folder}: {len(unknown)} of {len(real)} recordings say what {source.name} never does: "
        f"{listed}{more}; it says {known}; leave them out, or give {_other_task(task)}"
    )


def _other_task(task: _Task) -> str:
    """The option with which no label need be known."""
    return "--label transcript --model ctc" if task.label == "intent" else "--model ctc"


def _probe(
    source: Source,
    task: _Task,
    real: Sequence[ProbeClip],
    rate: int,
    request: ProbeRequest,
    report: Report,
) -> ProbeResult:
    """Train on one source, and test on the recordings and on the source's own test split."""
    train, validation = _features_of(source.train, task), _features_of(source.validation, task)
    probes = []
    for run in range(request.runs):
        training = replace(request.training, seed=request.training.seed + run)
        tell = partial(_tell, report, f"{source.name}, probe {run + 1} of {request.runs}")
        probes.append(train_probe(task.kind, rate, train, validation, training, tell))
    clips = _hear(probes, real, task)
    own = _hear(probes, source.test, task)
    return ProbeResult(
        source=source.name,
        kind=task.kind,
        num_train=len(train),
        num_validation=len(validation),
        scores=scores_of(clips, task.kind == "keyword"),
        by_speaker=speaker_interval(clips),
        own_error_rate=scores_of(own, task.kind == "keyword")[0].error_rate if own else None,
        clips=clips,
        error_rates=tuple(_error_rate(clips, task.kind, run) for run in range(request.runs)),
        confusions=tuple(confusions_of(clips)) if task.kind == "keyword" else (),
    )


def _error_rate(clips: Sequence[RecognizedClip], kind: ProbeKind, run: int) -> float:
    """Of one probe, over all clips."""
    errors = sum(_errors(clip.reference, clip.hypotheses[run], kind) for clip in clips)
    return errors / max(1, sum(clip.size for clip in clips))


def _tell(report: Report, about: str, line: str) -> None:
    report(f"{about}, {line}")


def _hear(
    probes: Sequence[TrainedProbe], clips: Sequence[ProbeClip], task: _Task
) -> list[RecognizedClip]:
    """Every probe's hypothesis of each clip, and the mean of its errors."""
    meant = _features_of(clips, task)
    hypotheses = zip(*(transcribe_clips(each, meant) for each in probes), strict=True)
    return [
        _compared(clip, wanted.text, texts, task.kind)
        for clip, wanted, texts in zip(clips, meant, hypotheses, strict=True)
    ]


def _compared(
    clip: ProbeClip, reference: str, hypotheses: tuple[str, ...], kind: ProbeKind
) -> RecognizedClip:
    size = 1 if kind == "keyword" else len(reference.split())
    errors = sum(_errors(reference, text, kind) for text in hypotheses) / len(hypotheses)
    return RecognizedClip(clip.id, clip.speaker, clip.snr_db, reference, hypotheses, errors, size)


def _errors(reference: str, hypothesis: str, kind: ProbeKind) -> int:
    """0 or 1 of a keyword, else edits in words."""
    if kind == "keyword":
        return int(hypothesis != reference)
    return edit_distance(hypothesis.split(), reference.split())


def _features_of(clips: Sequence[ProbeClip], task: _Task) -> list[LabelledFeatures]:
    return [LabelledFeatures(clip.features, task.text_of(clip)) for clip in clips]


@contextmanager
def _one_thread() -> Iterator[None]:
    """In one thread sums come in one order, so the same seed gives the same probe."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
