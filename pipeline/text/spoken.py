"""Stage 2: the spoken text, its transcript for ASR, and its phonemes."""

import dataclasses
import functools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.config import as_mapping
from models.errors import ConfigError, DataError
from models.phonology.characters import named, plain
from models.phonology.foreign_accents import check_accent, parse_accent
from models.phonology.phonemes import Phonemizer, words_of
from pipeline.records import NOBODY, Reject, Sentence, SpokenSentence
from pipeline.text.inline import (
    emphasized_words,
    pauses_of,
    pronounce_inline,
    pronounced_words,
    with_pauses,
)
from pipeline.text.normalize import normalize
from pipeline.text.pronounce import Pronouncer
from pipeline.text.pronunciations import Lexicon, load_lexicon
from pipeline.text.slot_words import word_ranges
from pipeline.text.variants import VariantsConfig

STAGE = "frontend"
MOST_CHARACTERS = 5_000  # of a sentence, about six minutes; grammars take up to 2 ms a character
_SPEAKABLE = re.compile(r"""[A-Za-z\s'.,;:!?"()-]*""")


@dataclass(frozen=True)
class TextConfig:
    """How text is read.

    `accent` is one of espeak-ng's English voices, alone or with a speaker's first language
    (`en-us+fr`, `en-us+fr(0.6)`), or weights of several, drawn a sentence.
    `pronunciations` are lexicon files that win over espeak-ng, later ones over earlier.
    `grammar_cache` holds the compiled text grammars (default: the user's cache). `workers`
    processes share large batches (0: one a core), except in a build's worker processes. Those two
    change no row.
    """

    accent: str | dict[str, float] = "en-us"
    pronunciations: tuple[Path, ...] = ()
    variants: VariantsConfig = VariantsConfig()
    grammar_cache: Path | None = None
    workers: int = 0

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise ValueError(f"workers: {self.workers} is not allowed; 0 (one a core) or more")
        if not all(0 <= weight < math.inf for weight in self.accents.values()):
            raise ValueError("accent: weights must be finite and not negative")
        if not sum(self.accents.values()):
            raise ValueError("accent: at least one weight must be above 0")

    @property
    def accents(self) -> dict[str, float]:
        """Every accent with its weight."""
        return {self.accent: 1.0} if isinstance(self.accent, str) else self.accent

    @property
    def used_accents(self) -> tuple[str, ...]:
        """Those that may be drawn, by name."""
        return tuple(sorted(name for name, weight in self.accents.items() if weight > 0))

    @property
    def row_settings(self) -> dict[str, object]:
        """What the rows depend on beside the files' content.

        Options that came later are there only when they are used: old shards keep their names.
        """
        settings: dict[str, object] = {"accent": self.accent}
        variants = as_mapping(self.variants).items()
        used = {name: value for name, value in variants if value is not None}
        if used:
            settings["variants"] = used
        return settings


def check_text(config: TextConfig) -> None:
    """Raises `ConfigError` for an accent that does not exist, `DataError` naming file
    and line of a pronunciation that cannot be used.
    """
    for accent in config.accents:
        try:
            check_accent(accent)
        except DataError as error:
            raise ConfigError(f"text.accent: {error}") from None
        Phonemizer(parse_accent(accent).native)
    load_lexicon(config.pronunciations)


def text_frontend(
    sentences: Sequence[Sentence],
    config: TextConfig,
    seed: int,
    lexicon: Lexicon | None = None,
    accents: Mapping[str, str] | None = None,
) -> Iterator[SpokenSentence | Reject]:
    """The spoken form of each sentence, or why there is none, in the order given.

    Accents and variants are drawn from `seed` and the sentence's id. `lexicon` wins over
    espeak-ng; without one it is that of the config's files. `accents` by id are not drawn.
    """
    if lexicon is None:
        lexicon = load_lexicon(config.pronunciations)
    said = [one for one in sentences if not one.is_silence and not _overlong(one)]
    spoken = _spoken(said, config, seed, lexicon, accents or {})
    for sentence in sentences:
        if sentence.is_silence:
            yield _silence(sentence)
        elif reason := _overlong(sentence):
            yield Reject(sentence.id, STAGE, reason)
        else:
            yield next(spoken)


def _overlong(sentence: Sentence) -> str:
    """Why a sentence is too long to be read; empty when it is not."""
    count = len(sentence.text)
    if count <= MOST_CHARACTERS:
        return ""
    return f"{count:,} characters; a sentence has at most {MOST_CHARACTERS:,}"


def _silence(sentence: Sentence) -> SpokenSentence:
    return SpokenSentence(
        sentence.id, "", "", "", NOBODY, number=sentence.number, split=sentence.split
    )


def _spoken(
    sentences: Sequence[Sentence],
    config: TextConfig,
    seed: int,
    lexicon: Lexicon,
    accents: Mapping[str, str],
) -> Iterator[SpokenSentence | Reject]:
    drafts = _written_down(sentences, config)
    good = [draft for draft in drafts if isinstance(draft, SpokenSentence)]
    pronouncer = Pronouncer(config.accents, lexicon, config.variants)
    ids, texts = [draft.id for draft in good], [draft.normalized_text for draft in good]
    pronounced = iter(pronouncer.pronounce(ids, texts, seed, accents))
    for sentence, draft in zip(sentences, drafts, strict=True):
        if isinstance(draft, Reject):
            yield draft
            continue
        accent, phonemes = next(pronounced)
        if isinstance(phonemes, DataError):
            yield Reject(sentence.id, STAGE, str(phonemes))
            continue
        native = parse_accent(accent).native
        phonemes = pronounce_inline(phonemes, sentence, draft.pronounced_words, native)
        phonemes = with_pauses(phonemes, draft.pauses)
        yield dataclasses.replace(draft, accent=accent, phonemes=phonemes)


def _written_down(
    sentences: Sequence[Sentence], config: TextConfig
) -> list[SpokenSentence | Reject]:
    """The spoken form of each sentence, without phonemes, or why there is none."""
    read = functools.partial(normalize, grammar_cache=config.grammar_cache, workers=config.workers)
    spoken = read([sentence.text for sentence in sentences])
    transcripts = [" ".join(words_of(text)) for text in spoken]
    slot_words = word_ranges(sentences, transcripts, read)
    marked = pronounced_words(sentences, transcripts, read)
    pauses = pauses_of(sentences, transcripts, read)
    stressed = emphasized_words(sentences, transcripts, read)
    drafts = list[SpokenSentence | Reject]()
    for index, sentence in enumerate(sentences):
        if reason := _unspeakable(spoken[index], sentence.text):
            drafts.append(Reject(sentence.id, STAGE, reason))
            continue
        draft = SpokenSentence(
            id=sentence.id,
            normalized_text=spoken[index],
            transcript=transcripts[index],
            phonemes="",
            accent="",
            slot_words=slot_words[index],
            number=sentence.number,
            split=sentence.split,
            pronounced_words=marked[index],
            pauses=pauses[index],
            emphasized_words=stressed[index],
        )
        drafts.append(draft)
    return drafts


def _unspeakable(spoken: str, written: str) -> str:
    """Why a spoken text cannot be said in English; empty when it can."""
    readable = _SPEAKABLE.match(spoken)
    end = readable.end() if readable else 0
    if end < len(spoken):
        sign = spoken[end]
        word_index = next(
            (word_index for word_index, own in enumerate(written) if sign in plain(own)), None
        )
        where = "" if word_index is None else f" at character {word_index + 1}"
        return f"cannot say {named(sign)}{where}"
    return "" if words_of(spoken) else "nothing to say: no words in the text"
