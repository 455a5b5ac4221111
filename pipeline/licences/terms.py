"""Terms of licences by their names, and the licence of a work made of several.

Names come as people write them (`CC BY 4.0`, `cc-by-4.0`, a creativecommons.org address,
`Public Domain`, `Apache-2.0`) and leave as the Hugging Face hub spells them, which for most is
SPDX in lower case. A name that is not known keeps its own spelling, and nothing is assumed of it.
This is a plain reading of well-known licences, not legal advice.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from models.errors import shortened

Answer = Literal["yes", "no", "unknown"]

UNKNOWN = "unknown"
_LONGEST_NAME = 200
JOINT = " AND "  # as in SPDX expressions
_PUBLIC_DOMAIN = {
    "publicdomain": "cc0-1.0",
    "pd": "cc0-1.0",
    "pdm": "cc0-1.0",
    "pddl": "pddl",
    "unlicense": "unlicense",
    "0bsd": "0bsd",
    "wtfpl": "wtfpl",
}
# Their notice goes with the thing itself; what is made by it or out of it is not bound.
_PERMISSIVE = re.compile(
    r"(apache(-?2\.0)?|mit|isc|zlib|bsd(-[234]-clause)?|cdla-permissive-[12]\.0"
    r"|bsl-1\.0|artistic-2\.0|ncsa|postgresql)"
)
_SHARE_ALIKE = re.compile(r"(odbl(-1\.0)?|cdla-sharing-1\.0|gfdl(-1\.[123])?)")
_ATTRIBUTION = re.compile(r"(odc-by(-1\.0)?)")
_CREATIVE_COMMONS = re.compile(r"cc-?(by(?:-(?:nc|sa|nd))*)(?:-?v?(\d\.\d))?(?:-[a-z]{2,9})?")
_NO_COMMERCE = re.compile(r"non-?commercial|research-?(use-?)?only|academic|\bnc\b|personal-use")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a licence asks. `conditions` are those that a work made of it inherits: `by`, `sa`,
    `nc`, `nd`. `commercial` says whether such a work may be sold; no derivatives, no sale.
    """

    name: str
    commercial: Answer
    attribution: bool
    conditions: frozenset[str] = frozenset()

    @property
    def share_alike(self) -> frozenset[str]:
        """The family of licences under one of which a work made of it must be."""
        family = "cc" if self.name.startswith("cc-by") else self.name
        return frozenset({family} if "sa" in self.conditions else ())

    def is_covered_by(self, other: "Terms") -> bool:
        """Whether a work under `other` keeps all that this one asks."""
        if self.name == "cc0-1.0":
            return other.commercial != "unknown"
        both_cc = self.name.startswith("cc-by") and other.name.startswith("cc-by")
        return both_cc and "sa" not in self.conditions and self.conditions < other.conditions


def check_licence_name(name: str) -> None:
    """`ValueError` for a name that cannot stand in a line of a card."""
    if not name.isprintable() or len(name) > _LONGEST_NAME or name.isspace():
        raise ValueError(
            f"license: `{shortened(name)}`; one line of up to {_LONGEST_NAME} printable characters "
            "is needed"
        )


def allows_commercial(name: str) -> Answer:
    """Whether a work with something under the licence `name` in it may be sold."""
    answers = {terms.commercial for terms in terms_of(name)}
    return "no" if "no" in answers else "unknown" if "unknown" in answers else "yes"


def needs_attribution(name: str) -> bool:
    """Whether the author must be named; of a licence that is not known, better so."""
    return any(terms.attribution for terms in terms_of(name))


def terms_of(expression: str) -> list[Terms]:
    """The terms of a licence, or of several joined by ` AND ` or `+`; of none: unknown."""
    names = [part.strip() for part in re.split(r" AND |\+(?!/)", expression) if part.strip()]
    return [_terms(name) for name in names] or [_terms(UNKNOWN)]


def combined(own: str, parts: Iterable[str]) -> str:
    """What a work under `own` is under when things under the licences `parts` are in it.

    That is `own`, and beside it or in its place whatever asks for more: CC BY with CC BY-SA is
    CC BY-SA, CC BY with an unknown licence is `cc-by-4.0 AND unknown`.
    """
    asked = {terms.name: terms for terms in terms_of(own)}
    allowed = {condition for terms in asked.values() for condition in terms.conditions}
    alike = {family for terms in asked.values() for family in terms.share_alike}
    if all(terms.attribution for terms in asked.values()):
        allowed.add("by")  # MIT and its like want a name, too
    for terms in _distinct(parts):
        is_asked = terms.conditions <= allowed and terms.share_alike <= alike
        if terms.commercial == "unknown" or not is_asked:
            asked.setdefault(terms.name, terms)
    kept = [
        terms.name
        for terms in asked.values()
        if not any(terms.is_covered_by(other) for other in asked.values() if other is not terms)
    ]
    return JOINT.join(kept)


def _distinct(parts: Iterable[str]) -> Iterator[Terms]:
    """Sorted by name, so that a row's licence does not depend on an order."""
    found = {terms.name: terms for part in parts for terms in terms_of(part)}
    for name in sorted(found):
        yield found[name]


def _terms(name: str) -> Terms:
    plain = _plain(name)
    if plain.startswith("cc0") or plain.replace("-", "") in _PUBLIC_DOMAIN:
        return Terms(_PUBLIC_DOMAIN.get(plain.replace("-", ""), "cc0-1.0"), "yes", False)
    if found := _CREATIVE_COMMONS.fullmatch(plain):
        return _creative_commons(found[1], found[2] or "")
    if _PERMISSIVE.fullmatch(plain):
        return Terms(plain, "yes", True)
    if _ATTRIBUTION.fullmatch(plain):
        return Terms(plain, "yes", True, frozenset({"by"}))
    if _SHARE_ALIKE.fullmatch(plain):
        return Terms(plain, "yes", True, frozenset({"by", "sa"}))
    if _NO_COMMERCE.search(plain):
        return Terms(name, "no", True, frozenset({"by", "nc"}))
    return Terms(UNKNOWN if plain in ("", UNKNOWN, "none") else name, "unknown", True)


def _creative_commons(elements: str, version: str) -> Terms:
    conditions = frozenset(elements.split("-"))
    order = [part for part in ("by", "nc", "nd", "sa") if part in conditions]
    name = "-".join(["cc", *order, *([version] if version else [])])
    commercial: Answer = "no" if conditions & {"nc", "nd"} else "yes"
    return Terms(name, commercial, True, conditions)


def _plain(name: str) -> str:
    """Lower case with `-` for what parts words; addresses and long names as their short form."""
    text = name.strip().casefold()
    if found := re.search(
        r"creativecommons\.org/(?:licenses|publicdomain)/([a-z-]+)/(\d\.\d)?", text
    ):
        text = "cc0" if found[1] in ("zero", "mark") else f"cc-{found[1]}-{found[2] or ''}"
    text = re.sub(r"[\s_/()]+", "-", text).strip("-.")
    text = re.sub(r"^the-|-(licen[cs]e|international|unported|generic)(?=-|$)", "", text)
    text = re.sub(r"^creative-commons-", "cc-", text)
    for long, short in (
        ("attribution", "by"),
        ("non-?commercial", "nc"),
        ("share-?alike", "sa"),
        ("no-?derivati(?:ve)?s?(?:-works)?", "nd"),
    ):
        text = re.sub(rf"(?<=[-]){long}" if text.startswith("cc-") else r"(?!)", short, text)
    return re.sub(r"^cc-zero|^cc-0", "cc0", text)
