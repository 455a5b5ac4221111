"""English as speakers of other first languages say it: the sound changes of ten of them.

Each is what teachers and phoneticians describe, not what every speaker does: a change has the
strength of accent, 0 to 1, from which on it is usually heard; what persists longest in learners
stands lowest. The strengths are ours, from the order in which the sources call errors common or
confined to beginners; nobody has measured them. Changes are in the notation of
models/phonology/sound_changes.py and made in the order listed. The phones are those of the
literature, with ɑ for the open central vowel that most of these languages have; a voice that
lacks one says the nearest (models/phonology/accents.py). No voice here has a phone between h and k,
so that h as [x] (Greek, Spanish, Mandarin, Russian) is left out.

Sources, by the letters at the end of each change:

    LE  M. Swan, B. Smith (eds.), Learner English, 2nd ed., Cambridge 2001: a chapter a language
    AE  P. Avery, S. Ehrlich, Teaching American English Pronunciation, Oxford 1992, part 3
    L2  G. Zhao et al., L2-ARCTIC: a non-native English speech corpus, Interspeech 2018
    B   E. Broselow, An investigation of transfer in second language phonology, IRAL 22, 1984
    C   R. Carlisle, The influence of environment on vowel epenthesis in Spanish/English
        interphonology, Applied Linguistics 12, 1991
    D   E. Dupoux et al., Epenthetic vowels in Japanese: a perceptual illusion?, Journal of
        Experimental Psychology: Human Perception and Performance 25, 1999
    E   F. Eckman, Markedness and the contrastive analysis hypothesis, Language Learning 27, 1977
    F   J. Flege, O.-S. Bohn, S. Jang, Effects of experience on non-native speakers' production and
        perception of English vowels, Journal of Phonetics 25, 1997
    H   J. Hansen, Linguistic constraints on the acquisition of English syllable codas by native
        speakers of Mandarin Chinese, Applied Linguistics 22, 2001
    L   L. Lombardi, Second language data and constraints on manner, Second Language Research 19,
        2003 (which has t for Russian, where LE has s)
    M   C. Mattingley, E. Hume, K. C. Hall, The influence of preceding consonant on perceptual
        epenthesis in Japanese, ICPhS 2015: i and o beside the u of D
    S   P. Sailaja, Indian English, Edinburgh 2009
"""

from dataclasses import dataclass

from models.phonology.sound_changes import phones_made

_NO_FLAP = "ɾ > t"  # the t of the spelling
_LAX_AS_TENSE = "ɪ ᵻ ʊ > i i uː"
_R_SPELLED_OUT = "ɚ ɜː > ɛ ɛ / _ {ɹ ɾ}; ɚ ɜː > ɛ+ɾ ɛ+ɾ"
_TAP = "ɹ > ɾ"
_CODAS_VOICELESS = "b d ɡ v z ʒ dʒ > p t k f s ʃ tʃ / _ #"
_SINGING_G = "ŋ > ŋ+ɡ / _ #"


@dataclass(frozen=True, slots=True)
class Change:
    """A change, the strength of accent from which on it applies, and its source."""

    from_strength: float
    change: str
    source: str


@dataclass(frozen=True, slots=True)
class FirstLanguage:
    """What speakers of a language change in English, in the order in which it is applied."""

    name: str
    changes: tuple[Change, ...]

    @property
    def phones(self) -> frozenset[str]:
        """All that its changes put in."""
        return frozenset[str]().union(*(phones_made(one.change) for one in self.changes))


FIRST_LANGUAGES: dict[str, FirstLanguage] = {
    "ar": FirstLanguage(
        "Arabic",
        (
            Change(0.30, _NO_FLAP, "AE"),
            Change(0.35, "p > b", "LE L2"),
            Change(0.35, "v > f", "LE AE"),
            Change(0.45, _SINGING_G, "LE"),
            Change(0.65, "θ ð > s z", "LE L"),  # Egypt, the Levant
            Change(0.60, "tʃ dʒ > ʃ ʒ", "LE"),
            Change(0.45, "0 > ɪ / # _ s C", "B"),
            Change(0.50, "0 > ɪ / # {p b t d k ɡ f θ s ʃ} _ {l ɹ}", "B"),
            Change(0.75, "0 > ɪ / C C _ {l ɹ m n}", "B"),
            Change(0.40, _TAP, "LE"),
            Change(0.55, _R_SPELLED_OUT, "LE"),
            Change(0.60, "ɛ > ɪ", "LE"),
            Change(0.55, "oʊ əʊ > oː oː", "LE"),
            Change(0.70, "ʌ > ɑ", "LE"),
        ),
    ),
    "de": FirstLanguage(
        "German",
        (
            Change(0.25, "θ ð > s z", "LE L"),
            Change(0.30, _NO_FLAP, "AE"),
            Change(0.40, _CODAS_VOICELESS, "LE E"),
            Change(0.40, "w > v", "LE AE"),
            Change(0.45, "æ > ɛ", "LE F"),
            Change(0.65, "dʒ ʒ > tʃ ʃ", "LE"),
            Change(0.60, "ɹ > ʁ", "LE"),
            Change(0.75, "oʊ əʊ eɪ > oː oː eː", "LE"),
            Change(0.80, "ʌ > ɑ", "LE"),
            Change(0.85, "s > z / # _ V", "LE"),
            Change(0.95, "s > ʃ / # _ {p t}", "LE"),
        ),
    ),
    "el": FirstLanguage(
        "Greek",
        (
            Change(0.30, _NO_FLAP, "AE"),
            Change(0.35, _LAX_AS_TENSE, "LE"),
            Change(0.40, _TAP, "LE"),
            Change(0.45, _R_SPELLED_OUT, "LE"),
            Change(0.45, "ʃ ʒ tʃ dʒ > s z t+s d+z", "LE"),
            Change(0.55, "s > z / _ {b d ɡ m n l v}", "LE"),
            Change(0.55, "æ ʌ > ɑ ɑ", "LE"),
            Change(0.60, "oʊ əʊ > ɔ ɔ", "LE"),
            Change(0.65, _SINGING_G, "AE"),
            Change(0.85, "b d ɡ > m+b n+d ŋ+ɡ / V _ V", "LE"),
        ),
    ),
    "es": FirstLanguage(
        "Spanish",
        (
            Change(0.30, _NO_FLAP, "AE"),
            Change(0.30, "z > s", "LE L2"),
            Change(0.35, _LAX_AS_TENSE, "LE F"),
            Change(0.40, "0 > ɛ / # _ s C", "LE C"),
            Change(0.40, "v > b", "LE L2"),
            Change(0.45, "ð > d", "LE L2"),
            Change(0.50, "θ > s", "L2 L"),  # Latin America
            Change(0.40, _TAP, "LE"),
            Change(0.50, _R_SPELLED_OUT, "LE"),
            Change(0.50, "ʒ > ʃ", "AE"),
            Change(0.65, "ʃ > tʃ", "LE AE"),
            Change(0.55, "æ ʌ > ɑ ɑ", "LE F"),
            Change(0.70, "m ŋ > n n / V _ #", "LE"),
            Change(0.75, "t d > 0 0 / {n l s k p f} _ #", "LE L2"),
            Change(0.85, "j > dʒ / # _", "LE"),
        ),
    ),
    "fr": FirstLanguage(
        "French",
        (
            Change(0.25, "θ ð > s z", "LE L"),
            Change(0.30, _NO_FLAP, "AE"),
            Change(0.35, "ɹ > ʁ", "LE AE"),
            Change(0.45, "h > 0", "LE AE"),
            Change(0.45, _LAX_AS_TENSE, "LE AE"),
            Change(0.50, "stress final", "LE AE"),
            Change(0.60, "ʌ > œ", "LE"),
            Change(0.70, "æ > a", "LE"),
            Change(0.75, "tʃ dʒ > ʃ ʒ", "LE AE"),
        ),
    ),
    "hi": FirstLanguage(
        "Hindi",
        (
            Change(0.15, "t d > ʈ ɖ", "LE S"),
            Change(0.15, "ɾ > ʈ", "S"),
            Change(0.20, "θ ð > t̪ d̪", "LE S L2"),
            Change(0.25, "oʊ əʊ eɪ > oː oː eː", "LE S"),
            Change(0.30, "w v > ʋ ʋ", "LE S"),
            Change(0.35, _TAP, "LE S"),
            Change(0.50, "stress even", "LE"),
            Change(0.55, "ʒ > dʒ", "LE"),
            Change(0.60, "æ > ɛ", "LE"),
            Change(0.65, "0 > ɪ / # _ s {p t k ʈ m n l}", "LE"),
            Change(0.85, "z > dʒ / # _ V", "LE"),
        ),
    ),
    "it": FirstLanguage(
        "Italian",
        (
            Change(0.30, _NO_FLAP, "AE"),
            Change(0.30, "θ ð > t d", "LE"),
            Change(0.35, _LAX_AS_TENSE, "LE AE"),
            Change(0.40, "h > 0", "LE AE"),
            Change(0.40, _TAP, "LE"),
            Change(0.50, _R_SPELLED_OUT, "LE"),
            Change(0.45, "æ > ɛ", "LE AE"),
            Change(0.55, "s > z / # _ {m n l w b d ɡ}", "LE"),
            Change(0.60, _SINGING_G, "LE"),
            Change(0.60, "ʌ > ɑ", "LE"),
            Change(0.65, "0 > ə / {p b t d k ɡ tʃ dʒ f v s z ʃ m} _ #", "LE AE"),
        ),
    ),
    "ja": FirstLanguage(
        "Japanese",
        (
            Change(0.30, _NO_FLAP, "AE"),
            Change(0.25, "θ ð > s z", "LE L"),
            Change(0.30, "l ɹ > ɾ ɾ", "LE AE"),
            Change(0.40, "v > b", "LE AE"),
            Change(0.45, "ɚ ɜː > aː aː", "LE"),
            Change(0.50, "f h > ɸ ɸ / _ {uː ʊ}", "LE"),
            Change(0.50, "s z > ʃ dʒ / _ {ɪ ᵻ i iː}", "LE AE"),
            Change(0.70, "t d > tʃ dʒ / _ {ɪ ᵻ i iː}", "LE AE"),
            Change(0.70, "t d > t+s z / _ {uː ʊ}", "LE"),
            Change(0.55, "ɪ ᵻ > i i", "LE"),
            Change(0.55, "stress even", "LE"),
            Change(0.60, "æ ʌ > ɑ ɑ", "LE"),
            Change(0.65, "w > 0 / _ {uː ʊ}", "LE"),
            Change(0.70, "j > 0 / _ {ɪ i iː}", "LE"),
            Change(0.65, "0 > oʊ / {t d} _ {p b t d k ɡ f ʃ l ɹ ɾ m n w}", "LE M"),
            Change(
                0.65, "0 > ʊ / {p b k ɡ f s z ʃ ɸ ɾ} _ {p b t d k ɡ f s z ʃ l ɹ ɾ m n w}", "LE D"
            ),
            Change(0.75, "0 > i / {tʃ dʒ} _ #", "LE M"),
            Change(0.75, "0 > oʊ / {t d} _ #", "LE M"),
            Change(0.75, "0 > ʊ / {p b k ɡ f s z ʃ m l ɾ} _ #", "LE D"),
        ),
    ),
    "ru": FirstLanguage(
        "Russian",
        (
            Change(0.30, _NO_FLAP, "AE"),
            Change(0.30, _TAP, "LE"),
            Change(0.35, "θ ð > s z", "LE"),
            Change(0.40, "w > v", "LE"),
            Change(0.40, _LAX_AS_TENSE, "LE"),
            Change(0.45, "æ > ɛ", "LE"),
            Change(0.45, _SINGING_G, "LE"),
            Change(0.40, _CODAS_VOICELESS, "LE"),
            Change(0.55, "oʊ əʊ > ɔː ɔː", "LE"),
            Change(0.60, _R_SPELLED_OUT, "LE"),
            Change(0.70, "ʌ > ɑ", "LE"),
        ),
    ),
    "zh": FirstLanguage(
        "Mandarin",
        (
            Change(0.30, _NO_FLAP, "AE"),
            Change(0.30, "θ ð > s d", "LE L2"),
            Change(0.40, "v > w / _ V", "LE AE"),
            Change(0.40, _LAX_AS_TENSE, "LE F L2"),
            Change(0.50, "z > s", "LE L2"),
            Change(0.45, "b d ɡ v ʒ dʒ > p t k f ʃ tʃ / _ #", "LE H"),
            Change(0.50, "æ > ɛ", "LE F"),
            Change(0.50, "t k > 0 0 / {n l s k p f} _ #", "H L2"),
            Change(0.55, "stress even", "LE"),
            Change(0.60, "ʒ > dʒ", "LE"),
            Change(0.65, "l > ʊ / V _ #", "H"),
            Change(0.75, "0 > ə / {p t k tʃ} _ #", "LE H"),
            Change(0.85, "ʌ > ɑ", "LE"),
        ),
    ),
}
