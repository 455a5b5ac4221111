import contextlib
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.domain.domains import read_domain
from pipeline.records import Reject, Sentence
from pipeline.sentences.drawing.sampling import Maker
from pipeline.sentences.drawing.sentence_filter import FilterConfig, SentenceFilter
from pipeline.sentences.drawing.split_plan import SplitPlan
from pipeline.sentences.generate import SentencesConfig, check_sentences, generate, sentences_digest
from pipeline.sentences.negatives.near_words import load_near_words
from pipeline.sentences.negatives.negatives import (
    NegativesConfig,
    check_as_spoken,
    negative_rows,
    negatives_source,
)
from pipeline.sentences.negatives.sound_distance import Distances, Speech
from pipeline.text.pronunciations import Lexicon
from tests.pipeline.tiny_words import write_tiny_words


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_words(tmp_path_factory.mktemp("words"))


def negatives(config: NegativesConfig, number: int, seed: int = 0) -> list[Sentence]:
    maker = Maker("home", seed, None)
    rows = list(islice(negative_rows(config, None, maker, number), number))
    assert all(isinstance(row, Sentence) for row in rows)
    return [row for row in rows if isinstance(row, Sentence)]


def all_negatives(config: NegativesConfig) -> list[Sentence]:
    """As many as there are."""
    rows = []
    with contextlib.suppress(DataError):
        for row in negative_rows(config, None, Maker("home", 0, None), 1000):
            assert isinstance(row, Sentence)
            rows.append(row)
    return rows


def test_rows_say_what_they_are_almost(words: Path) -> None:
    config = NegativesConfig(1, phrases=("Hey, Jarvis!", "wait"), words=words, intent="not_us")
    rows = all_negatives(config)
    assert len({row.text for row in rows}) == len(rows) > 40
    assert {row.negative.near_to for row in rows} == {"Hey, Jarvis!", "wait"}
    for row in rows:
        assert (row.source, row.intent) == ("negatives", "not_us")
        assert row.template == f"negatives:{row.negative.kind}"
        assert row.id.startswith("home-")
    by_text = {row.text: row.negative for row in rows}
    assert by_text["Hey jervis"].distance == pytest.approx(2 / 8)
    assert by_text["Hey"].kind == "partial"


def test_no_negative_is_near_to_any_phrase(words: Path) -> None:
    phrases = ("hey jarvis", "day", "red light")
    config = NegativesConfig(1, phrases=phrases, min_distance=0.2, words=words)
    speech = Speech(load_near_words(words), Lexicon(), ["en-us"])
    distances = Distances(speech.ways(phrases))
    rows = all_negatives(config)
    assert len(rows) > 40
    for row, ways in zip(rows, speech.ways([row.text for row in rows]), strict=True):
        assert not distances.any_inside(ways, 0.2), row.text
        near_to = phrases.index(row.negative.near_to)
        assert row.negative.distance == pytest.approx(distances.to_phrase(ways, near_to))
        if row.negative.kind in ("substitution", "regrouping"):
            assert 0.2 <= row.negative.distance <= 0.4


@pytest.mark.parametrize(
    ("phrase", "homophones"),
    [("wait", {"weight"}), ("red light", {"read light"}), ("hey jarvis", {"hay jarvis"})],
)
def test_homophones_are_never_negatives(words: Path, phrase: str, homophones: set[str]) -> None:
    config = NegativesConfig(1, phrases=(phrase,), min_distance=0.01, max_distance=1, words=words)
    texts = {row.text for row in all_negatives(config)}
    assert texts
    assert not texts & {phrase, *homophones}


def test_a_phrase_of_the_list_is_no_continuation_of_another(words: Path) -> None:
    config = NegativesConfig(
        1, phrases=("hey doctor", "hey jarvis"), kinds={"continuation": 1}, words=words
    )
    texts = {row.text for row in negatives(config, 20)}
    assert not texts & {"hey doctor", "hey jarvis"}
    assert "hey light" in texts | {row.text for row in negatives(config, 20, seed=1)}


def test_kinds_by_weight(words: Path) -> None:
    config = NegativesConfig(
        1, phrases=("hey red jarvis",), kinds={"substitution": 3, "continuation": 1}, words=words
    )
    counts = Counter(row.negative.kind for row in negatives(config, 40))
    assert counts["substitution"] > counts["continuation"] > 3


def test_the_order_in_which_kinds_are_written_does_not_count(words: Path) -> None:
    kinds = {"substitution": 2.0, "partial": 1.0, "continuation": 1.0}
    backwards = dict(reversed(kinds.items()))
    found = (
        negatives(NegativesConfig(1, phrases=("hey jarvis",), kinds=order, words=words), 12)
        for order in (kinds, backwards)
    )
    first, second = ([row.text for row in rows] for rows in found)
    assert first == second


def test_the_seed_alone_decides(words: Path) -> None:
    config = NegativesConfig(1, phrases=("hey jarvis", "wait"), words=words)
    assert negatives(config, 40, seed=5) == negatives(config, 40, seed=5)
    assert negatives(config, 40, seed=5)[:20] == negatives(config, 20, seed=5)
    assert negatives(config, 40, seed=5) != negatives(config, 40, seed=6)


def test_too_few_says_how_many_and_what_to_do(words: Path) -> None:
    config = NegativesConfig(1, phrases=("jarvis",), kinds={"partial": 1, "order": 0}, words=words)
    with pytest.raises(DataError) as error:
        negatives_source(config, None).check(500)
    message = str(error.value)
    assert "500 negatives asked for, but only 2 exist (partial 2)" in message
    assert "give weight to substitution, regrouping, continuation, order" in message
    assert "max_distance (0.4)" in message
    negatives_source(config, None).check(2)


def test_what_the_filter_drops_does_not_count(words: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked.txt"
    blocked.write_text("jervis\n")
    maker = Maker("home", 0, SentenceFilter(FilterConfig(blocklist=blocked)))
    config = NegativesConfig(1, phrases=("hey jarvis",), kinds={"substitution": 1}, words=words)
    rows = list(negative_rows(config, None, maker, 6))
    assert sum(isinstance(row, Sentence) for row in rows) >= 6
    rejects = [row for row in rows if isinstance(row, Reject)]
    assert rejects
    assert all("jervis" in reject.reason for reject in rejects)


def home(folder: Path) -> Path:
    domain = folder / "home"
    (domain / "templates").mkdir(parents=True)
    (domain / "lexicons").mkdir()
    (domain / "templates" / "switch.j2").write_text("{{ thing }} on.\n")
    (domain / "templates" / "ask.j2").write_text("Set it for {{ time }}.\n")
    (domain / "lexicons" / "thing.csv").write_text("value,say\nlight,\nlife,\nJarvis,ˈzuːm\n")
    return domain


def test_phrases_from_a_domains_intents(words: Path, tmp_path: Path) -> None:
    domain = read_domain(home(tmp_path))
    config = NegativesConfig(1, intents=("switch",), words=words)
    rows = list(islice(negative_rows(config, domain, Maker("home", 0, None), 30), 30))
    assert {row.negative.near_to for row in rows} == {"light on.", "life on.", "Jarvis on."}
    assert not {"light on", "life on", "jarvis on"} & {row.text.lower() for row in rows}
    # The domain says Jarvis otherwise, so harvest is far from it.
    assert "harvest on" not in {row.text for row in rows}


def test_markup_of_a_phrase_is_not_said(words: Path, tmp_path: Path) -> None:
    domain = home(tmp_path)
    (domain / "templates" / "wake.j2").write_text("Hey <break 300ms> [doctor](emphasis)\n")
    plain = NegativesConfig(1, phrases=("Hey doctor",), words=words)
    for config in (
        NegativesConfig(1, intents=("wake",), words=words),
        NegativesConfig(1, phrases=("[Hey](emphasis) doctor",), words=words),
    ):
        rows = list(islice(negative_rows(config, read_domain(domain), Maker("a", 0, None), 9), 9))
        assert rows == list(islice(negative_rows(plain, None, Maker("a", 0, None), 9), 9))


@pytest.mark.parametrize("phrase", ["Hey [Jarvis](/zˈuːm/)", "[read](past) it"])
def test_a_pronunciation_in_a_phrase_is_refused(words: Path, tmp_path: Path, phrase: str) -> None:
    domain = home(tmp_path)
    (domain / "templates" / "wake.j2").write_text(f"{phrase}\n")
    config = NegativesConfig(1, intents=("wake",), words=words)
    with pytest.raises(DataError, match=r"wake\.j2:1: `.*not measured in a pron.* `say` of a lex"):
        negatives_source(config, read_domain(domain)).check(5)
    config = NegativesConfig(1, phrases=(phrase,), words=words)
    with pytest.raises(DataError, match=r"negatives\.phrases: `.*not measured"):
        negatives_source(config, None).check(5)


@pytest.mark.parametrize(
    ("intents", "message"),
    [
        (("swich",), "intents: `swich` is none of .*home's: ask, switch"),
        (("switch", "ask"), r"ask\.j2:1 the intents have more than 200 sentences; write"),
    ],
)
def test_intents_that_cannot_be_used(
    words: Path, tmp_path: Path, intents: tuple[str, ...], message: str
) -> None:
    config = NegativesConfig(1, intents=intents, words=words)
    with pytest.raises((ConfigError, DataError), match=message):
        negatives_source(config, read_domain(home(tmp_path))).check(5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"phrases": ("!?",)}, r"negatives: `!\?` cannot be pronounced"),
        ({"phrases": ("小爱",)}, "negatives: `小爱` cannot be pronounced"),
        ({"intents": ("switch",)}, "negatives.intents: sentences.domain is null"),
        ({"phrases": ("a",), "accents": ("fr-fr",)}, "accents: fr-fr is none of espeak-ng's: en"),
        ({"phrases": ("a",), "words": Path("no.dict")}, r"no\.dict: cannot be read"),
    ],
)
def test_what_is_found_wrong_before_work(
    words: Path, settings: dict[str, object], message: str
) -> None:
    config = NegativesConfig(1, **({"words": words} | settings))
    with pytest.raises((ConfigError, DataError), match=message):
        negatives_source(config, None).check(5)


def test_an_empty_lexicon(tmp_path: Path) -> None:
    path = tmp_path / "empty.dict"
    path.write_text(";;; nothing\n")
    with pytest.raises(DataError, match=r"empty\.dict:1: no pronunciation in it"):
        negatives_source(NegativesConfig(1, phrases=("wait",), words=path), None).check(1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "phrases: none; name one"),
        ({"phrases": ("a",), "min_distance": 0.0}, "min_distance: 0.0 with max_distance 0.4; 0 <"),
        ({"phrases": ("a",), "min_distance": 0.5}, "min_distance: 0.5 with max_distance 0.4"),
        ({"phrases": ("a",), "max_distance": 1.5}, "min_distance: 0.1 with max_distance 1.5"),
        ({"phrases": ("a",), "kinds": {"order": 0.0}}, "kinds: one weight at least"),
        ({"phrases": ("a",), "kinds": {"order": -1.0}}, "kinds: weights must be finite"),
        ({"phrases": ("a",), "accents": ()}, "accents: none"),
        ({"phrases": ("a",), "share": 1.5}, "share: 1.5; above 0"),
    ],
)
def test_settings_out_of_range(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        NegativesConfig(**({"share": 0.5} | settings))


def test_a_build_must_speak_as_distances_are_measured() -> None:
    config = NegativesConfig(1, phrases=("a",))
    check_as_spoken(config, ["en-us"], [])
    with pytest.raises(ConfigError, match=r"accents: text\.accent speaks en-gb too"):
        check_as_spoken(config, ["en-us", "en-gb"], [])
    with pytest.raises(ConfigError, match=r"negatives\.pronunciations: must be the same"):
        check_as_spoken(config, ["en-us"], [Path("own.dict")])


def test_the_digest_follows_the_words(words: Path, tmp_path: Path) -> None:
    config = NegativesConfig(1, phrases=("a",), words=tmp_path / "own.dict")
    config.words.write_text("a  AH0\n")
    before = negatives_source(config, None).digest()
    config.words.write_text("a  EY1\n")
    assert negatives_source(config, None).digest() != before


def test_a_share_of_a_builds_sentences(tmp_path: Path) -> None:
    words = write_tiny_words(tmp_path)
    negatives = NegativesConfig(0.25, phrases=("Hey Jarvis",), words=words)
    config = SentencesConfig(home(tmp_path), 40, negatives=negatives)
    check_sentences(config)
    rows = [row for row in generate(config, 1) if isinstance(row, Sentence)]
    assert [row.source for row in rows] == ["negatives"] * 10 + ["templates"] * 30
    assert all(row.negative.kind == "none" for row in rows[10:])
    before = sentences_digest(config)
    words.write_text(words.read_text() + "zoom  Z UW1 M\n")
    assert sentences_digest(config) != before


@pytest.mark.parametrize("apart", [("text",), ("template",), ("template", "text")])
def test_every_split_gets_its_share_of_what_is_kept_apart(
    words: Path, apart: tuple[str, ...]
) -> None:
    negatives = NegativesConfig(1, phrases=("Hey Jarvis",), words=words)
    plan = SplitPlan({"train": 0.5, "validation": 0.25, "test": 0.25}, apart, 1)
    rows = list(generate(SentencesConfig(None, 20, negatives=negatives), 1, plan))
    splits = Counter(row.split for row in rows if isinstance(row, Sentence))
    assert splits == {"train": 10, "validation": 5, "test": 5}


def test_where_a_split_lacks_negatives_the_error_names_it_and_the_share(
    monkeypatch: pytest.MonkeyPatch, words: Path
) -> None:
    config = NegativesConfig(1, phrases=("jarvis",), kinds={"partial": 1}, words=words)
    plan = SplitPlan({"train": 0.5, "test": 0.5}, ("text",), 1)
    monkeypatch.setattr(SplitPlan, "split_of", lambda *_: "train")
    message = r"negatives: test lacks 1 sentences, after 1 were .*lower sentences\.negatives\.share"
    with pytest.raises(DataError, match=message):
        list(generate(SentencesConfig(None, 2, negatives=config), 1, plan))


def test_no_domain_is_needed(words: Path) -> None:
    negatives = NegativesConfig(1, phrases=("Hey Jarvis",), words=words)
    rows = list(generate(SentencesConfig(None, 10, negatives=negatives), 1))
    assert {row.source for row in rows if isinstance(row, Sentence)} == {"negatives"}


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    section = {"share": 0.5, "phrases": ["hey"], "kinds": {"rhyme": 1}}
    with pytest.raises(ConfigError, match=r"kinds\.rhyme: .*substitution, regrouping"):
        build(NegativesConfig, section, "build.yaml")
