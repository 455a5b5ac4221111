import multiprocessing
from pathlib import Path

import pytest

from models.errors import DataError
from pipeline.normalize import default_grammar_cache, normalize, prepare_grammars
from pipeline.sentences import SentencesConfig, generate

PAIRS = [
    # plain text stays as it is
    ("Turn on the lights in the kitchen.", "Turn on the lights in the kitchen."),
    ("Is it raining?", "Is it raining?"),
    ("C'est la vie", "C'est la vie"),
    ("What’s the “plan” for tonight…", 'What\'s the "plan" for tonight...'),
    # times
    ("Wake me up at 7:30 am.", "Wake me up at seven thirty A M."),
    ("Wake me up at 7:30 a.m. tomorrow.", "Wake me up at seven thirty A M tomorrow."),
    ("Set an alarm for 6 p.m.", "Set an alarm for six P M."),
    ("Is it past 3:15 AM yet?", "Is it past three fifteen A M yet?"),
    ("How long is it until 10 a.m.?", "How long is it until ten A M?"),
    ("Let's go at 12:05 pm!", "Let's go at twelve oh five P M!"),
    ("Let's go at 8:00.", "Let's go at eight o'clock."),
    ("Be there at 19:00, please.", "Be there at nineteen hundred, please."),
    ("The train leaves at 19:05.", "The train leaves at nineteen oh five."),
    ("Is it 5 o'clock yet?", "Is it five o'clock yet?"),
    ("Open 24/7", "Open twenty four seven"),
    # dates and years
    ("Remind me on March 3rd.", "Remind me on March third."),
    ("Remind me on March 3, 2027.", "Remind me on March third, twenty twenty seven."),
    ("What do I have on the 22nd of May?", "What do I have on the twenty second of May?"),
    ("I may be late on May 5.", "I may be late on May fifth."),
    ("Book it for Sep 11.", "Book it for September eleventh."),
    ("Meet me on Fri. at 3:30", "Meet me on Friday at three thirty"),
    ("What happened in 1905?", "What happened in nineteen oh five?"),
    ("my 90s playlist", "my nineties playlist"),
    # durations, numbers, sums
    ("Set a timer for 1 hour and 30 minutes.", "Set a timer for one hour and thirty minutes."),
    ("Set a 10-minute timer.", "Set a ten-minute timer."),
    ("It takes 10-15 minutes.", "It takes ten to fifteen minutes."),
    ("Go back 30 secs", "Go back thirty seconds"),
    ("What's 11 plus 97.6?", "What's eleven plus ninety seven point six?"),
    ("What's 12 x 4?", "What's twelve times four?"),
    ("What's 12 - 4?", "What's twelve minus four?"),
    ("What's 12 / 4?", "What's twelve divided by four?"),
    ("What's 3^2?", "What's three squared?"),
    ("We're #1!", "We're number one!"),
    ("Skip to the 12th song.", "Skip to the twelfth song."),
    ("Play Symphony No. 5 by Beethoven.", "Play Symphony number five by Beethoven."),
    # money, shares, measures
    ("What's 15% of $80?", "What's fifteen percent of eighty dollars?"),
    ("That's $12.95, right?", "That's twelve dollars ninety five cents, right?"),
    ("It costs $1,250.", "It costs one thousand two hundred and fifty dollars."),
    ("Add 2 1/2 cups of flour.", "Add two and a half cups of flour."),
    ("½ cup", "one half cup"),
    ("What's 5.5 lbs in kg?", "What's five point five pounds in kilograms?"),
    ("It's 72°F outside.", "It's seventy two degrees Fahrenheit outside."),
    ("It's -5°C in Oslo.", "It's minus five degrees Celsius in Oslo."),
    ("He is 5'10\" tall.", "He is five feet ten inches tall."),
    # digits one by one
    ("Call 555-0123.", "Call five five five, zero one two three."),
    ("Dial (212) 555-0187.", "Dial two one two, five five five, zero one eight seven."),
    ("Call +1 212 555 0187", "Call plus one, two one two, five five five, zero one eight seven"),
    ("Try extension 204", "Try extension two zero four"),
    ("My PIN is 8812.", "My PIN is eight eight one two."),
    ("Call 911!", "Call nine one one!"),
    # abbreviations and letters
    ("Call Dr. Patel.", "Call Doctor Patel."),
    ("Text Mrs. Nguyen and Mr. Hughes.", "Text Missus Nguyen and Mister Hughes."),
    ("Call Ms. Alvarez and Prof. Weber.", "Call Miz Alvarez and Professor Weber."),
    ("What's the weather in St. Louis?", "What's the weather in Saint Louis?"),
    ("I'm on Baker St.", "I'm on Baker Street."),
    ("Turn on the TV and the AC.", "Turn on the T V and the A C."),
    ("Is NASA in the USA?", "Is NASA in the U S A?"),
    ("Do it NOW, please.", "Do it NOW, please."),
    ("CALL MOM", "CALL MOM"),
    ("Is that OK?", "Is that okay?"),
    ("Rock & roll", "Rock and roll"),
    ("Open example.com", "Open example dot com"),
    ("Play Für Elise in São Paulo.", "Play Fur Elise in Sao Paulo."),
    # what cannot be read stays, to be rejected by name
    ("hello 😀", "hello 😀"),
    ("привет 5", "привет five"),
]


@pytest.fixture(scope="module")
def spoken() -> dict[str, str]:
    texts = [written for written, _ in PAIRS]
    return dict(zip(texts, normalize(texts, workers=1), strict=True))


@pytest.mark.parametrize(("written", "expected"), PAIRS)
def test_written_is_read_as(written: str, expected: str, spoken: dict[str, str]) -> None:
    assert spoken[written] == expected


def test_plain_text_needs_no_grammars(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert normalize(["Call Mom."], grammar_cache=cache) == ["Call Mom."]
    assert not cache.exists()


def test_worker_processes_change_nothing() -> None:
    config = SentencesConfig(Path("prompts/voice_assistant"), 260)
    texts = [sentence.text for sentence in generate(config, seed=5)]
    parallel = normalize(texts, workers=2)
    assert multiprocessing.active_children()
    assert parallel == normalize(texts, workers=1)
    assert not any(character.isdigit() for text in parallel for character in text)


def test_cache_folder_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VOXLOOM_CACHE", str(tmp_path))
    assert default_grammar_cache() == tmp_path


def test_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match=r"file.*VOXLOOM_CACHE or text\.grammar_cache"):
        normalize(["at 5"], grammar_cache=tmp_path / "file")


def test_damaged_cache_is_named(tmp_path: Path) -> None:
    good = prepare_grammars()
    damaged = tmp_path / good.name
    damaged.mkdir()
    for file in good.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes()[:1000])
    with pytest.raises(DataError, match="grammar cache is damaged"):
        normalize(["at 5"], grammar_cache=tmp_path)
