"""Letters said one by one: `TV` and `FBI`, but `NASA` and `NOW`."""

import re

# Said letter by letter although they look like words; what has no vowel is spelled anyway.
_SPELLED_WORDS = """
AAA AARP AC ACL ACLU ADHD AI AKA ALS AM AMC AOL AP APA API APR AQI ASAP ASL ATM ATV AV AWS BA
BMI CEO CIA CIO CNA COD COO COPD CPA CPU CSI CTO DEA DIY DNA DOA DOB DOJ DUI EDM EDT EEG EKG
EMT ENT EOD EPA ER ESL ESPN EST ETA ETF EU EV FAA FAQ FBI FDA FDIC FYI GE GED GOP GPA GPU HBO HIV
HOA HOV HVAC IBM IBS ICU ID IDK IEEE IMDB IMF IOU IP IPA IPO IQ IRL IRS ISBN ISP ISS IT IV IVF
LAX LED LOL LAPD LLC MBA MIA MIT MRI NAACP NBA NCAA NIH NRA NSA NYC NYPD NYU OCD OCR OMG OS
OT OTC PA POV PR PTA PTO QA ROI RSVP RV SAT SEC SEO SOS SUV TBA TGIF TMI TSA UAE UCLA UFC UFO UI
UK UN UPC UPS URI URL US USA USAF USB USC USDA USPS UTC UTI UV UX VIP VA YMCA
AUD EUR LA USD
ABC ABS ACH ADA AED AFC AFK AGI APY ASPCA ASU ATF AWD BYOB BYU CFO CMO COB CPO DOD DOE DOL ECB ECG
EEA EEOC EFT EHR EIN EMR EMS EOM ERP ETD EVP EXE GIS HDMI IAEA ICAO ICBM ICC ICJ IDE IDF IED IIRC
IMHO IMO IOC IRR ITU IUD IUI LSU MPA OBD OECD OEM OJ OSU OTP PII RNA ROTC SLA STI UAV UCI UCSB UCSD
NGO WTO PSA SOP POS POC POW IVR OTA RFI VOD ABV UGC SSI SSA MLA NEA ANC BIA CFA CGI CPI DAO DEI
ESG IRB KPI LSE MMA NDA POA SBA SME TIA UBI WNBA YTD BYOD NYT NYE NYSE XYZ
UCSF UGA UHF UNC UPI USCG USF USGA USGS USMC USN USSR USTA UTV UUID UVA
"""
_SPELLED = frozenset(_SPELLED_WORDS.split())
# In a text that is all capitals, a word without a vowel is spelled too, if it is none of these.
_SHOUTED = {"MR", "MRS", "MS", "DR", "ST", "VS", "HM", "HMM", "SHH", "PSST", "BRR", "TSK"}
_CAPITALS = re.compile(r"\b([A-Z]{2,5})('?s)?\b")
SPELLED_FORMS = re.compile(r"\b[A-Z](?:-[A-Z]){2,}\b")
# Behind an article, these are no words said loudly.
_ALSO_WORDS = re.compile(r"\b([Tt]he|[Aa]n) (OR|WHO|IT)\b")
_BATTERY = re.compile(r"\b(AAA?)(?=s\b| batter)")
_GAS = re.compile(r"\b(CO|H|O|N)([2-4])(O?)\b")
_METALS = "Ag|Al|Ba|Ca|Cu|Fe|Hg|Li|Mg|Mn|Na|Pb|Si|Ti|Zn"
_ELEMENT = rf"(?:{_METALS}|Br|Cl|[CFHIKNOPS])[2-9]?"
# `NaCl`, `HCl`, `CaCO3`, `C6H12O6`: two elements at least, one of them no plain capital.
_COMPOUND = re.compile(
    rf"\b(?=[A-Z]+(?:[a-z]|1?[2-9]))(?!(?:{_METALS})\b)(?:{_ELEMENT}|[CH]1?[0-9]){{2,}}\b"
)
# A word and letters in one: `macOS`, `MySQL`, `mRNA`, `OpenAI`; and letters about a small o: `IoT`.
_WORD_AND_LETTERS = re.compile(r"\b(?!iOS\b)([a-z]|[A-Za-z][a-z]+)([A-Z]{2,5})(s?)\b")
_SMALL_O = re.compile(r"\b([A-Z])o([A-Z])(s?)\b")
_DOTTED = re.compile(r"\b((?:[a-z]\.){2,})(?=( [a-z]|[,;:?!])?)")


def formulas(text: str) -> str:
    """`CO2` as "C O 2", `NaCl` as "N A C L"."""
    text = _GAS.sub(lambda match: " ".join([*match[1], match[2], *match[3]]), text)
    return _COMPOUND.sub(lambda m: " ".join(re.findall("[A-Z]|[0-9]+", m[0].upper())), text)


def letters_apart(spoken: str) -> str:
    """`TV` as `T V` in a text that is not all capitals; `NOW` is a word said loudly."""
    spoken = _BATTERY.sub(lambda m: "triple A" if m[1] == "AAA" else "double A", spoken)
    spoken = _WORD_AND_LETTERS.sub(_word_and_letters, spoken)
    spoken = _SMALL_O.sub(lambda m: f"{m[1]} O {m[2]}" + ("'s" if m[3] else ""), spoken)
    spoken = _DOTTED.sub(_without_dots, spoken)
    if not any(character.islower() for character in spoken):
        return _CAPITALS.sub(_apart_among_capitals, spoken)
    return _CAPITALS.sub(_apart, _ALSO_WORDS.sub(lambda m: f"{m[1]} {' '.join(m[2])}", spoken))


def _apart_among_capitals(match: re.Match[str]) -> str:
    is_word = match[1] in _SHOUTED or set(match[1]) & set("AEIOUY")
    return match[0] if is_word else _apart(match)


def _word_and_letters(match: re.Match[str]) -> str:
    word, letters, plural = match.groups()
    if not (word == "e" or is_spelled(letters)):
        return match[0]
    word = word.upper() if len(word) == 1 else word
    return f"{word} {' '.join(letters) if is_spelled(letters) else letters}" + (
        "'s" if plural else ""
    )


def _without_dots(match: re.Match[str]) -> str:
    """`b.i.d.` as "B I D": a stop within a sentence would be a pause."""
    letters = " ".join(match[1].upper().split(".")).rstrip()
    return letters if match[2] else f"{letters}."


def is_acronym(letters: str) -> bool:
    """Whether they are listed as said one by one."""
    return letters in _SPELLED


def is_spelled(letters: str) -> bool:
    """Whether capitals are said one by one: listed ones, and those without a vowel."""
    return is_acronym(letters) or not set(letters) & set("AEIOUY")


def _apart(match: re.Match[str]) -> str:
    letters, plural = match[1], match[2] or ""
    if is_spelled(letters):
        return " ".join(letters) + ("'s" if plural else "")
    return match[0]
