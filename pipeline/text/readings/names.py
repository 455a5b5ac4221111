"""Names of people with initials: the stop in `George W. Bush` ends no sentence as in `Plan B.`"""

import re

from pipeline.text.readings.rules import Rule

# Of things, not of people: `gate B`, `vitamin D`.
_NAMED_BY_LETTERS = """
answer appendix area bay block building bus case category chapter class column company court
deck dock door drive exhibit exit factor figure file flat floor formula gate generation grade
group hall hepatitis highway house influenza item lane level line lot model number option
page part patient person phase pier plan plant platform player point product question room route
row schedule seat section segment serie series side site size stage stand step studio suite tab
table team terminal tower track type unit version vitamin vitamins volume war ward wing witness
zone
"""
# A sentence begins with these after `Henry V.`, but hardly a surname.
_STARTS = """
A After All An And Another Are As Ask At Be Before Both Bring But By Call Can Close Come Could
Did Do Does Each Every First For From Get Give Go Had Has Have He Her Here His How However I If
In Is It Its Later Let Make Many Most My Next No Not Now On One Open Or Our Please Press Put
Read See Set She Should So Some Start Stop Take Tell Thanks That The Their Then There These They
This Those Today Tomorrow Tonight Try Turn Use Wait Was We Were What When Where Which Who Why
With Would Yes You Your
"""
# These have a capital where a sentence begins, and a letter behind them is no initial.
_CHOOSING = """
Add Answer Choose Click Delete Drop Enter Hit Like Pick Play Say Select Send Show Type
"""
_FIRST_NAMES = """
Albert Alexander Alfred Andrew Anthony Arthur Benjamin Bernard Carl Charles Christopher Clarence
Daniel David Donald Douglas Earl Edgar Edward Edwin Eric Ernest Eugene Francis Frank Franklin
Fred Frederick George Gerald Gordon Gregory Harold Harry Harvey Henry Herbert Howard Hugh Jack
Jacob James Jason Jeffrey Jerome John Jonathan Joseph Joshua Keith Kenneth Kevin Larry Lawrence
Leon Leonard Lewis Louis Marcus Mark Martin Matthew Michael Nathan Nathaniel Nicholas Patrick
Paul Peter Philip Phillip Ralph Raymond Richard Robert Roger Ronald Roy Russell Samuel Scott
Stephen Steven Theodore Thomas Timothy Vincent Walter Warren Wayne William
"""
NAMED_BY_LETTERS = _NAMED_BY_LETTERS.split()
FIRST_NAMES = _FIRST_NAMES.split()

A_SENTENCE = rf"(?:{'|'.join(_STARTS.split())})\b"
_NO_PERSON = "|".join(
    [*_STARTS.split(), *_CHOOSING.split(), *(word.capitalize() for word in NAMED_BY_LETTERS)]
)
_NAME = rf"(?!(?:{_NO_PERSON})\b)[A-Z][a-z][A-Za-z'-]*"

# The stop of an initial would be a pause. `A` keeps its own: without, it may be the article.
INITIALS: list[Rule] = [
    (re.compile(r"\b([A-Z])\. (?=[A-Z]\.)"), r"\1 "),
    (re.compile(r"(?<=\b[A-Z] )([A-Z])\. (?=[A-Z][a-z])"), r"\1 "),
    (re.compile(rf"\b({_NAME}) ([B-Z])\. (?!{A_SENTENCE})(?=[A-Z][a-z])"), r"\1 \2 "),
]
