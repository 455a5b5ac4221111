"""Speaker assignment: the speakers of each split, and of each sentence under a quota."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from models.speakers.names import parents_of
from pipeline.speech.quota import Cell, Quota, QuotaConfig
from pipeline.splits import check_every_split, deal

EVERYBODY = ""  # the split of sentences whose speaker is not bound to one


@dataclass(frozen=True)
class SpeakerAssignment:
    """The voices of a split with their weights, and their quota where there is one."""

    voices: Mapping[str, float]
    quota: Quota | None = None

    def cell(self, number: int) -> Cell | None:
        """What the quota wants of the sentence `number` of the split."""
        return self.quota.cell(number) if self.quota else None


def assign_speakers(
    voices: Mapping[str, float],
    quota: QuotaConfig | None,
    accents: Sequence[str],
    seed: int,
    shares: Mapping[str, float] | None,
) -> dict[str, SpeakerAssignment]:
    """The assignment of every split; that of everybody where no `shares` of splits are given.

    Raises `ConfigError` where a split would have no voice.
    """
    groups: dict[str, dict[str, float]] = {EVERYBODY: dict(voices)}
    if shares is not None:
        groups = {}
        for name, split in deal_speakers(voices, shares).items():
            groups.setdefault(split, {})[name] = voices[name]
    in_order = tuple(sorted(accents))
    return {
        split: SpeakerAssignment(
            own, Quota(quota, tuple(sorted(own)), in_order, seed) if quota else None
        )
        for split, own in groups.items()
    }


def assignment_of(assignments: Mapping[str, SpeakerAssignment], split: str) -> SpeakerAssignment:
    """Who may speak a sentence of `split`."""
    return assignments[EVERYBODY] if EVERYBODY in assignments else assignments[split]


def deal_speakers(voices: Mapping[str, float], shares: Mapping[str, float]) -> dict[str, str]:
    """Voice -> its split. A mix goes with both of its parents, so whoever shares one is together.

    Raises `ConfigError` where that leaves a split without a voice.
    """
    families = _families(voices)
    largest_first = sorted(families, key=lambda family: (-len(family), family))
    names = [" + ".join(family) for family in largest_first]
    dealt = deal({"": names}, shares)
    by_voice = {
        voice: dealt[name]
        for name, family in zip(names, largest_first, strict=True)
        for voice in family
    }
    check_every_split("speaker", by_voice, shares, families=len(families))
    return by_voice


def _families(voices: Iterable[str]) -> list[tuple[str, ...]]:
    """Groups of voices that share a speaker, directly or indirectly."""
    groups: list[tuple[set[str], list[str]]] = []
    for voice in sorted(voices):
        taught = voice.replace(":", "-")  # what ours is called that learned from this voice
        speakers, members = {voice, taught, *parents_of(voice)}, [voice]
        apart = []
        for others, own in groups:
            if others & speakers:
                speakers |= others
                members = [*own, *members]
            else:
                apart.append((others, own))
        groups = [*apart, (speakers, members)]
    return [tuple(sorted(members)) for _, members in groups]
