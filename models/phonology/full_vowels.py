"""Small words that are said with a full vowel, as careful speakers do, lest they are misheard.

espeak-ng writes `and` the same wherever it stands, and corpora have all its forms, so that a mean
prediction of "tea and a bar" is heard as "tea in a bar".
"""

import re
from collections.abc import Collection

from models.phonology.phonemes import WORD

_FULL = "ˌæ"
_AND_A = re.compile(r"(?<=[|,^] )æ n d (?=\| [ɐə] (?:n )?\|)")


def with_full_vowels(phonemes: str, table: Collection[str]) -> str:
    """A phoneme string with a full vowel in each `and` before `a` or `an`, if a model whose
    symbols are `table` learned that vowel at the beginning of words.
    """
    return _AND_A.sub(f"{_FULL} n d ", phonemes) if WORD + _FULL in table else phonemes
