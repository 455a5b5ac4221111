"""Slot accuracy of a probe: which command of the dataset's it heard, and what is in its slots.

The vocabulary is closed: what a probe wrote is taken for the transcript of the dataset that is
nearest in letters, and that for its intent and slots.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from models.errors import DataError
from models.recognition.probe_networks import spellable
from pipeline.probe.clips import ProbeClip
from pipeline.probe.scores import RecognizedClip, wilson_interval

_NAMED = 3  # unknown commands that a message names


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a command means: its intent, and the words of each slot by the slot's name."""

    intent: str
    slots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SlotScore:
    """A share of right answers over recordings and probes, with the 95 % interval `low` to `high`:
    of `name`, a slot, `all slots`, or `whole command`, in `num_clips` recordings.
    """

    name: str
    num_clips: int
    accuracy: float
    low: float
    high: float


def meanings_of(clips: Iterable[ProbeClip]) -> dict[str, Meaning]:
    """By spelled transcript. Raises `DataError` for clips without any slot."""
    found = {
        spellable(clip.transcript): Meaning(clip.intent or "", dict(clip.slots))
        for clip in clips
        if clip.transcript
    }
    if not any(meaning.slots for meaning in found.values()):
        raise DataError("--label slots: no clip of the dataset has a slot; give another label")
    return found


def check_commands(meanings: Mapping[str, Meaning], real: Sequence[ProbeClip], where: str) -> None:
    """Raise `DataError` for recordings of what the dataset never says: their slots are unknown."""
    said = {spellable(clip.transcript): clip.transcript for clip in real}
    unknown = sorted(said[one] for one in said if one not in meanings)
    if unknown:
        listed = ", ".join(f"`{one}`" for one in unknown[:_NAMED])
        more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        raise DataError(
            f"{where}: {len(unknown)} commands that the dataset never says, so their slots are not "
            f"known: {listed}{more}; leave them out, or give --label transcript"
        )


def slot_scores(
    clips: Sequence[RecognizedClip], meanings: Mapping[str, Meaning]
) -> list[SlotScore]:
    """Whole commands, all slots at once, and each slot in the recordings that have it."""
    right: dict[str, list[float]] = {"whole command": [], "all slots": []}
    commands = list(meanings)
    for clip in clips:
        meant = meanings[spellable(clip.reference)]
        heard = [meanings[nearest(text, commands)] for text in clip.hypotheses]
        right["whole command"].append(_share(one == meant for one in heard))
        if meant.slots:
            right["all slots"].append(_share(one.slots == meant.slots for one in heard))
        for name, value in meant.slots.items():
            right.setdefault(name, []).append(_share(one.slots.get(name) == value for one in heard))
    return [_score(name, shares) for name, shares in right.items() if shares]


def nearest(text: str, commands: Sequence[str]) -> str:
    """The command with the fewest edits of letters; the first of several."""
    found = process.extractOne(spellable(text), commands, scorer=Levenshtein.distance)
    return str(found[0])


def _share(answers: Iterable[bool]) -> float:
    each = list(answers)
    return sum(each) / len(each)


def _score(name: str, shares: Sequence[float]) -> SlotScore:
    accuracy = sum(shares) / len(shares)
    low, high = wilson_interval(accuracy, len(shares))
    return SlotScore(name, len(shares), accuracy, low, high)
