"""Short forms of words: titles, streets, states, parts of books."""

import re

from pipeline.text.readings.names import INITIALS
from pipeline.text.readings.quotes import ENDING
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


def _initials(match: re.Match[str]) -> str:
    """`R.I.P.` as "R I P"; the full stop of the sentence stays."""
    return match[1].replace(".", " ") + (match[2] if match.end() == len(match.string) else "")


# These are tried where a full stop stands behind a letter.
WITH_STOPS: list[Rule] = [
    (re.compile(r"\bP\. ?O\. (?=Box)"), "P O "),
    (re.compile(r"\bMt\. St\. "), "Mount Saint "),
    (re.compile(r"\b(?![AP]\.M\.)((?:[A-Z]\.)+[A-Z])(\.)"), _initials),
    *INITIALS,
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
        re.compile(rf"\b({any_of(_SHORT_WORDS)})\.(?=[,;:?!]| \w|{ENDING})"),
        lambda match: _SHORT_WORDS[match[1]],
    ),
    (re.compile(rf"\bDr\.(?={ENDING})"), "Doctor"),
    (
        re.compile(rf"\b([AP])\.M\.(?={ENDING})", re.I),
        lambda match: f"{match[1].upper()} M",
    ),
    (re.compile(rf"(?<=\w)\.(?={ENDING})"), ""),
    (
        re.compile(rf"\b({any_of(_SHORT_WORDS)})\.$"),
        lambda match: _SHORT_WORDS[match[1]] + ".",
    ),
]
STREETS_AND_STATES: list[Rule] = [
    (re.compile(r"(?<=[a-z]) Dr(?=\.?$)"), " Drive"),
    (re.compile(rf"(?<=[a-z]) St\.?(?=[,?!]| [a-z]|{ENDING})"), " Street"),
    (re.compile(r"(?<=[a-z]) St(?=\.?$)"), " Street"),
    (
        re.compile(rf"(?<=[a-z], )({'|'.join(_STATES)})(?= \d{{5}}\b|[.,?!]|$)"),
        lambda match: _STATES[match[1]],
    ),
    (re.compile(r"\bOK\b"), "okay"),
    (re.compile(r"\bPhD(s?)\b"), lambda match: "P H D" + "'s" * bool(match[1])),
]
