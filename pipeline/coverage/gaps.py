"""Reasons for coverage gaps: filtered, pronounced differently, or not reached.

Of what is missing, sentences that would hold it are made (some, where there are many): if one of
them could still be said, the sentences were too few; else what became of them is the reason.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, repeat

import numpy as np

from pipeline.coverage.count import CoverageCount, TemplateCount
from pipeline.domain.templates import tidy
from pipeline.randomness import rng_for
from pipeline.sentences.drawing.sampling import STAGE, Maker, uniforms_of
from pipeline.sentences.drawing.sentence_filter import SentenceFilter

NOT_REACHED = "too few sentences to reach it"
FILTERED = "sentences.filter drops its sentences"
SAID_OTHERWISE = "another template says the same"
NO_MORE = "has no more distinct sentences"
NO_TEMPLATE = "no template says it"
NO_SOUND = "no template or listed value sounds so"
RUN_TOGETHER = "not reached, or said otherwise in running speech"
NOT_LOOKED_INTO = "not looked into"
TOO_MANY = "the template has too many to count"

_EXAMPLES = 12
_SENTENCES = 24  # of a template that are tried for one missing thing
_LOOKED_INTO = 20_000  # missing tuples of a template


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing things of one kind (`templates`, `slot values`, ...) for one reason."""

    kind: str
    why: str
    count: int
    examples: tuple[str, ...]


class GapFinder:
    """Reasons, from what was counted, dropped and rejected (`rejected`: stage by id)."""

    def __init__(
        self,
        counted: CoverageCount,
        seed: int,
        unwanted: SentenceFilter | None,
        rejected: Mapping[str, str],
    ) -> None:
        assert counted.domain is not None
        self._counted, self._seed, self._unwanted = counted, seed, unwanted
        self._rejected = {id: stage for id, stage in rejected.items() if stage != STAGE}
        self._ids = Maker(counted.domain.name, seed, None)
        self._drawn: dict[str, Sequence[float]] = {}

    def of_templates(self, at_least: int) -> Iterator[tuple[str, str]]:
        """(what, why) of templates that were used fewer than `at_least` times."""
        for name, template in self._counted.templates.items():
            if template.rows < at_least:
                yield name, self._why(self._texts(name, template, {}), template.rows)

    def of_values(self, at_least: int) -> Iterator[tuple[str, str]]:
        conditional = {
            words.name
            for template in self._counted.templates.values()
            if template.template.pieces is None
            for words in template.template.vocabularies
        }
        for slot, counts in self._counted.values.items():
            for value, count in counts.items():
                if count < at_least:
                    none = NOT_REACHED if slot in conditional else NO_TEMPLATE
                    yield f"{slot}: {value}", self._why(self._texts_with(slot, value), count, none)

    def of_tuples(self, at_least: int) -> Iterator[tuple[str, str]]:
        for name, template in self._counted.templates.items():
            for subset, table in zip(template.subsets, template.tables, strict=True):
                for number, cell in enumerate(np.argwhere(table < at_least).tolist()):
                    levels = dict(zip(subset, cell, strict=True))
                    values = " + ".join(template.vocabularies[p][i] for p, i in levels.items())
                    why = NOT_LOOKED_INTO
                    if number < _LOOKED_INTO:
                        why = self._why(
                            self._texts(name, template, levels), int(table[tuple(cell)])
                        )
                    yield f"{name}: {values}", why
            for group, count in template.groups.items():
                if count < at_least:
                    yield f"{name}: {' + '.join(v for _, v in group)}", NOT_REACHED

    def _texts_with(self, slot: str, value: str) -> Iterator[str]:
        for name, template in self._counted.templates.items():
            for position, words in enumerate(template.vocabularies):
                known = template.levels[position] or {}
                if words.name == slot and value in known:
                    yield from self._texts(name, template, {position: known[value]})

    def _texts(self, name: str, template: TemplateCount, levels: dict[int, int]) -> Iterator[str]:
        """Sentences with `levels` of values by position: the only one, or some at random."""
        pieces = template.template.pieces
        if pieces is None:
            renderings = islice(template.template.all_renderings(), _SENTENCES)
            yield from (rendered.text for rendered in renderings)
            return
        sizes = [
            (levels[index], 1) if index in levels else (0, len(words))
            for index, words in enumerate(template.vocabularies)
        ]
        free = any(size > 1 for _, size in sizes)
        uniforms = iter(self._uniforms(name, _SENTENCES * len(sizes))) if free else repeat(0.0)
        for _ in range(_SENTENCES if free else 1):
            drawn = [first + int(next(uniforms) * size) for first, size in sizes]
            values = iter([w[at] for w, at in zip(template.vocabularies, drawn, strict=True)])
            yield tidy("".join(p if isinstance(p, str) else next(values) for p in pieces))

    def _uniforms(self, name: str, count: int) -> Sequence[float]:
        """The first `count` draws of a template, the same for all of its missing tuples."""
        if name not in self._drawn:
            rng = rng_for(self._seed, "coverage", name)
            self._drawn[name] = tuple(islice(uniforms_of(rng), count))
        return self._drawn[name]

    def _why(self, texts: Iterator[str], count: int, none: str = NOT_REACHED) -> str:
        """The commonest reason why `texts` were left out, or that one of them is still possible."""
        fates: Counter[str] = Counter()
        for text in texts:
            fate = self._fate(text)
            if fate == NOT_REACHED:
                return NOT_REACHED
            fates[fate] += 1
        if not fates:
            return none
        ((fate, _),) = fates.most_common(1)
        return NO_MORE if fate == SAID_OTHERWISE and count else fate

    def _fate(self, text: str) -> str:
        if self._unwanted and self._unwanted.reason(text):
            return FILTERED
        id = self._ids.id_of(text)
        if id in self._rejected:
            return f"its sentences were rejected ({self._rejected[id]})"
        return SAID_OTHERWISE if id in self._counted.ids else NOT_REACHED


def gaps_of(kind: str, missing: Iterator[tuple[str, str]]) -> list[Gap]:
    """What is missing by reason, the commonest first; the examples are drawn from all of it."""
    counts: Counter[str] = Counter()
    examples: dict[str, dict[int, str]] = {}
    uniforms = uniforms_of(rng_for(0, "coverage", kind))
    for what, why in missing:
        kept = examples.setdefault(why, {})
        kept_at = int(next(uniforms) * (counts[why] + 1))
        if len(kept) < _EXAMPLES:
            kept[counts[why]] = what
        elif kept_at < _EXAMPLES:
            del kept[list(kept)[kept_at]]
            kept[counts[why]] = what
        counts[why] += 1
    return [
        Gap(kind, why, count, tuple(examples[why].values())) for why, count in counts.most_common()
    ]
