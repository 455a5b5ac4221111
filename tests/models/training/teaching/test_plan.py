import itertools
from collections import Counter

import pytest

from models.phonology.first_languages import FIRST_LANGUAGES
from models.phonology.foreign_accents import check_accent, parse_accent
from models.training.teaching.plan import Line, PaceConfig, every_request, plan, with_accents
from tests.models.training.teaching.fake_teacher import lines

SHARES = {"long": 0.6, "short": 0.4}


def _lines_of(voice: str) -> dict[str, list[Line]]:
    long = [Line("long", "", f"{voice} says sentence number {n} at length") for n in range(200)]
    return {"long": long, "short": [Line("short", "", f"{n}") for n in range(200)]}


LINES = {voice: _lines_of(voice) for voice in ("ann", "bob", "cid")}


def test_any_prefix_gives_voices_their_weights_and_kinds_their_shares() -> None:
    requests = list(itertools.islice(plan(LINES, {"ann": 2, "bob": 1, "cid": 1}, SHARES, 1), 240))
    spoken = Counter(request.voice for request in requests)
    assert spoken["ann"] / spoken["bob"] == pytest.approx(2, rel=0.1)
    characters = Counter()
    for request in requests:
        characters[request.line.kind] += 0.75 + 0.062 * len(request.line.text)
    assert characters["long"] / characters.total() == pytest.approx(0.6, abs=0.03)


def test_everything_is_said_once_where_time_is_left() -> None:
    requests = list(plan(LINES, {"ann": 1, "bob": 3}, SHARES, 1))
    assert len(requests) == len({request.id for request in requests}) == 800


def test_seed_voice_and_text_alone_draw_the_pace() -> None:
    alone = list(every_request(lines("two"), ["ann"], 1))
    among = list(every_request(lines("one", "two", "three"), ["bob", "ann"], 1))
    assert alone[0] in among
    assert len({request.speed for request in among}) == 6
    assert next(every_request(lines("two"), ["ann"], 2)).seed != alone[0].seed


def test_paces_lie_within_the_config() -> None:
    pace = PaceConfig(0.9, 1.0)
    speeds = [
        request.speed for request in every_request(lines(*"abcdefghij"), ["ann", "bob"], 1, pace)
    ]
    assert 0.9 <= min(speeds) < 0.93 < 0.97 < max(speeds) <= 1.0


def test_a_share_of_lines_has_an_accent_of_drawn_strength() -> None:
    requests = list(every_request(lines(*map(str, range(300))), ["ann", "bob", "zoe", "rui"], 1))
    own = {"ann": "en-us", "bob": "en-gb", "zoe": "en-us+fr", "rui": "en-us+pt"}
    drawn = list(with_accents(requests, own, 0.4))
    accented = [request for request in drawn if request.accent]
    assert len(accented) / len(drawn) == pytest.approx(0.4, abs=0.08)
    accents = {voice: [] for voice in own}
    for request in accented:
        check_accent(request.accent)
        accents[request.voice].append(parse_accent(request.accent))
    assert {accent.first_language for accent in accents["ann"]} == set(FIRST_LANGUAGES)
    assert {accent.native for accent in accents["bob"]} == {"en-gb"}
    assert {accent.first_language for accent in accents["zoe"]} == {"fr"}
    assert {accent.first_language for accent in accents["rui"]} == set(FIRST_LANGUAGES)
    strengths = [accent.strength for found in accents.values() for accent in found]
    assert 0.2 <= min(strengths) < 0.25 < 0.85 < max(strengths) <= 0.9
    assert list(with_accents(requests[5:], own, 0.4)) == drawn[5:]


def test_without_a_share_of_accents_nothing_changes() -> None:
    requests = list(every_request(lines("one", "two"), ["ann"], 1))
    assert list(with_accents(requests, {"ann": "en-us+fr"}, 0.0)) == requests


def test_a_pace_that_cannot_be_names_what_is_allowed() -> None:
    with pytest.raises(ValueError, match=r"0.5 <= slowest <= fastest <= 2.0"):
        PaceConfig(1.2, 0.8)
