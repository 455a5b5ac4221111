from pathlib import Path

from models.phonology.phonemes import Phonemizer
from pipeline.domain.domains import read_domain
from pipeline.sentences.covering.diphones import (
    PieceSpeech,
    breaths_of,
    diphones_of,
    inventory,
    possible_sounds,
    sounds_in,
)
from pipeline.sentences.covering.sound_balance import SoundBalance
from tests.pipeline.sentences.drawing.test_sampling import tiny


def test_pauses_and_ends_part_diphones() -> None:
    breaths = breaths_of("^ h ə l ˈoʊ , w ˈɜː | l d .")
    assert breaths == (("h", "ə", "l", "oʊ"), ("w", "ɜː", "l", "d"))
    assert ("oʊ", "w") not in set(diphones_of(breaths))
    assert ("ɜː", "l") in set(diphones_of(breaths))


def test_pieces_foretell_the_sounds_of_sentences(tmp_path: Path) -> None:
    folder = tiny(
        tmp_path,
        "Feed the {{ pet }} at {{ time }}, please.\nTwo {{ pet }}s, {{ pet }} {{ name }}.\n"
        "{% set who = name %}{% if who == 'Ada' %}Yes{% else %}No{% endif %} {{ who }}!",
        pet="dog\ncat\ngoose\n",
        name="Ada\nOwen\n",
    )
    domain = read_domain(folder)
    possible = possible_sounds(domain, PieceSpeech(domain, "en-us"))
    output = Phonemizer().phonemize(["Two goose, dog Ada.", "Feed the cat", "No Owen!", "please"])
    assert sounds_in(map(breaths_of, output)).diphones <= possible.diphones
    assert ("ɡ", "oʊ") in possible.diphones  # dog Owen
    assert ("t", "p") not in possible.diphones  # a time and a comma stand between them


def test_every_accent_has_its_own_sounds() -> None:
    assert {"ɾ", "oʊ", "ɚ"} <= inventory("en-us") - inventory("en-gb")
    assert {"əʊ", "ɒ"} <= inventory("en-gb") - inventory("en-us")


def test_what_was_said_is_worth_less(tmp_path: Path) -> None:
    domain = read_domain(tiny(tmp_path, "Call {{ name }} now.", name="Ada\nZoe\n"))
    speech = PieceSpeech(domain, "en-us")
    balance = SoundBalance(speech, possible_sounds(domain, speech))
    ada, zoe = (balance.units(["Call ", name, " now."]) for name in ("Ada", "Zoe"))
    before = balance.worth(zoe)
    balance.add(ada)
    assert balance.worth(ada) < balance.worth(zoe) < before
    assert balance.units([None]) == []
    assert balance.worth([]) == 0
