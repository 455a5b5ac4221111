"""Sound changes in phonologists' notation."""

import pytest

from models.phonology.sound_changes import change_words, parse_change, phones_made


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ("θ ð > s z", "^ ð ɪ s | θ ˈɪ ŋ .", "^ z ɪ s | s ˈɪ ŋ ."),
        ("b d > p t / _ #", "^ b ˈɛ d | b æ d .", "^ b ˈɛ t | b æ t ."),
        ("0 > ɛ / # _ s C", "^ s k ˈuː l | s ˈɪ t .", "^ ɛ s k ˈuː l | s ˈɪ t ."),
        ("h > 0", "^ h ˈaʊ s .", "^ ˈaʊ s ."),
        ("ɹ > ɾ / V _ V", "^ v ˈɛ ɹ i | ɹ ˈɛ d .", "^ v ˈɛ ɾ i | ɹ ˈɛ d ."),
        ("ɜː > ɛ+ɾ", "^ t ˈɜː n .", "^ t ˈɛ ɾ n ."),
        ("t > 0 / {s k} _ #", "^ l ˈæ s t | n ɑː t .", "^ l ˈæ s | n ɑː t ."),
        # the word as it was before the change: s > z does not feed itself
        ("s > z / s _", "^ s s s .", "^ s z z ."),
        ("a > b; b > c", "^ a b .", "^ c c ."),
        ("stress final", "^ ˈɔ f ɪ s , t ˈeɪ b ə l ?", "^ ɔ f ˈɪ s , t ˈeɪ b ə l ?"),
        ("stress even", "^ ˈɪ n s aɪ d ə | æ n d .", "^ ˈɪ n s ˌaɪ d ə | æ n d ."),
    ],
)
def test_changes(change: str, before: str, after: str) -> None:
    assert change_words(before, [change]) == after


def test_a_word_keeps_a_phone() -> None:
    assert change_words("^ h | h ə .", ["h > 0", "ə > 0"]) == "^ h | ə ."


@pytest.mark.parametrize("written", ["θ > s z", "θ s", "> s", "θ > s / #", ""])
def test_what_is_no_change_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="expected as"):
        parse_change(written)


def test_the_phones_that_a_change_makes() -> None:
    assert phones_made("tʃ h > t+s 0; stress final") == {"t", "s"}
