"""Roman numerals behind names and headings: ordinals of people (`Henry VIII`), else numbers."""

import re

from pipeline.text.readings.names import A_SENTENCE, FIRST_NAMES
from pipeline.text.readings.rules import Rule

# A lone `I` is one only where a clause ends: "Tell Henry I am late."; a lone `L` is a letter.
_NUMERAL = r"(?!L(?!\w))((?:XL|L)?X{0,3}(?:IX|IV|V?I{0,3}))(?<=[IVXL])(?!\w)"
_ROMAN = rf"(?!I(?![IVX.,:;?!]|$)){_NUMERAL}"
# `George V. Higgins` and `Mary I. called` have initials.
_NO_INITIAL = rf"(?![IVX]\. (?!{A_SENTENCE})\w)"
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}
_TITLES = "King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Prince|Saint"
_RULERS = "Henry|Elizabeth|Louis|Charles|George|Edward|Richard|William|James|Philip|Napoleon|Pius"
_RULERS += "|Mary|Anne|Peter|Ivan|Francis|Franz|Otto|Christian|Gustav|Umberto|Alfonso|Felipe|Pedro"
_RULERS += "|Robert|Stephen|Innocent|Clement|Urban|Julius|Ptolemy|Darius|Xerxes|Constantine"
_RULERS += "|Suleiman|Mehmed|Selim|Leopold|Albert|Margaret|Isabella|Victor Emmanuel|Rameses"
_RULERS += r"|Ramesses|Malcolm(?! [XV]\b)"
_RULERS += "|Paul|Benedict|Leo|Gregory|Alexander|Nicholas|Catherine|Frederick|Wilhelm|Ferdinand"
_HEADINGS = (
    "[Cc]hapter|[Pp]art|[Aa]ct|[Vv]olume|[Bb]ook|[Ss]ection|[Ss]cene|[Ss]eason|War|Phase|Bowl"
)
_PERSON = rf"(?:{'|'.join(FIRST_NAMES)})(?: [A-Z]\.?)?(?: [A-Z][a-z][A-Za-z'-]*){{1,2}}"
_MEDICAL = "fluids?|drips?|lines?|bags?|pumps?|infusions?|antibiotics|access|therapy"


def _roman_value(numeral: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(
        -value if value < after else value for value, after in zip(values, following, strict=True)
    )


def _ordinal_name(match: re.Match[str]) -> str:
    value = _roman_value(match[2])
    ending = {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th") if value // 10 != 1 else "th"
    return f"{match[1]} the {value}{ending}"


def _roman_number(match: re.Match[str]) -> str:
    return f"{match[1]} {_roman_value(match[2])}"


ROMAN_NUMERALS: list[Rule] = [
    (re.compile(r"\bWW(II?)\b"), lambda match: f"World War {len(match[1])}"),
    (re.compile(rf"\bIV(?= (?:{_MEDICAL}))"), "I V"),
    (re.compile(r"\bSuper Bowl L(?!\w|[.-]\w)"), "Super Bowl 50"),
    (
        re.compile(rf"\b((?:{_TITLES}) [A-Z][a-z]+|(?:{_RULERS})(?= {_NO_INITIAL})) {_ROMAN}"),
        _ordinal_name,
    ),
    (
        re.compile(rf"\b({_HEADINGS}) {_NUMERAL}(?= (?:and|or|to) (?:{_HEADINGS})| of\b)"),
        _roman_number,
    ),
    (re.compile(rf"\b([A-Z][a-z]+) {_NUMERAL}(?= of [A-Z])"), _ordinal_name),
    (re.compile(rf"\b({_HEADINGS}) {_ROMAN}"), _roman_number),
    (re.compile(rf"\b({_PERSON}),? (?=(?:III?|IV)\b){_ROMAN}"), _ordinal_name),
    (re.compile(rf"\b([A-Z]\w+) (?=[IVX]{{2}}){_ROMAN}"), _roman_number),
]
