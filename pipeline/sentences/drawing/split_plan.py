"""Split plan: which speakers, texts and sounds belong to which split, decided before synthesis.

Every template, slot value and speaker is assigned to one split. A sentence whose parts belong to
different splits belongs to none and is passed over for another one, until every split has its
number; its speaker is then drawn from those of its split.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import ConfigError
from models.phonology.phonemes import words_of
from pipeline.bits_by_hash import BitsByHash
from pipeline.domain.domains import Domain
from pipeline.records import NEGATIVES, Sentence
from pipeline.splits import (
    KINDS,
    SLOT,
    SPLITS,
    check_every_split,
    deal,
    numbers_by_split,
    split_of,
)
from pipeline.text.normalize import normalize
from pipeline.text.spoken import MOST_CHARACTERS

_BEFORE_TEXT = ("template", SLOT)  # what decides a sentence's split in place of its text
_OF_SENTENCES = ("text", *_BEFORE_TEXT)


@dataclass(frozen=True)
class SplitPlan:
    """The split of every sentence of a build, by what its config keeps apart.

    `dealt` has the listed values of each kind; one that is not listed (a time, a template of
    the user's own file) goes by a hash. Texts are read with the grammars in `grammar_cache`.
    """

    shares: Mapping[str, float]
    disjoint: tuple[str, ...]
    seed: int
    dealt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    grammar_cache: Path | None = None

    @property
    def parts_sentences(self) -> bool:
        """Whether something of sentences is kept apart."""
        return any(kind.startswith(_OF_SENTENCES) for kind in self.disjoint)

    @property
    def compares_transcripts(self) -> bool:
        """Whether sentences whose parts belong to different splits may say the same."""
        return "text" in self.disjoint and any(
            kind.startswith(_BEFORE_TEXT) for kind in self.disjoint
        )

    def transcript(self, text: str) -> str:
        """The words that a text is read as: `55%` and `55 percent` are the same."""
        if len(text) > MOST_CHARACTERS:
            return text  # it becomes no row
        (spoken,) = normalize([text], self.grammar_cache, workers=1)
        return " ".join(words_of(spoken))

    def split_of(self, sentence: Sentence) -> str | None:
        """Its split; None where its parts belong to different ones."""
        found = {self._split_of_value(kind, value) for kind, value in self._parts(sentence)}
        if not found:
            return split_of(sentence.id, self.seed, self.shares)
        return found.pop() if len(found) == 1 else None

    def is_free(self, sentence: Sentence) -> bool:
        """Whether no part of it binds it to a split."""
        return not self._parts(sentence)

    def _split_of_value(self, kind: str, value: str) -> str:
        listed = self.dealt.get(kind, {}).get(value)
        return listed or split_of(f"{kind}\x1f{value}", self.seed, self.shares)

    def _parts(self, sentence: Sentence) -> Sequence[tuple[str, str]]:
        if sentence.is_silence:
            return []
        kinds = set(self.disjoint)
        parts = [
            (f"{SLOT}{slot.name}", slot.value.casefold())
            for slot in sentence.slots
            if f"{SLOT}{slot.name}" in kinds
        ]
        if sentence.source == "recordings":
            parts.append(("speaker", f"{sentence.domain}|{sentence.template.partition('/')[0]}"))
        elif "template" in kinds and sentence.template and sentence.source != NEGATIVES:
            parts.append(("template", sentence.template))
        if "text" in kinds and (not parts or sentence.source == "recordings"):
            parts.append(("text", self.transcript(sentence.text)))
        return parts


def plan_splits(
    shares: Mapping[str, float],
    disjoint: Sequence[str],
    seed: int,
    domain: Domain | None,
    grammar_cache: Path | None = None,
) -> SplitPlan:
    """Deal the domain's templates and slot values to the splits.

    Raises `ConfigError` for a kind that does not exist, and where there are fewer values than
    splits.
    """
    own = domain.listed_values if domain else {}
    _check_kinds(disjoint, own)
    listed: dict[str, list[str]] = {
        f"{SLOT}{name}": [value.casefold() for value in values] for name, values in own.items()
    }
    if domain:
        listed["template"] = [
            f"{intent}:{line}" for intent, lines in domain.intents.items() for line in lines
        ]
    dealt = {kind: deal({"": listed[kind]}, shares) for kind in disjoint if kind in listed}
    for kind, values in dealt.items():
        check_every_split(kind, values, shares)
    return SplitPlan(shares, tuple(disjoint), seed, dealt, grammar_cache)


class Vacancies:
    """How many sentences each split still takes; `heard` has the transcripts of earlier ones."""

    def __init__(self, plan: SplitPlan, number: int, heard: BitsByHash | None = None) -> None:
        self._plan, self._left = plan, Counter(numbers_by_split(plan.shares, number))
        self._heard = BitsByHash() if heard is None else heard
        self.passed_over = 0

    def admit(self, sentence: Sentence) -> str | None:
        """The sentence's split, where that has room for it."""
        split = self._plan.split_of(sentence)
        if split and not self._left[split] and self._plan.is_free(sentence):
            split = next((name for name, count in self._left.items() if count), None)
        if split is None or not self._left[split] or self._is_heard_elsewhere(sentence, split):
            self.passed_over += 1
            return None
        self._left[split] -= 1
        return split

    def _is_heard_elsewhere(self, sentence: Sentence, split: str) -> bool:
        if not self._plan.compares_transcripts or sentence.is_silence:
            return False
        transcript, own = self._plan.transcript(sentence.text), 1 << SPLITS.index(split)
        if self._heard.get(transcript) & ~own:
            return True
        self._heard.mark(transcript, own)
        return False

    def lacking(self, lower: str) -> str:
        """In words: which splits are still short of how many, and what to relax or `lower`."""
        short = ", ".join(f"{name} lacks {count}" for name, count in self._left.items() if count)
        return (
            f"{short} sentences, after {self.passed_over} were passed over; "
            f"relax output.disjoint ({', '.join(self._plan.disjoint)}) or lower {lower}"
        )


def _check_kinds(disjoint: Sequence[str], lexicons: Collection[str]) -> None:
    allowed = [*KINDS, *(f"{SLOT}{name}" for name in sorted(lexicons))]
    for kind in disjoint:
        is_slot = kind.startswith(SLOT) and (kind in allowed or not lexicons)
        if kind not in allowed and not is_slot:
            raise ConfigError(f"output.disjoint: {kind}; allowed are {', '.join(allowed)}")
