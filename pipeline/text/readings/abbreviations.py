"""Short forms of words: titles, streets, states, parts of books, and roman numerals."""

import re

from pipeline.text.readings.rules import Rule, any_of

_SHORT_WORDS = {
    "Ave": "Avenue", "Rd": "Road", "Blvd": "Boulevard", "Ln": "Lane", "Ct": "Court",
    "Pkwy": "Parkway", "Hwy": "Highway", "Jr": "Junior", "Sr": "Senior", "Bros": "Brothers",
    "Co": "Company", "Apt": "apartment", "approx": "approximately", "max": "maximum",
    "avg": "average",  "tel": "telephone", "dept": "department", "Dept": "Department",
    "govt": "government", "misc": "miscellaneous", "temp": "temperature", "Temp": "Temperature",
    "incl": "including",
    "excl": "excluding", "asst": "assistant", "mgr": "manager", "attn": "attention",
    "Inc": "Incorporated", "Corp": "Corporation", "Ltd": "Limited",
    "Jan": "January", "Feb": "February", "Aug": "August", "Sep": "September",
    "Mar": "March", "Apr": "April", "Univ": "University", "Natl": "National",
    "Intl": "International",
    "Sept": "September", "Oct": "October", "Nov": "November", "Dec": "December",
}  # fmt: skip
_TITLES_BEFORE_NAMES = {
    "Sen": "Senator", "Rep": "Representative", "Gov": "Governor", "Pres": "President",
    "Gen": "General", "Col": "Colonel", "Maj": "Major", "Capt": "Captain", "Cmdr": "Commander",
    "Lt": "Lieutenant", "Sgt": "Sergeant", "Cpl": "Corporal", "Rev": "Reverend",
    "Hon": "Honorable", "Prof": "Professor", "Ms": "Miz", "Ft": "Fort", "Pt": "Point",
    "Supt": "Superintendent", "Sec": "Secretary", "Sens": "Senators", "Reps": "Representatives",
    "Gens": "Generals", "Profs": "Professors", "Govs": "Governors", "Messrs": "Messieurs",
    "Drs": "Doctors",
}  # fmt: skip
_BEFORE_NUMBERS = {
    "Fig": "Figure", "fig": "figure", "Ch": "Chapter", "ch": "chapter", "Vol": "Volume",
    "vol": "volume", "Sec": "Section", "sec": "section", "Eq": "Equation", "Art": "Article",
    "p": "page", "pp": "pages", "Rm": "Room", "Ste": "Suite", "est": "established",
    "Est": "Established", "Fl": "Floor", "Nos": "Numbers", "nos": "numbers", "Figs": "Figures",
    "figs": "figures", "Vols": "Volumes", "vols": "volumes", "Chs": "Chapters", "Eqs": "Equations",
    "Secs": "Sections", "Apts": "Apartments", "Hwy": "Highway", "Rte": "Route", "tel": "telephone",
}  # fmt: skip
_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa",
    "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland",
    "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi",
    "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina",
    "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania",
    "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee",
    "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
    "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip

# Roman numerals stand behind names and headings: of rulers they are ordinals.
# A lone `I` is one only where a clause ends: "Tell Henry I am late."
_NUMERAL = r"((?:XL|L)?X{0,3}(?:IX|IV|V?I{0,3}))(?<=[IVXL])(?!\w)"
_ROMAN = rf"(?!I(?![IVX.,:;?!]|$)){_NUMERAL}"
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}
_TITLES = "King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Prince|Saint"
_RULERS = "Henry|Elizabeth|Louis|Charles|George|Edward|Richard|William|James|Philip|Napoleon|Pius"
_RULERS += "|Mary|Anne|Peter|Ivan|Francis|Franz|Otto|Christian|Gustav|Umberto|Alfonso|Felipe|Pedro"
_RULERS += "|Robert|Malcolm|Stephen|Innocent|Clement|Urban|Julius|Ptolemy|Darius|Xerxes|Constantine"
_RULERS += (
    "|Suleiman|Mehmed|Selim|Leopold|Albert|Margaret|Isabella|Victor Emmanuel|Rameses|Ramesses"
)
_RULERS += "|Paul|Benedict|Leo|Gregory|Alexander|Nicholas|Catherine|Frederick|Wilhelm|Ferdinand"
_HEADINGS = (
    "[Cc]hapter|[Pp]art|[Aa]ct|[Vv]olume|[Bb]ook|[Ss]ection|[Ss]cene|[Ss]eason|War|Phase|Bowl"
)
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
    (re.compile(rf"\b((?:{_TITLES}) [A-Z][a-z]+|{_RULERS}) {_ROMAN}"), _ordinal_name),
    (
        re.compile(rf"\b({_HEADINGS}) {_NUMERAL}(?= (?:and|or|to) (?:{_HEADINGS})| of\b)"),
        _roman_number,
    ),
    (re.compile(rf"\b([A-Z][a-z]+) {_NUMERAL}(?= of [A-Z])"), _ordinal_name),
    (re.compile(rf"\b({_HEADINGS}) {_ROMAN}"), _roman_number),
    (re.compile(rf"\b([A-Z]\w+) (?=[IVX]{{2}}){_ROMAN}"), _roman_number),
]


def _initials(match: re.Match[str]) -> str:
    """`R.I.P.` as "R I P"; the full stop of the sentence stays."""
    return match[1].replace(".", " ") + (match[2] if match.end() == len(match.string) else "")


# These are tried where a full stop stands behind a letter.
WITH_STOPS: list[Rule] = [
    (re.compile(r"\bP\. ?O\. (?=Box)"), "P O "),
    (re.compile(r"\bMt\. St\. "), "Mount Saint "),
    (re.compile(r"\b(?![AP]\.M\.)((?:[A-Z]\.)+[A-Z])(\.)"), _initials),
    (re.compile(r"\b([A-Z])\. (?=[A-Z]\.)"), r"\1 "),
    (re.compile(r"(?<=\b[A-Z] )([A-Z])\. (?=[A-Z][a-z])"), r"\1 "),
    (re.compile(r"\bPh\.? ?D\b\.(?=.)"), "P H D"),
    (re.compile(r"\bPh\.? ?D\b\.$"), "P H D."),
    (re.compile(r"\ba\.k\.a\.?(?= )"), "A K A"),
    (re.compile(r"\bed\. (?=by\b)"), "edited "),
    (
        re.compile(rf"\b({any_of(_TITLES_BEFORE_NAMES)})\. (?=[A-Z])"),
        lambda match: _TITLES_BEFORE_NAMES[match[1]] + " ",
    ),
    (
        re.compile(rf"\b({any_of(_BEFORE_NUMBERS)})\. ?(?=\d)"),
        lambda match: _BEFORE_NUMBERS[match[1]] + " ",
    ),
    (re.compile(r"(?<!\d )(?<!\d)\bmin\.(?= [a-z\d])"), "minimum"),
    (re.compile(r"(?<=[a-z]) Dr\.?(?=[,?!]| [a-z])"), " Drive"),
    (
        re.compile(rf"\b({any_of(_SHORT_WORDS)})\.(?=[,;:?!]| \w)"),
        lambda match: _SHORT_WORDS[match[1]],
    ),
    (
        re.compile(rf"\b({any_of(_SHORT_WORDS)})\.$"),
        lambda match: _SHORT_WORDS[match[1]] + ".",
    ),
]
STREETS_AND_STATES: list[Rule] = [
    (re.compile(r"(?<=[a-z]) Dr(?=\.?$)"), " Drive"),
    (re.compile(r"(?<=[a-z]) St\.?(?=[,?!]| [a-z])"), " Street"),
    (re.compile(r"(?<=[a-z]) St(?=\.?$)"), " Street"),
    (
        re.compile(rf"(?<=[a-z], )({'|'.join(_STATES)})(?= \d{{5}}\b|[.,?!]|$)"),
        lambda match: _STATES[match[1]],
    ),
    (re.compile(r"\bOK\b"), "okay"),
    (re.compile(r"\bPhD(s?)\b"), lambda match: "P H D" + "'s" * bool(match[1])),
]
