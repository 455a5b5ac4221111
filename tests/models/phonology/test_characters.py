"""Unicode made plain, and characters named for messages."""

import pytest

from models.phonology.characters import foreign_letter, named, plain, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("don’t “stop”", 'don\'t "stop"'),
        ("Ｔｕｒｎ ｉｔ ｏｎ", "Turn it on"),
        ("ﬁnd the café", "find the cafe"),
        ("so\u00adft\u200b hy\u2060phen", "soft hyphen"),
        ("Straße, Øre, Łódź", "Strasse, Ore, Lodz"),
        ("5 m² of 1½ rooms", "5 m^2 of 1 1/2 rooms"),
        ("10⁶, 10¹², 10⁻³, x⁴, (a)⁵", "10^6, 10^12, 10^-3, x^4, (a)^5"),
        ("5 kg mol⁻¹", "5 kg mol^-1"),
        ("m² of a study⁴, note¹²", "m^2 of a study4, note12"),
        ("1ˢᵗ, H₂O, Ca²⁺, 20⁰C", "1st, H2O, Ca^2+, 20°C"),
        ("5¹⁄₂ and ⁻5", "5 1/2 and -5"),
        ("10\u202f000 people", "10,000 people"),
        ("AT&amp;amp;T &lt; 5", "AT&T < 5"),
        ("&copy that;", "&copy that;"),
        ("a\tb\u3000c\n", "a b c"),
        ("привет", "привет"),
    ],
)
def test_text_is_made_plain(text: str, expected: str) -> None:
    assert plain(text) == expected
    assert plain(expected) == expected


def test_visible_text_keeps_its_accents_and_loses_what_has_no_width() -> None:
    assert visible("cafe\u0301") == "café"
    assert visible("so\u00adft \ufefftext\u2800") == "soft text "


def test_the_first_letter_that_english_lacks_is_named() -> None:
    assert foreign_letter("call п or я") == "`п` (cyrillic small letter pe, U+043F)"
    assert foreign_letter("call 5 times!") == ""
    assert named("\ue000") == "`\ue000` (unnamed character, U+E000)"
