"""Units of measure behind numbers: `10mL`, `5 MB/s`, `a 5 lb bag`, `50 m²`."""

import re

from pipeline.text.readings.cardinals import cardinal, year
from pipeline.text.readings.rules import Rule, any_of, apply

# sign: one, several
_MEASURES = {
    "kg": "kilogram", "g": "gram", "mg": "milligram", "mcg": "microgram", "μg": "microgram",
    "km": "kilometer", "cm": "centimeter", "mm": "millimeter", "μm": "micrometer",
    "nm": "nanometer", "mi": "mile", "yd": "yard", "yds": "yard", "lb": "pound", "lbs": "pound",
    "oz": "ounce", "L": "liter", "l": "liter", "mL": "milliliter", "ml": "milliliter",
    "dL": "deciliter", "μL": "microliter", "cl": "centiliter", "tbsp": "tablespoon",
    "tsp": "teaspoon", "gal": "gallon", "qt": "quart", "pt": "pint", "KB": "kilobyte",
    "kB": "kilobyte", "MB": "megabyte", "GB": "gigabyte", "TB": "terabyte", "W": "watt",
    "kW": "kilowatt", "MW": "megawatt", "V": "volt", "kV": "kilovolt", "mV": "millivolt",
    "kWh": "kilowatt hour", "mAh": "milliamp hour", "mA": "milliamp", "Ω": "ohm", "kΩ": "kilohm",
    "dB": "decibel", "kcal": "kilocalorie", "cal": "calorie", "kJ": "kilojoule",
    "hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "sec": "second",
    "secs": "second", "yr": "year", "yrs": "year", "wk": "week", "wks": "week", "mo": "month",
    "mos": "month", "kgs": "kilogram", "kms": "kilometer", "ms": "millisecond", "ha": "hectare",
    "kPa": "kilopascal", "MP": "megapixel", "N": "newton",
    "doz": "dozen", "sq km": "square kilometer", "sq mi": "square mile", "sq m": "square meter",
    "cu m": "cubic meter", "m^2": "square meter", "m^3": "cubic meter", "km^2": "square kilometer",
    "cm^2": "square centimeter", "cm^3": "cubic centimeter", "Tbsp": "tablespoon",
    "tbs": "tablespoon", "Tsp": "teaspoon", "qts": "quart", "pts": "point", "gals": "gallon",
    "fl oz": "fluid ounce", "fl. oz": "fluid ounce", "hPa": "hectopascal", "mbar": "millibar",
    "Wh": "watt hour", "GW": "gigawatt", "mW": "milliwatt", "lm": "lumen", "PB": "petabyte",
}  # fmt: skip
_SAME = {
    "ft": ("foot", "feet"), "sq ft": ("square foot", "square feet"),
    "sqft": ("square foot", "square feet"), "sq. ft": ("square foot", "square feet"),
    "ft^2": ("square foot", "square feet"), "cu ft": ("cubic foot", "cubic feet"),
    "sq in": ("square inch", "square inches"), "Hz": ("hertz", "hertz"),
    "kHz": ("kilohertz", "kilohertz"), "MHz": ("megahertz", "megahertz"),
    "GHz": ("gigahertz", "gigahertz"), "hp": ("horsepower", "horsepower"),
    "cc": ("C C", "C C"), "psi": ("P S I", "P S I"), "rpm": ("R P M", "R P M"),
    "IU": ("I U", "I U"), "mmHg": ("millimeter of mercury", "millimeters of mercury"),
    "mm Hg": ("millimeter of mercury", "millimeters of mercury"),
}  # fmt: skip
_RATES = {"mph": ("mile", "miles", "hour"), "kph": ("kilometer", "kilometers", "hour")}
_RATES |= {"kmh": ("kilometer", "kilometers", "hour"), "mpg": ("mile", "miles", "gallon")}
_RATES |= {"bpm": ("beat", "beats", "minute"), "fps": ("frame", "frames", "second")}
_RATES |= {"dpi": ("dot", "dots", "inch"), "ppm": ("part", "parts", "million")}
_RATES |= {"kbps": ("kilobit", "kilobits", "second"), "Mbps": ("megabit", "megabits", "second")}
_RATES |= {"Gbps": ("gigabit", "gigabits", "second")}
_UNITS = {sign: (one, f"{one}s") for sign, one in _MEASURES.items()} | _SAME
_UNITS["doz"] = ("dozen", "dozen")
_UNITS |= {
    sign: (f"{one} per {by}", f"{many} per {by}") for sign, (one, many, by) in _RATES.items()
}
_PER = {sign: one for sign, (one, _) in _UNITS.items()}
_PER |= {"h": "hour", "s": "second", "s^2": "second squared", "m": "meter"}
_TIMES = {
    word: word for word in ("second", "minute", "hour", "day", "night", "week", "month", "year")
}
_TIMES |= {
    "sec": "second",
    "min": "minute",
    "hr": "hour",
    "wk": "week",
    "mo": "month",
    "yr": "year",
}
_PER |= {"in": "inch", **_TIMES}
_WITHOUT_NUMBER = (
    "kg",
    "km",
    "lbs",
    "lb",
    "oz",
    "cm",
    "mm",
    "ml",
    "mph",
    "ft",
    "hrs",
    "mins",
    "secs",
    "wks",
    "yrs",
    "kgs",
)

_NUMBER = r"(?:\d+ )?\d+/\d+|\d[\d,]*(?:\.\d+)?|\.\d+"
_UNIT = any_of(_UNITS)
_NOT_A_THING = "in|to|for|and|or|a|an|per|each|more|less|from|of|on|at|is|long|wide|tall|high|deep"
_NOT_A_THING += "|away|north|south|east|west|ago|today|every|with|if"
_COMPASS = {"N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast"}
_COMPASS |= {"NW": "Northwest", "SE": "Southeast", "SW": "Southwest"}
_TEMPERATURES = {"C": "Celsius", "F": "Fahrenheit"}
_NO_PLACE = r"(?<!\bRoom )(?<!\bUnit )(?<!\bSeat )(?<!\bSuite )(?<!\bGate )(?<![$€£#.,\d-])"
_COURSES = "dash|sprint|race|relay|hurdles|run|swim|freestyle|backstroke|breaststroke|butterfly"
_STREETS = "Avenue|Ave|Street|St|Road|Rd|Drive|Dr|Boulevard|Blvd|Lane|Ln|Court|Ct|Place|Way"
_ROADS = "Highway|Interstate|Route|Hwy|Rte|I|US|SR"
_LAMPS = "bulb|lamp|light|charger|adapter|heater|speaker|panel"


def units(text: str) -> str:
    """The text with the signs of units in words; numbers stay as they are."""
    return apply(_RULES, text)


def _named(match: re.Match[str]) -> str:
    number, sign = match[1], match[2]
    one, many = _UNITS[sign]
    single = number == "1" or re.fullmatch(r"\d/\d+", number)
    return f"{number} {one if single else many}"


def _rate(match: re.Match[str]) -> str:
    number, sign, by = match[1], match[2], match[3]
    one, many = _UNITS.get(sign, ("meter", "meters"))
    return f"{number} {one if number == '1' else many} per {_PER[by]}"


# Words that end as nouns of several do, and are none.
_NO_PLURAL = "always|as|bus|gas|has|his|is|its|news|perhaps|plus|this|thus|us|was|yes"
_AFTER_INCHES = (
    rf"{_NOT_A_THING}|above|across|apart|below|but|by|over|please|thick|under|when|x|\w+er"
)
_COMMA_BEFORE = rf"(?:{_UNIT}|%)(?!\w)|°|(?:\w+met|met|lit)ers?\b"


def _house(match: re.Match[str]) -> str:
    """`123 N. ` before the name of a street: "one twenty three North"."""
    number = year(int(match[1])) if 100 <= int(match[1]) <= 9999 else match[1]
    return f"{number} {_COMPASS[match[2]]} "


def _oil(match: re.Match[str]) -> str:
    """`10W-30` as "ten W thirty"."""
    return f"{cardinal(int(match[1]))} W {cardinal(int(match[2]))}"


def _per(match: re.Match[str]) -> str:
    return f"{match[1]} per {_TIMES[match[2]]}"


_RULES: list[Rule] = [
    (re.compile(r"\b(0|5|10|15|20|25)W-?(\d\d)\b"), _oil),
    (
        re.compile(rf"(?<![\w.,#-])([1-9]\d{{2,3}}) (?=(?:[A-Z][a-z]+ ){{1,3}}(?:{_STREETS})\b)"),
        lambda match: f"{year(int(match[1]))} ",
    ),
    (
        re.compile(rf"\b(\d+) ({any_of(_COMPASS)})(?:\. ?| )(?=[A-Z][a-z]|\d+(?:st|nd|rd|th)\b)"),
        _house,
    ),
    (
        re.compile(rf"\b((?:{_ROADS})[ -]\d{{1,3}}) ({any_of(_COMPASS)})\b(?!\.\w)"),
        lambda match: f"{match[1]} {_COMPASS[match[2]]}",
    ),
    (re.compile(rf"(?<![\w.,])(\d{{1,3}}),(\d\d?)(?= ?(?:{_COMMA_BEFORE}))"), r"\1.\2"),
    (re.compile(r"\b1 ?¢"), "1 cent"),
    (re.compile(r"(?<=\d) ?¢"), " cents"),
    (re.compile(r"\b(\d)'1(?:\"|''| inch )"), r"\1 feet 1 inch "),
    (re.compile(r"\b(\d)'(\d{1,2})(?:\"|''| inch )"), r"\1 feet \2 inches"),
    (re.compile(r"\b(\d+)'(?!\w)"), r"\1 feet"),
    (re.compile(r"\b1 in\.? (?=wide|long|tall|high|deep|thick)"), "1 inch "),
    (re.compile(r"(?<=\d) in\.? (?=wide|long|tall|high|deep|thick)"), " inches "),
    (re.compile(rf"(?<=\d)[ -]?in\.(?= (?!(?:{_AFTER_INCHES})\b)[a-z])"), " inch"),
    (re.compile(r"\b1 ?in\.(?= [a-z]|[,;)])"), "1 inch"),
    (re.compile(r"(?<=\d) ?in\.(?= [a-z]|[,;)])"), " inches"),
    (re.compile(r"(?<=\d)°([CF]?)-(?=-?\d+(?:\.\d+)?°\1)"), " to "),
    (re.compile(r"\b(\d+) ?ft\.? (\d{1,2}) ?in\b"), r"\1 feet \2 inches"),
    (re.compile(rf"(?<![\w.,/])({_NUMBER}) ?({_UNIT}|m)/({any_of(_PER)})(?![\w^/])"), _rate),
    (
        re.compile(rf"(\b[Aa]n? )({_NUMBER})([ -]?)({_UNIT})\.?(?= (?!(?:{_NOT_A_THING})\b)[a-z])"),
        lambda m: f"{m[1]}{m[2]}{m[3] or ' '}{_UNITS[m[4]][0]}",
    ),
    (re.compile(rf"(?<=\d) ?W (?={_LAMPS})"), " watt "),
    (re.compile(rf"(?<![\w.,/$€£])({_NUMBER})[ -]?({_UNIT})\.(?= [a-z\d])"), _named),
    (re.compile(rf"(?<![\w.,/$€£])({_NUMBER}) ?({_UNIT})(?![\w^/'])"), _named),
    (re.compile(r"(?<= feet) x (?=\d)|(?<= inch) x (?=\d)"), " by "),
    (re.compile(rf"{_NO_PLACE}\b(?:(\d{{3}}|\d+\.\d+) ?)([CF])\b(?!['/-])"), r"\1°\2"),
    (re.compile(r"(?<=\bdegrees )[CF]\b"), lambda match: _TEMPERATURES[match[0]]),
    (re.compile(rf"(?<![$€£\d.,])\b(\d+)m (?={_COURSES})"), r"\1 meter "),
    (re.compile(r"(?<![$€£\d.,])\b(\d+)m (?=deep|tall|high|long|wide|away|apart)"), r"\1 meters "),
    (re.compile(r"\b(took|takes?|lasts?|lasted|[Ww]ait) (\d+)s\b"), r"\1 \2 seconds"),
    (re.compile(r"\bfor (\d+)s\b(?=[.,!?]|$)"), r"for \1 seconds"),
    # `$5 m` is money; `5 m` alone NeMo spells.
    (re.compile(r"(?<![$€£\d.,])\b1 m\b(?!/)"), "1 meter"),
    (re.compile(r"(?<![$€£\d.,])\b(\d[\d.,]*) m\b(?!/)"), r"\1 meters"),
    (re.compile(r"(?<=\d)° ?([CF]) ?/ ?(?=-?\d)"), r"°\1 or "),
]

# Behind no number: "in kg", "how many lbs".
BARE_UNITS: list[Rule] = [
    (
        re.compile(r"(?<![0-9])(?<![0-9] )\b" + any_of(_WITHOUT_NUMBER) + r"\b(?![/'-])"),
        lambda match: _UNITS[match[0]][1],
    ),
    (re.compile(r"\bkm/h\b"), "kilometers per hour"),
    (
        re.compile(
            r"(\b(?:[Oo]ne [a-z]+|\d[\d.,]*(?: (?!day/night)[a-z]+)?|once|twice)|%"
            rf"|\b(?!(?:{_NO_PLURAL})/)[a-z]+[a-rt-z]s)/({any_of(_TIMES)})\b(?!/)"
        ),
        _per,
    ),
]
