"""Signs that people say, and marks of other writing that they do not: markup, paths, bullets."""

import re

from pipeline.text.readings.cardinals import digit_by_digit
from pipeline.text.readings.rules import Rule, apply

_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta"}
_GREEK |= {"λ": "lambda", "μ": "mu", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau", "φ": "phi"}
_GREEK |= {"ω": "omega", "Δ": "delta", "Σ": "sigma", "Ω": "omega"}
_CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen", "₹": "rupees"}
_BULLETS = "•◦▪▫‣●○■□▸►➤∙"
_PAIRS = "his/hers|he/she|she/he|his/her|him/her|yes/no|true/false|pass/fail|male/female"
_PAIRS += "|hot/cold|day/night"
_SPELLED_SUFFIXES = "pdf|jpg|png|csv|xml|html|css|php|xlsx?|docx|pptx|txt|svg|exe|mp3|mp4"
_TRIGGER = re.compile(
    r"[a-z]:\d|^- |\b[A-D]-(?!\w)|--|\d\) |\.[a-z]|[^\w\s'.,;:!?\"()-]|_|//|&|[^\x00-\x7f]"
)
_PATH = {"\\": " backslash ", "/": " slash ", ":": " colon ", "_": " underscore ", ".": " dot "}


def symbols(text: str) -> str:
    """The text with its signs in words; what has no name here stays."""
    return apply(_RULES, text) if _TRIGGER.search(text) else text


def _path(match: re.Match[str]) -> str:
    """`C:\\Users` as "C colon backslash Users"."""
    return " ".join("".join(_PATH.get(character, character) for character in match[0]).split())


def _joined(match: re.Match[str]) -> str:
    """`AT&T` as "A T and T", `B&Bs` as "B and B's"."""
    return f"{' '.join(match[1])} and {' '.join(match[2])}" + ("'s" if match[3] else "")


def _port(match: re.Match[str]) -> str:
    return f"{match[1]} colon {digit_by_digit(match[2])}" + (" slash " if match[3] else "")


_RULES: list[Rule] = [
    (
        re.compile(rf"(?<=[a-z] )([{''.join(_CURRENCIES)}])(?=[.,;:?!]*(?: [a-z]|$))"),
        lambda match: _CURRENCIES[match[1]],
    ),
    (
        re.compile(r"(?<!\S)(?:/[A-Za-z][\w.-]*){2,}/?(?!\w)"),
        lambda match: match[0].replace("/", " slash ").strip(),
    ),
    (re.compile(r"(?<=\b[Pp]ress )#(?!\w)"), "pound"),
    (re.compile(r"(?<=\b[Pp]ress )\*(?!\S)"), "star"),
    (re.compile(r"(?<=\b[Tt]he )#(?= (?:key|sign|button)\b)"), "pound"),
    (re.compile(r"(?<=\d) ?[★⭐☆]"), " star"),
    (re.compile(r"^/(?=[a-z])"), "per "),
    (re.compile(r"~~(\S[^~]*)~~"), r"\1"),
    (re.compile(r"(?<=\w)--+(?=\w)"), " - "),
    (re.compile(r"\bhttps?://"), ""),
    (re.compile(r"\b(localhost|(?:[\w-]+\.)+[a-z]{2,}):(\d{1,5})(/(?=\w))?(?:/(?!\w))?"), _port),
    (re.compile(r"\b[A-Z]:\\[\w\\]*(?:\.\w+)*"), _path),
    (re.compile(r"</?[a-zA-Z][a-z0-9]*(?: [^<>]*)?/?>"), ""),
    (re.compile(r"(?<![\w*])\*{1,3}(\w[^*]*?)\*{1,3}(?![\w*])"), r"\1"),
    (re.compile(r"(?<!\w)_{1,2}(\w[^_]*?)_{1,2}(?!\w)"), r"\1"),
    (re.compile(rf"^[{_BULLETS}*+] ?|^- (?=[A-Za-z])"), ""),
    (re.compile(r"^(\d\d?)\) (?=[A-Z])"), r"\1, "),
    (
        re.compile(rf"(?<=\w)\.({_SPELLED_SUFFIXES})\b(?![.@])"),
        lambda match: f" dot {' '.join(match[1].upper())}",
    ),
    (re.compile(rf" ?[{_BULLETS}] ?"), ", "),
    (re.compile(r"[\[\]{}]"), ""),
    (re.compile(r"(?<!\w)#(?=[A-Za-z])"), "hashtag "),
    (re.compile(r"\b([Ss])/he\b"), r"\1he or he"),
    (re.compile(r"\bb/c\b"), "because"),
    (re.compile(r"\bw/o\b"), "without"),
    (re.compile(r"\bw/ ?(?=[a-z])"), "with "),
    (re.compile(r"\bA/C\b"), "AC"),
    (
        re.compile(r"(?<![\w./])[A-Za-z]+(?:/[A-Za-z]+){2,}(?!\w|/|\.\w)"),
        lambda match: match[0].replace("/", ", "),
    ),
    (re.compile(r"(?<=[A-Za-z%]) / (?=\w)"), ", "),
    (re.compile(rf"\b({_PAIRS})\b", re.I), lambda match: match[0].replace("/", " or ")),
    (re.compile(r"(?<![\w./])([A-Za-z]+)/([A-Za-z]+)(?!\w|/|\.\w)"), r"\1 \2"),
    (re.compile(r"(?<=\d) ?[÷/] (?=\d)|(?<=\w) ?÷ ?(?=\w)"), " divided by "),
    (re.compile(r"\bC\+\+"), "C plus plus"),
    (re.compile(r"\b([A-G])#(?!\w)"), r"\1 sharp"),
    (re.compile(r"(?<=[A-Za-z])\+(?=[\s.,;:!?]|$)"), " plus"),
    (re.compile(r"\b([A-D])-(?=[\s.,;:!?]|$)(?! (?:and|or|to)\b)"), r"\1 minus"),
    (re.compile(r" \+ "), " plus "),
    (re.compile(r"(?<=\w)_+(?=\w)"), " underscore "),
    (re.compile(r"(?<=\s)@ ?(?=\w)|^@ ?(?=\w)"), "at "),
    (re.compile(r" ?(?:→|⇒|->|=>) ?"), " to "),
    (re.compile(r" ?(?:≥|>=) ?"), " greater than or equal to "),
    (re.compile(r" ?(?:≤|<=) ?"), " less than or equal to "),
    (re.compile(r" ?(?:≠|!=) ?"), " not equal to "),
    (re.compile(r" ?> ?"), " greater than "),
    (re.compile(r" ?< ?"), " less than "),
    (re.compile(r" ?± ?"), " plus or minus "),
    (re.compile(r"(?<=[Tt]he )√ ?"), "square root of "),
    (re.compile(r" ?√ ?"), " the square root of "),
    (re.compile(r"(?<!\S)[~∼] ?(?=\w)"), "about "),
    (re.compile(r" ?≈ ?"), " approximately "),
    (re.compile(r" ?∞"), " infinity"),
    (re.compile(r"(?<=[A-Za-z]) = "), " equals "),
    (re.compile(r"§+ ?"), "section "),
    (re.compile(r" ?(\||¦) ?"), ", "),
    (
        re.compile("(?<![^\\W\\d_])[" + "".join(_GREEK) + "](?![^\\W\\d_])"),
        lambda match: f" {_GREEK[match[0]]} ",
    ),
    (re.compile(r"\b([A-Z]{1,3})&([A-Z]{1,3})(s?)\b"), _joined),
    (re.compile(r" ?& ?"), " and "),
]
