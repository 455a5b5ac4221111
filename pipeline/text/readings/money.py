"""Sums of money: signs before and behind, codes of currencies, thousands, spans, rates."""

import re

from pipeline.text.readings.cardinals import cardinal, decimal
from pipeline.text.readings.rules import Rule, any_of, apply

# one, several, and the hundredth part: one, several
_Currency = tuple[str, str, str, str]
_CENTS = ("cent", "cents")
_DOLLARS = {"US": "U S", "C": "Canadian", "CA": "Canadian", "A": "Australian", "AU": "Australian"}
_DOLLARS |= {"NZ": "New Zealand", "HK": "Hong Kong", "S": "Singapore"}
_CURRENCIES: dict[str, _Currency] = {
    "$": ("dollar", "dollars", *_CENTS),
    "€": ("euro", "euros", *_CENTS),
    "£": ("pound", "pounds", "penny", "pence"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""),
    "₽": ("ruble", "rubles", "kopek", "kopeks"),
    "₪": ("shekel", "shekels", "agora", "agorot"),
    "₺": ("lira", "lira", "", ""),
    "₴": ("hryvnia", "hryvnias", "", ""),
    "₫": ("dong", "dong", "", ""),
    "₱": ("peso", "pesos", "centavo", "centavos"),
    "₦": ("naira", "naira", "", ""),
    "₿": ("bitcoin", "bitcoins", "", ""),
    "฿": ("baht", "baht", "", ""),
    "R$": ("real", "reais", "centavo", "centavos"),
}
_CURRENCIES |= {
    f"{country}$": (f"{name} dollar", f"{name} dollars", *_CENTS)
    for country, name in _DOLLARS.items()
}
_CODES = {"USD": "US$", "CAD": "C$", "AUD": "A$", "NZD": "NZ$", "EUR": "€"}
_CODES |= {"RUB": "₽", "ILS": "₪", "BRL": "R$", "KRW": "₩", "BTC": "₿", "Rs.": "₹", "Rs": "₹"}
_CURRENCIES |= {code: _CURRENCIES[sign] for code, sign in _CODES.items()}
_CURRENCIES |= {
    "GBP": ("British pound", "British pounds", "penny", "pence"),
    "CHF": ("Swiss franc", "Swiss francs", "centime", "centimes"),
    "JPY": ("Japanese yen", "Japanese yen", "", ""),
    "CNY": ("Chinese yuan", "Chinese yuan", "", ""),
    "INR": ("Indian rupee", "Indian rupees", "paisa", "paise"),
    "MXN": ("Mexican peso", "Mexican pesos", "centavo", "centavos"),
    "MX$": ("Mexican peso", "Mexican pesos", "centavo", "centavos"),
    "SEK": ("Swedish krona", "Swedish kronor", "", ""),
    "NOK": ("Norwegian krone", "Norwegian kroner", "", ""),
    "DKK": ("Danish krone", "Danish kroner", "", ""),
}
_SCALES = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion"}
_SCALES |= {"t": "trillion", "tn": "trillion"}
_RATES = {"mo": "month", "yr": "year", "wk": "week", "hr": "hour", "min": "minute", "h": "hour"}
_RATES |= {"lb": "pound", "lbs": "pound", "oz": "ounce", "kg": "kilogram", "g": "gram"}
_RATES |= {"gal": "gallon", "km": "kilometer", "mi": "mile", "L": "liter", "ft": "foot"}
_RATES |= {"kWh": "kilowatt hour", "GB": "gigabyte", "sq ft": "square foot", "m^2": "square meter"}

_SIGN = any_of(_CURRENCIES)
_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,4}|\d{1,2}(?:,\d\d){1,4},\d{3}|\d{1,15})?(?:\.\d+|(?<=\d))"
_SCALE = r"(?: ?(?:bn|mn|tn|thousand|million|billion|trillion)\b|[kKmMbBtT]\b| [mM]\b(?!/))?"
_SUM = rf"({_NUMBER})({_SCALE})"
_BEHIND = any_of(["€", "£", "₹", "₽", "₪", "₩", "₺", *(c for c in _CODES if c.isupper())])
_BEHIND = rf"(?:{_BEHIND[3:-1]}|GBP|CHF|JPY|CNY|MXN|SEK|NOK|DKK|\$(?!\d))"
_NOT_A_THING = r"(?!(?:in|to|for|off|and|or|a|an|per|each|more|less|from|of|on|at|is|was|if)\b)"
MONEY = re.compile(r"[$€£¥₹₩₽₪₺₴₫₱₦₿฿]|\b(?:Rs|[A-Z]{3}|\d\d?p)\b|\b(?:dollar|cent)s?/")


def money(text: str) -> str:
    """The text with its sums in words."""
    return apply(_RULES, text) if MONEY.search(text) else text


def _sum(currency: str, number: str, scale: str, thing: bool = False) -> str:
    """`thing`: what follows costs it, "a fifty dollar card"."""
    one, several, small_one, small = _CURRENCIES[currency]
    scale = scale.strip()
    whole, _, part = number.replace(",", "").partition(".")
    if scale:
        many = one if thing else several
        return f"{decimal(number)} {_SCALES.get(scale.lower(), scale)} {many}"
    if part.strip("0") and (len(part) != 2 or not small):
        return f"{decimal(number)} {one if thing else several}"
    words = []
    if int(whole or 0) or not part.strip("0"):
        name = one if thing or int(whole or 0) == 1 else several
        words.append(f"{cardinal(int(whole or 0))} {name}")
    if part.strip("0"):
        words.append(f"{cardinal(int(part))} {small_one if thing or int(part) == 1 else small}")
    return " ".join(words)


def _before(match: re.Match[str]) -> str:
    minus = "minus " if match[1] else ""
    is_glued = match.string[match.end() :][:1].isalpha()  # `$20ish`
    return minus + _sum(match[2], match[3], match[4]) + " " * is_glued


def _thing(match: re.Match[str]) -> str:
    return match[1] + _sum(match[2], match[3], match[4], thing=True)


def _span(match: re.Match[str]) -> str:
    """`$80k-90k`: the scale and the currency are said once, where both sums have them."""
    sign, low, low_scale, high, high_scale = match.groups()
    same = low_scale.strip().lower() in ("", high_scale.strip().lower())
    scale = low_scale.strip().lower()
    first = decimal(low) if same else f"{decimal(low)} {_SCALES.get(scale, scale)}"
    if low.partition(".")[2] and not scale and not high_scale:
        first = _sum(sign, low, low_scale)
    return f"{first} to {_sum(sign, high, high_scale)}"


def _comma(match: re.Match[str]) -> str:
    """`€1.234,50`: the comma of most of Europe."""
    return match[1] + match[2].replace(".", "") + "." + match[3] + match[4]


_RULES: list[Rule] = [
    (re.compile(r"((?:€|EUR) ?)(\d{1,3}(?:\.\d{3})*|\d+),(\d\d)()(?![\d,])"), _comma),
    (re.compile(r"()(?<![\d.,])(\d{1,3}(?:\.\d{3})*|\d+),(\d\d)( ?(?:€|EUR))"), _comma),
    (
        re.compile(r"(?<=€)(\d{1,3}(?:\.\d{3})+)(?!\d|[.,]\d)"),
        lambda match: match[0].replace(".", ""),
    ),
    (re.compile(r"(?<![\w.,$€£])(\d{1,2})/(?=[$€£]\d)"), r"\1 for "),
    (re.compile(r"(?<=\d)/(?=[$€£]\d)"), ", "),
    (
        re.compile(rf"(?<!\w)({_SIGN}) ?{_SUM} ?(?:-|to) ?(?:\1 ?)?{_SUM}(?![\w/]*\d)"),
        _span,
    ),
    (
        re.compile(rf"(\b[Aa]n? )({_SIGN}){_SUM}(?= {_NOT_A_THING}[a-z]|-an?-[a-z])"),
        _thing,
    ),
    (re.compile(rf"(?<![\w.])(-)?({_SIGN}) ?{_SUM}"), _before),
    (
        re.compile(rf"(?<![\w.,$])(-)?()({_NUMBER})({_SCALE}) ?({_BEHIND})(?!\w)"),
        lambda match: ("minus " if match[1] else "") + _sum(match[5], match[3], match[4]),
    ),
    (re.compile(r"(?<![\w.,:-])(?<!\b[Aa]t )(?<!\b[Bb]y )(\d\d?)p\b(?!-)"), r"\1 pence"),
    (re.compile(r"\b(dollars?|cents?) ea\b"), r"\1 each"),
    (
        re.compile(
            r"\b(dollars?|cents?|euros?|pounds?|pence|yen|rupees) ?(?:/ ?|per )"
            rf"({any_of(_RATES)}|[a-z]{{3,}})(?!\w)"
        ),
        lambda match: f"{match[1]} per {_RATES.get(match[2], match[2])}",
    ),
]
