"""Foreign accents: per speaker, one strength and one set of sound changes."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from models.checkpoint import read_info
from models.errors import ConfigError
from models.phonology.first_languages import FIRST_LANGUAGES
from models.phonology.foreign_accents import (
    Accent,
    parse_accent,
    replaced_phones,
    speak_as,
)
from pipeline.distributions import Distribution
from pipeline.randomness import rng_for
from pipeline.records import SpokenSentence

_MOST_SHIFT = 0.1  # by which speakers differ in the strength from which on they make a change


def in_foreign_accent(
    sentence: SpokenSentence, speaker: str, strength: Distribution, seed: int
) -> SpokenSentence:
    """The sentence in the speaker's foreign accent, its strength in `accent`; else unchanged.

    The set of changes, and the strength unless the accent has one, are drawn from the seed, the
    speaker's name and the first language alone.
    """
    accent = parse_accent(sentence.accent)
    if not accent.first_language:
        return sentence
    accent, shifts = _drawn(accent, speaker, strength, seed)
    return replace(
        sentence, accent=accent.name, phonemes=speak_as(sentence.phonemes, accent, shifts)
    )


def check_foreign_accents(accents: Sequence[str], acoustic_model: str) -> None:
    """Raise `ConfigError` for a foreign accent of a voice that reads letters, not phonemes."""
    foreign = [name for name in accents if parse_accent(name).first_language]
    if foreign and read_info(acoustic_model).alphabet == "characters":
        raise ConfigError(
            f"text.accent: {foreign[0]}: {acoustic_model} reads letters, not phonemes, and cannot "
            "follow a foreign accent"
        )


def missing_phones(accents: Sequence[str], acoustic_model: str) -> Iterator[str]:
    """A line for each foreign accent with phones that the voice lacks."""
    info = read_info(acoustic_model)
    table = info.symbols if info.alphabet == "ipa" else ()
    for line in replaced_phones(accents, table) if table else ():
        yield f"text.accent: {line} by {acoustic_model}, which never learned them"


def _drawn(
    accent: Accent, speaker: str, strength: Distribution, seed: int
) -> tuple[Accent, list[float]]:
    """The accent with its strength, and by how much the speaker's changes are moved."""
    rng = rng_for(seed, "foreign accent", f"{speaker}|{accent.first_language}")
    drawn = strength.draw(rng)
    if accent.strength is None:
        accent = accent._replace(strength=round(drawn, 2))
    num_changes = len(FIRST_LANGUAGES[accent.first_language].changes)
    return accent, rng.uniform(-_MOST_SHIFT, _MOST_SHIFT, num_changes).tolist()
