"""Letters said one by one: `TV` and `FBI`, but `NASA` and `NOW`."""

import re

# Said letter by letter although they look like words; what has no vowel is spelled anyway.
_SPELLED_WORDS = """
AAA AARP AC ACL ACLU ADHD AI AKA ALS AM AMC AOL AP APA API APR AQI ASAP ASL ATM ATV AV AWS BA
BMI CEO CIA CIO CNA COD COO COPD CPA CPU CSI CTO DEA DIY DNA DOA DOB DOJ DUI EDM EDT EEG EKG
EMT ENT EOD EPA ER ESL ESPN EST ETA ETF EU EV FAA FAQ FBI FDA FDIC FYI GE GED GOP GPA GPU HBO HIV
HOA HOV HVAC IBM IBS ICU ID IDK IEEE IMDB IMF IOU IP IPA IPO IQ IRL IRS ISBN ISP ISS IT IV IVF
LAX LED LOL LAPD LLC MBA MIA MIT MRI NAACP NBA NCAA NIH NRA NSA NYC NYPD NYU OCD OCR OMG OS
OTC PA POV PR PTA PTO QA ROI RSVP RV SAT SEC SEO SOS SUV TBA TGIF TMI TSA UAE UCLA UFC UFO UI
UK UN UPC UPS URI URL US USA USAF USB USC USDA USPS UTC UTI UV UX VIP VA YMCA
AUD EUR LA USD
"""
_SPELLED = frozenset(_SPELLED_WORDS.split())
_CAPITALS = re.compile(r"\b([A-Z]{2,5})('?s)?\b")
SPELLED_FORMS = re.compile(r"\b[A-Z](?:-[A-Z]){2,}\b")
_GAS = re.compile(r"\b(CO|H|O|N)([2-4])(O?)\b")


def formulas(text: str) -> str:
    """`CO2` as "C O 2"."""
    return _GAS.sub(lambda match: " ".join([*match[1], match[2], *match[3]]), text)


def letters_apart(spoken: str) -> str:
    """`TV` as `T V` in a text that is not all capitals; `NOW` is a word said loudly."""
    if not any(character.islower() for character in spoken):
        return spoken
    return _CAPITALS.sub(_apart, spoken)


def _apart(match: re.Match[str]) -> str:
    letters, plural = match[1], match[2] or ""
    if letters in _SPELLED or not set(letters) & set("AEIOUY"):
        return " ".join(letters) + ("'s" if plural else "")
    return match[0]
