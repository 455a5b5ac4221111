"""A pronouncing lexicon of a few words, common ones first."""

from pathlib import Path

TINY_WORDS = """;;; a few words
the  DH AH0
the(2)  DH IY0
hey  HH EY1
hay  HH EY1
day  D EY1
way  W EY1
wait  W EY1 T
weight  W EY1 T
late  L EY1 T
wade  W EY1 D
read  R EH1 D
read(2)  R IY1 D
red  R EH1 D
reed  R IY1 D
lead  L EH1 D
light  L AY1 T
lights  L AY1 T S
life  L AY1 F
jar  JH AA1 R
us  AH1 S
this  DH IH1 S
vase  V EY1 S
jarvis  JH AA1 R V AH0 S
jarvis(2)  JH AA1 R V IH0 S
harvest  HH AA1 R V AH0 S T
jervis  JH ER1 V IH0 S
doctor  D AA1 K T ER0
new-york  N UW1 Y AO1 R K
"""


def write_tiny_words(folder: Path) -> Path:
    """Write the lexicon into `folder`; returns its path."""
    path = folder / "words.dict"
    path.write_text(TINY_WORDS, encoding="utf-8")
    return path
