"""Where NeMo's grammars say something else than people do: our rules, before and after it.

`before` rewrites written forms that NeMo reads wrongly ("555-0123" as a sum of money would
be read); `after` finishes the spoken text (letters said one by one, capitals, the last full
stop). One rule a line or a short function; a rule's test is a pair of strings in
`tests/pipeline/test_normalize.py`.
"""

import re
import unicodedata
from collections.abc import Callable

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TYPOGRAPHY = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": " - ", "…": "...", "×": "x"}
    | {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2212": "-", "\u200b": "", "\ufe0f": ""}
    | {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅓": " 1/3", "⅔": " 2/3"}
)
_LETTERS = {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ł": "l"}
_LETTERS |= {"Ł": "L", "đ": "d", "Đ": "D", "ı": "i"}

_UNITS = {
    "kg": "kilograms",
    "km": "kilometers",
    "lbs": "pounds",
    "lb": "pounds",
    "oz": "ounces",
    "cm": "centimeters",
    "mm": "millimeters",
    "ml": "milliliters",
    "mph": "miles per hour",
    "ft": "feet",
    "hr": "hour",
}
_SHORT_TIMES = {"hrs": "hours", "mins": "minutes", "secs": "seconds"}
_BIG_UNITS = {"KB": "kilobytes", "MB": "megabytes", "GB": "gigabytes", "TB": "terabytes"}
_BIG_UNITS |= {"W": "watts", "kW": "kilowatts", "V": "volts"}
_WEEKDAYS = {"Mon": "Monday", "Tues": "Tuesday", "Tue": "Tuesday", "Wed": "Wednesday"}
_WEEKDAYS |= {"Thurs": "Thursday", "Thu": "Thursday", "Fri": "Friday"}
_WEEKDAYS |= {"Sat": "Saturday", "Sun": "Sunday"}
_MONTHS = "january february march april may june july august september october november december"
_TENS = "twenty|thirty|forty|fifty"
_ORDINALS = "first|second|third|(?:four|fif|six|seven|eigh|nin|ten|eleven|twelf|[a-z]+teen"
_ORDINALS += "|twentie|thirtie)th"
_HOURS = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
_HOURS += "|sixteen|seventeen|eighteen|nineteen|twenty"

_SHORT_WORDS = {"Ave": "Avenue", "Rd": "Road", "Blvd": "Boulevard", "Jr": "Junior"}
_SHORT_WORDS |= {"approx": "approximately", "Apt": "apartment", "Jan": "January"}
_SHORT_WORDS |= {"Feb": "February", "Aug": "August", "Sep": "September", "Sept": "September"}
_SHORT_WORDS |= {"Oct": "October", "Nov": "November", "Dec": "December"}
_SHORT_DURATIONS = {"h": "hour", "m": "minute", "s": "second"}

# Roman numerals stand behind names and headings: of rulers they are ordinals.
# A lone `I` is one only where a clause ends: "Tell Henry I am late."
_ROMAN = r"(?!I(?![IVX.,:;?!]|$))((?:XL|L)?X{0,3}(?:IX|IV|V?I{0,3}))(?<=[IVXL])(?!\w)"
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}
_TITLES = "King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser|Prince|Saint"
_RULERS = "Henry|Elizabeth|Louis|Charles|George|Edward|Richard|William|James|Philip|Napoleon|Pius"
_RULERS += "|Paul|Benedict|Leo|Gregory|Alexander|Nicholas|Catherine|Frederick|Wilhelm|Ferdinand"
_HEADINGS = (
    "[Cc]hapter|[Pp]art|[Aa]ct|[Vv]olume|[Bb]ook|[Ss]ection|[Ss]cene|[Ss]eason|War|Phase|Bowl"
)
_MEDICAL = "fluids?|drips?|lines?|bags?|pumps?|infusions?|antibiotics|access|therapy"
_LAMPS = "bulb|lamp|light|charger|adapter|heater|speaker|panel"
_DAY_AND_MONTH = r"(?:[0-3]\d-)?(?:0\d|1[0-2])-"

# Said letter by letter although they look like words; what has no vowel is spelled anyway.
_SPELLED = frozenset(
    {
        "AC",
        "AI",
        "AM",
        "API",
        "ASAP",
        "ATM",
        "CEO",
        "CIA",
        "DIY",
        "EST",
        "EU",
        "EV",
        "FAQ",
        "FBI",
        "GPA",
    }
    | {"HVAC", "ID", "IOU", "IP", "IQ", "IRS", "IT", "LED", "OS", "PA", "SUV", "UFO", "UK", "UPS"}
    | {"URL", "US", "UTC", "USA", "USB", "UV", "VIP"}
)

_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def digit_by_digit(text: str) -> str:
    """`555-0123` as "five five five, zero one two three": a comma where the groups part."""
    groups = re.findall(r"\d+", text)
    return ", ".join(" ".join(_DIGITS[int(digit)] for digit in group) for group in groups)


def _phone(match: re.Match[str]) -> str:
    plus = "plus " if match[0].startswith("+") else ""
    return plus + digit_by_digit(match[0])


def _digits_behind(match: re.Match[str]) -> str:
    return match[1] + digit_by_digit(match[2])


def _card(match: re.Match[str]) -> str:
    return digit_by_digit(" ".join(re.findall(r"\d{4}", match[0])))


def _duration(match: re.Match[str]) -> str:
    """`1h 20m` as "1 hour 20 minutes"."""
    return re.sub(
        r"(\d+)([hms])",
        lambda part: f"{part[1]} {_SHORT_DURATIONS[part[2]]}" + "s" * (part[1] != "1"),
        match[0],
    )


def _expiry(match: re.Match[str]) -> str:
    """`04/28` as "oh four 28"."""
    month = match[2] if match[2][0] != "0" else f"oh {_DIGITS[int(match[2])]}"
    return f"{match[1]} {month} {match[3]}"


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


# These change a text only where it holds a digit, and are left out where it holds none.
_BEFORE_DIGITS: list[_Rule] = [
    (re.compile(r"\b1 ?¢"), "1 cent"),
    (re.compile(r"(?<=\d) ?¢"), " cents"),
    (re.compile(r"(?<![\d-])\d{4}(?:[ -]?\d{4}){3}(?![\d-])"), _card),
    (re.compile(r"\b0(?:\d\d \d{4} \d{4}|\d{3} \d{3} \d{4}|\d{4} \d{6})\b"), _phone),
    (re.compile(r"(?<=[Ss]ort code )((?:is )?)(\d\d-\d\d-\d\d)\b"), _digits_behind),
    (re.compile(rf"(?<![\d-])(?!{_DAY_AND_MONTH})()(\d\d-\d\d-\d\d)(?![\d-])"), _digits_behind),
    (
        re.compile(r"\b([A-Z]{2,4})-?(\d{3,8})\b"),
        lambda match: f"{' '.join(match[1])} {digit_by_digit(match[2])}",
    ),
    (re.compile(r"\b((?:ending|ends|end) (?:in|with) )(\d{2,8})\b"), _digits_behind),
    (
        re.compile(
            r"\b((?:expir\w+|valid (?:until|thru|through))(?: [a-z]+){0,2}) "
            r"(0[1-9]|1[0-2])/(\d\d)\b",
            re.I,
        ),
        _expiry,
    ),
    (re.compile(r"\b\d+h(?: ?\d+m)?(?: ?\d+s)?\b|\b\d+m ?\d+s\b"), _duration),
    # `$5 m` is money, and NeMo knows that; `5 m` alone it spells.
    (re.compile(r"(?<=\d) ?m/s\b"), " meters per second"),
    (re.compile(r"(?<![$€£\d.,])\b1 m\b(?!/)"), "1 meter"),
    (re.compile(r"(?<![$€£\d.,])\b(\d[\d.,]*) m\b(?!/)"), r"\1 meters"),
    (re.compile(r"\b(Boeing) (7\d7)\b"), lambda match: f"{match[1]} {digit_by_digit(match[2])}"),
    (re.compile(rf"(?<=\d) ?W (?={_LAMPS})"), " watt "),
    (re.compile(r"(?:\+\d{1,2}[ .-])?(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b"), _phone),
    (re.compile(r"(?<![\d-])(?<!\d )\d{3}[ -]\d{4}\b(?! \d)"), _phone),
    (
        re.compile(r"\b((?:extension|code|pin|flight(?: [A-Z]{2})?)(?: is)?) (\d{2,8})\b", re.I),
        lambda match: f"{match[1]} {digit_by_digit(match[2])}",
    ),
    (re.compile(r"\bext\. ?(\d+)\b"), lambda match: f"extension {digit_by_digit(match[1])}"),
    (re.compile(r"(?:\bNo\. ?|#)(?=\d)"), "number "),
    (re.compile(r"\b911\b"), "nine one one"),
    (re.compile(r"\b24/7\b"), "twenty four seven"),
    (re.compile(r"\b(\d):(\d)\b"), r"\1 to \2"),
    (re.compile(r"(?<=\d)(?:\^2|²)(?!\d)"), " squared"),
    (re.compile(r"(?<=\d)(?:\^3|³)(?!\d)"), " cubed"),
    (re.compile(r"(?<=\d)\^(?=\d)"), " to the power of "),
    (re.compile(r"\b(1[3-9]|2[0-3]):00\b(?! ?[ap]\.?m)", re.I), r"\1 hundred"),
    (re.compile(r"\b(\d)'(\d{1,2})(?:\"|'')"), r"\1 feet \2 inches"),
    (re.compile(r"(?<=\d) ?[x*] ?(?=\d)"), " times "),
    (re.compile(r"(?<=\d) - (?=\d)"), " minus "),
    (re.compile(r"(?<=\d) ?= ?(?=\d)"), " equals "),
    (re.compile(r"(?<![\d-])(\d{1,3}) ?- ?(\d{1,3})(?=%| [a-z])"), r"\1 to \2"),
]

_BEFORE: list[_Rule] = [
    (re.compile(r"\bhttps?://"), ""),
    (re.compile(r"\b[a-z](?=\.[\w.]*@)"), lambda match: match[0].upper()),
    (re.compile(r"(?<!\w)#(?=[A-Za-z])"), "hashtag "),
    (re.compile(r"\b[A-Z](?:-[A-Z]){2,}\b"), lambda match: match[0].replace("-", " ")),
    (re.compile(rf"\bIV(?= (?:{_MEDICAL}))"), "I V"),
    (re.compile(rf"\b((?:{_TITLES}) [A-Z][a-z]+|{_RULERS}) {_ROMAN}"), _ordinal_name),
    (re.compile(rf"\b({_HEADINGS}) {_ROMAN}"), _roman_number),
    (re.compile(rf"\b([A-Z]\w+) (?=[IVX]{{2}}){_ROMAN}"), _roman_number),
    (re.compile(r"\bP\. ?O\. (?=Box)"), "P O "),
    (
        re.compile(r"\b(" + "|".join(_SHORT_WORDS) + r")\.(?=[,;:?!]| \w)"),
        lambda match: _SHORT_WORDS[match[1]],
    ),
    (
        re.compile(r"\b(" + "|".join(_SHORT_WORDS) + r")\.$"),
        lambda match: _SHORT_WORDS[match[1]] + ".",
    ),
    (re.compile(r"(?<=\d) ?[÷/] (?=\d)| ÷ "), " divided by "),
    (
        re.compile(r"(?<![0-9])(?<![0-9] )\b(" + "|".join(_UNITS) + r")\b(?!/)"),
        lambda match: _UNITS[match[1]],
    ),
    (
        re.compile(r"(?<=\d) ?(" + "|".join(_BIG_UNITS) + r")\b"),
        lambda match: " " + _BIG_UNITS[match[1]],
    ),
    (
        re.compile(r"\b(" + "|".join(_SHORT_TIMES) + r")\b"),
        lambda match: _SHORT_TIMES[match[1]],
    ),
    (re.compile(r"\bkm/h\b"), "kilometers per hour"),
    (
        re.compile(r"\b(" + "|".join(_WEEKDAYS) + r")(?:\.|(?=, [A-Z]))(?!$)"),
        lambda match: _WEEKDAYS[match[1]],
    ),
    (re.compile(r"(?<=[a-z]) St\.?(?=[,?!]| [a-z])"), " Street"),
    (re.compile(r"(?<=[a-z]) St(?=\.?$)"), " Street"),
    (re.compile(r"\bMs\. "), "Miz "),
    (re.compile(r"\bProf\. "), "Professor "),
    (re.compile(r"\bA/C\b"), "AC"),
    (re.compile(r"\bw/ "), "with "),
    (re.compile(r"\bOK\b"), "okay"),
    (re.compile(r"(?<=\d)(?=[?!])"), " "),  # NeMo takes `97.6?` for an address on the web
]

_AFTER: list[_Rule] = [
    (re.compile(r"\b(doctor|mister)(?= [A-Z])"), lambda match: match[1].capitalize()),
    (re.compile(rf"\b({_HOURS}|{_TENS}) o (?=[a-z])"), r"\1 oh "),
    (re.compile(r"\bmisses(?= [A-Z])"), "Missus"),
    (re.compile(rf"\bmay (?=(?:twenty |thirty )?(?:{_ORDINALS})\b)"), "May "),
    (re.compile(r"\bwifi\b"), "Wi-Fi"),
    (re.compile(r" +([.,;:!?])"), r"\1"),
    (re.compile(r"\.(?=[?!])"), ""),
    (re.compile(r"  +"), " "),
]
_DIGIT = re.compile(r"\d")
_CAPITALS = re.compile(r"\b([A-Z]{2,5})('?s)?\b")
_MONTH = re.compile(r"\b(" + "|".join(_MONTHS.split()) + r")\b")


def before(text: str) -> str:
    """Written text with plain typography, Latin letters unaccented, and our readings put in."""
    text = "".join(_plain_letter(character) for character in text.translate(_TYPOGRAPHY))
    text = " ".join(text.split())
    if _DIGIT.search(text):
        text = _apply(_BEFORE_DIGITS, text)
    return _apply(_BEFORE, text)


def after(spoken: str, written: str) -> str:
    """The spoken text, finished: months and titles in capitals, letters apart, last mark kept."""
    spoken = _apply(_AFTER, spoken)
    spoken = _MONTH.sub(lambda match: _as_written(match[1], written), spoken)
    if any(character.islower() for character in spoken):
        spoken = _CAPITALS.sub(_letters_apart, spoken)
    last = written.rstrip("\"') ")[-1:]
    if last in (".", "?", "!") and spoken.rstrip("\"') ")[-1:] not in (".", "?", "!"):
        spoken += last
    return spoken[:1].upper() + spoken[1:] if written[:1].isupper() else spoken


def _apply(rules: list[_Rule], text: str) -> str:
    for pattern, replacement in rules:
        text = pattern.sub(replacement, text)
    return text


def _plain_letter(character: str) -> str:
    """`é` -> `e`; letters that are not Latin stay and are rejected later."""
    if character.isascii() or not character.isalpha():
        return character
    if character in _LETTERS:
        return _LETTERS[character]
    base = unicodedata.normalize("NFD", character)[0]
    return base if base.isascii() else character


def _as_written(month: str, written: str) -> str:
    """NeMo writes months small; they were small in the text only if it holds them so."""
    return month if re.search(rf"\b{month}\b", written) else month.capitalize()


def _letters_apart(match: re.Match[str]) -> str:
    """`TV` -> `T V`, `AM` -> `A M`; `NOW` in an ordinary sentence is a word said loudly."""
    letters, plural = match[1], match[2] or ""
    if letters in _SPELLED or not set(letters) & set("AEIOUY"):
        return " ".join(letters) + ("'s" if plural else "")
    return match[0]
