"""Hard negatives: phrases that a wake word or a command must not be taken for.

Near misses of the phrases named in the config (`pipeline/sentences/negatives/near_phrases.py`),
each measured as it is spoken: as far as `min_distance` or farther from every phrase, so that
neither a phrase, nor a sentence with a phrase in it, nor a homophone ("wait" for "weight") is
called a negative.
"""

import functools
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from models.config import resolve_path
from models.errors import ConfigError, DataError
from models.phonology.foreign_accents import check_accent
from models.phonology.phonemes import word_spans
from pipeline.distributions import check_share
from pipeline.domain.domains import Domain
from pipeline.licences.summary import OWN_LICENCE, LicensedSource
from pipeline.randomness import rng_for
from pipeline.records import NEGATIVES, Negative, Reject, Sentence
from pipeline.sentences.drawing.sampling import Maker, uniforms_of
from pipeline.sentences.drawing.sources import SentenceSource
from pipeline.sentences.negatives.near_phrases import KINDS, Kind, Phrase, Search
from pipeline.sentences.negatives.near_words import load_near_words
from pipeline.sentences.negatives.silence_config import SilenceConfig
from pipeline.sentences.negatives.sound_distance import Distances, Speech
from pipeline.text.inline import unmarked
from pipeline.text.normalize import normalize
from pipeline.text.pronunciations import lexicon_digest, load_lexicon, with_domain

STAGE = NEGATIVES
KEY = "sentences.negatives"
_BOUNDED: tuple[Kind, ...] = ("substitution", "regrouping")  # by max_distance
_MEASURED_AT_ONCE = 32  # at most; fewer at first, for where there are many phrases
_COUNTED_BEFORE_WORK = 1000
_MOST_SENTENCES = 200  # of the intents


@dataclass(frozen=True)
class NegativesConfig:
    """Near misses of `phrases`, and of all sentences that the domain has for `intents`.

    `kinds` are weights; one that has no more to give leaves its share to the others. Distances
    are shares of a phrase's sounds: no negative is nearer to any phrase than `min_distance`, and
    `max_distance` is how far those made of near words may be. `order` is off by default: a
    command in another order is often the same command. `words` is the pronouncing lexicon
    that words are taken from, the commonest first. `accents` and `pronunciations` are what
    distances are measured in; they are those of `text`. `silence` adds rows without speech
    (`pipeline/sentences/negatives/silence.py`), with or without near misses beside them.
    """

    share: float = 0.0
    phrases: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    kinds: dict[Kind, float] = field(
        default_factory=lambda: dict(zip(KINDS, (4.0, 2.0, 2.0, 1.0, 0.0), strict=True))
    )
    min_distance: float = 0.1
    max_distance: float = 0.4
    intent: str = "negative"
    words: Path = Path("words/english.dict")
    pronunciations: tuple[Path, ...] = ()
    accents: tuple[str, ...] = ("en-us",)
    silence: SilenceConfig | None = None

    def __post_init__(self) -> None:
        if self.has_near_misses or self.silence is None:
            check_share(self.share)
        if not self.phrases and not self.intents and (self.share or self.silence is None):
            raise ValueError("phrases: none; name one at least, or `intents` of the domain")
        if not all(0 <= weight < math.inf for weight in self.kinds.values()):
            raise ValueError("kinds: weights must be finite and not negative")
        if not sum(self.kinds.values()):
            raise ValueError(f"kinds: one weight at least must be above 0, of {', '.join(KINDS)}")
        if not 0 < self.min_distance <= self.max_distance <= 1:
            raise ValueError(
                f"min_distance: {self.min_distance} with max_distance {self.max_distance}; "
                "0 < min_distance <= max_distance <= 1 is needed"
            )
        if not self.accents:
            raise ValueError("accents: none; en-us or another of espeak-ng's is needed")

    @property
    def has_near_misses(self) -> bool:
        """Whether there is more than silence."""
        return bool(self.share or self.phrases or self.intents)


def negatives_source(config: NegativesConfig, domain: Domain | None) -> SentenceSource:
    """The negatives as a source beside the templates."""
    return SentenceSource(
        location=KEY,
        lower=f"{KEY}.share",
        share=config.share,
        check=functools.partial(_check, config, domain),
        rows=lambda maker, number: negative_rows(config, domain, maker, number),
        files=lambda: [resolve_path(path) for path in _files(config)],
        digest=lambda: lexicon_digest(_files(config)),
        licensed=LicensedSource("sentences", STAGE, OWN_LICENCE, "", KEY, "output.license"),
    )


def _files(config: NegativesConfig) -> list[Path]:
    return [config.words, *config.pronunciations]


def check_as_spoken(
    config: NegativesConfig, accents: Sequence[str], pronunciations: Sequence[Path]
) -> None:
    """Raise `ConfigError` where a build speaks otherwise than its negatives are measured."""
    for accent in accents:
        if accent not in config.accents:
            raise ConfigError(
                f"{KEY}.accents: text.accent speaks {accent} too; distances are measured in "
                f"{', '.join(config.accents)} only, so add it"
            )
    if list(pronunciations) != list(config.pronunciations):
        raise ConfigError(f"{KEY}.pronunciations: must be the same files as text.pronunciations")


def negative_rows(
    config: NegativesConfig, domain: Domain | None, maker: Maker, number: int
) -> Iterator[Sentence | Reject]:
    """Negatives with distinct texts, until there are no more.

    Raises `DataError` for a phrase that cannot be pronounced, and, where near misses run out before
    there were `number`, saying how many there are and what allows more.
    """
    produced: Counter[str] = Counter()
    rejected = 0
    for miss in _NearMisses(config, domain, maker.seed):
        row = maker.make(
            config.intent,
            f"{STAGE}:{miss.negative.kind}",
            miss.text,
            (),
            source=STAGE,
            negative=miss.negative,
        )
        if row:
            yield row
            produced[miss.negative.kind] += isinstance(row, Sentence)
            rejected += isinstance(row, Reject)
    if produced.total() < number:
        raise _too_few(config, number, produced, rejected)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A text, and the phrase that it is near to."""

    text: str
    negative: Negative


class _NearMisses:
    """Goes through the near misses of all phrases: kinds by weight, phrases equally often."""

    def __init__(self, config: NegativesConfig, domain: Domain | None, seed: int) -> None:
        _check_accents(config)
        self._config, self._seed = config, seed
        own = load_lexicon(config.pronunciations)
        if domain is not None:
            own = with_domain(own, domain.pronunciations, str(domain.folder))
        self._near = load_near_words(config.words)
        self._speech = Speech(self._near, own, config.accents)
        self._phrases = _phrases(config, domain, self._speech)
        texts = [" ".join(phrase.words) for phrase in self._phrases]
        self._distances = Distances(self._speech.ways(texts))

    def __iter__(self) -> Iterator[NearMiss]:
        uniforms = uniforms_of(rng_for(self._seed, STAGE))
        left = {
            kind: [self._of(phrase, kind) for phrase in range(len(self._phrases))]
            for kind in KINDS
            if self._config.kinds.get(kind)
        }
        while left:
            kind = self._drawn_kind(list(left), next(uniforms))
            chosen = int(next(uniforms) * len(left[kind]))
            miss = next(left[kind][chosen], None)
            if miss:
                yield miss
                continue
            del left[kind][chosen]
            if not left[kind]:
                del left[kind]

    def _drawn_kind(self, kinds: Sequence[Kind], uniform: float) -> Kind:
        point = uniform * sum(self._config.kinds[kind] for kind in kinds)
        for kind in kinds:
            point -= self._config.kinds[kind]
            if point < 0:
                return kind
        return kinds[-1]

    def _of(self, number: int, kind: Kind) -> Iterator[NearMiss]:
        """Those of one kind and one phrase, far enough from all phrases and near to this one."""
        phrase = self._phrases[number]
        rng = rng_for(self._seed, STAGE, f"{phrase.written}|{kind}")
        most = int(self._config.max_distance * len(phrase.sounds))
        texts = Search(phrase, self._near, rng, most).texts(kind)
        size = 1
        while batch := list(islice(texts, size)):
            size = min(2 * size, _MEASURED_AT_ONCE)
            for text, ways in zip(batch, self._speech.ways(batch), strict=True):
                if self._distances.any_inside(ways, self._config.min_distance):
                    continue
                distance = self._distances.to_phrase(ways, number)
                if kind not in _BOUNDED or distance <= self._config.max_distance:
                    yield NearMiss(text, Negative(kind, phrase.written, distance))


def _phrases(config: NegativesConfig, domain: Domain | None, speech: Speech) -> list[Phrase]:
    """The phrases with their words, read as they are spoken (`2` as `two`)."""
    named = (_plain(text, f"{KEY}.phrases") for text in config.phrases)
    written = dict.fromkeys((*named, *_sentences_of(config.intents, domain)))
    found: dict[tuple[str, ...], tuple[str, tuple[str, ...]]] = {}
    for text, spoken in zip(written, normalize(list(written)), strict=True):
        words = tuple(spoken[start:end] for start, end in word_spans(spoken))
        if not words or not all(word.isascii() for word in words):
            raise DataError(f"{KEY}: `{text}` cannot be pronounced as English")
        # The same words with other punctuation are the same phrase.
        found.setdefault(tuple(word.lower() for word in words), (text, words))
    try:
        word_ways_found = speech.word_ways([" ".join(words) for _, words in found.values()])
    except DataError as error:
        raise DataError(f"{KEY}: a phrase cannot be pronounced: {error}") from None
    return [
        Phrase(*phrase, ways) for phrase, ways in zip(found.values(), word_ways_found, strict=True)
    ]


def _plain(text: str, location: str) -> str:
    """Without inline markup. Raises `DataError` for a pronunciation, which is not measured."""
    try:
        marked = unmarked(text)
    except DataError as error:
        raise DataError(f"{location}: {error}") from None
    if marked.pronunciations:
        raise DataError(
            f"{location}: `{text}`: negatives are not measured in a pronunciation given inline; "
            "give it in `say` of a lexicon, or in a file of pronunciations"
        )
    return marked.text


def _sentences_of(intents: Sequence[str], domain: Domain | None) -> list[str]:
    """All that the domain's templates say for these intents."""
    if not intents:
        return []
    if domain is None:
        raise ConfigError(f"{KEY}.intents: sentences.domain is null, so there are none")
    found: dict[str, None] = {}
    for intent in intents:
        if intent not in domain.intents:
            known = ", ".join(domain.intents)
            raise ConfigError(f"{KEY}.intents: `{intent}` is none of {domain.folder}'s: {known}")
        for template in domain.intents[intent].values():
            for rendered in template.all_renderings():
                found[_plain(rendered.text, template.location)] = None
                if len(found) > _MOST_SENTENCES:
                    raise DataError(
                        f"{KEY}.intents: at {template.location} the intents have more than "
                        f"{_MOST_SENTENCES} sentences; write the commands that matter as `phrases`"
                    )
    return list(found)


def _check(config: NegativesConfig, domain: Domain | None, number: int) -> None:
    counted = min(number, _COUNTED_BEFORE_WORK)
    for _ in islice(negative_rows(config, domain, Maker(STAGE, 0, None), counted), counted):
        pass


def _check_accents(config: NegativesConfig) -> None:
    for accent in config.accents:
        try:
            check_accent(accent)
        except DataError as error:
            raise ConfigError(f"{KEY}.accents: {error}") from None


def _too_few(
    config: NegativesConfig, number: int, produced: Counter[str], rejected: int
) -> DataError:
    by_kind = ", ".join(f"{kind} {count}" for kind, count in produced.most_common() if count)
    dropped = f"; {rejected} more are dropped by sentences.filter" if rejected else ""
    off = [kind for kind in KINDS if not config.kinds.get(kind)]
    other_kinds = f"give weight to {', '.join(off)}, " if off else ""
    return DataError(
        f"{KEY}: {number} negatives asked for, but only {produced.total()} exist "
        f"({by_kind or 'of no kind'}{dropped}); lower share, raise max_distance "
        f"({config.max_distance}), lower min_distance ({config.min_distance}), {other_kinds}"
        "name more phrases, or give a larger lexicon as words"
    )
