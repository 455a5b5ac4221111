"""Unicode made plain: compatibility forms, typography, accents, and what cannot be seen."""

import html
import re
import unicodedata

# Read before NFKC, which would lose them: `inches²` is not `inches2`.
_SIGNS = {"²": "^2", "³": "^3", "№": "No. ", "™": "", "®": "", "©": " copyright ", "℠": ""}
_SIGNS |= dict.fromkeys("’‘‚‛`´ʼ′❛❜׳ꞌ", "'")
_SIGNS |= dict.fromkeys("“”„‟«»‹›「」『』″❝❞〝〞〟ˮ״", '"')
_SIGNS |= dict.fromkeys("‐‑‒–−⁃", "-") | dict.fromkeys("—―", " - ") | dict.fromkeys("ʻ¨¸˜¿¡", "")
_SIGNS |= {"…": "...", "×": "x", "⁄": "/", "·": " ", "。": ". ", "、": ", ", "∶": ":", "‽": "?!"}
_BLANK = str.maketrans(dict.fromkeys("\u115f\u1160\u3164\uffa0\u2800", " "))  # but no spaces
_FRACTIONS = "½¼¾⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_SIGNS |= {sign: " " + unicodedata.normalize("NFKC", sign).replace("⁄", "/") for sign in _FRACTIONS}
_TABLE = str.maketrans(_SIGNS)
_LETTERS = {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ł": "l"}
_LETTERS |= {"Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "þ": "th", "Þ": "Th", "ð": "d", "Ð": "D"}

_RAISED = re.compile(r"([⁺⁻]?)([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
_DEGREES = re.compile(r"(?<=\d)⁰(?=[CF]\b)")
# What is raised to a power: a number, a bracket, one letter or two. Words have footnotes.
_BASE = re.compile(r"[\d)\]]$|(?<![^\W\d_])[^\W\d_]{1,2}$")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,31}\d{0,2});")
_THIN_GROUPS = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")


def plain(text: str) -> str:
    """The text with plain letters, marks and spaces; letters that are not Latin stay."""
    if "&" in text and ";" in text:
        text = _unescaped(text)
    if not text.isascii():
        text = _RAISED.sub(_raised, _DEGREES.sub("°", text))
        text = _THIN_GROUPS.sub(",", text.translate(_BLANK)).translate(_TABLE)
        text = "".join(map(_plain, unicodedata.normalize("NFKC", text)))
    if "`" in text:
        text = text.replace("`", "'")
    return " ".join(text.split())


def _raised(match: re.Match[str]) -> str:
    """`10⁻³` as `10^-3`, and `5¹⁄₂` as `5 1⁄2`."""
    sign, digits = match[1], unicodedata.normalize("NFKC", match[2])
    before, behind = match.string[: match.start()], match.string[match.end() :]
    if behind.startswith("⁄"):
        return f"{sign} {digits}"
    is_power = _BASE.search(before) or (sign == "⁻" and before[-1:].isalpha())
    if is_power and sign != "⁺":
        return f"^{'-' if sign else ''}{digits}"
    return match[0] if match[2] in ("²", "³") else f"{sign}{digits}"


def _unescaped(text: str) -> str:
    """Entities of HTML, also those that were escaped twice: `&amp;amp;`."""
    for _ in range(3):
        if not _ENTITY.search(text):
            break
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text


def _plain(character: str) -> str:
    """`é` as `e`; nothing for what cannot be seen, and for marks that stand on a letter."""
    if character.isascii():
        return character if character >= " " else " "
    if character in _LETTERS:
        return _LETTERS[character]
    category = unicodedata.category(character)
    if category == "Cf" or category in ("Mn", "Me"):
        return ""
    if category == "Cc" or category.startswith("Z"):
        return " "
    base = unicodedata.normalize("NFD", character)[0] if character.isalpha() else character
    return base if base.isascii() else _SIGNS.get(character, character)


def visible(text: str) -> str:
    """The text without characters that nobody sees, such as soft hyphens and zero-width spaces,
    its accented letters composed; blank ones are spaces.
    """
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text.translate(_BLANK))
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


def foreign_letter(text: str) -> str:
    """The first letter that English lacks in a text that is `plain`, as `named`; or nothing."""
    for sign in text:
        if sign.isalpha() and not sign.isascii():
            return named(sign)
    return ""


def named(sign: str) -> str:
    """A character as a message names it: `п` (cyrillic small letter pe, U+043F)."""
    name = unicodedata.name(sign, "unnamed character").lower()
    return f"`{sign}` ({name}, U+{ord(sign):04X})"
