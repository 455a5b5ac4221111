from collections import Counter
from pathlib import Path

import pytest

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.build import stages
from pipeline.build.config import load_build_config
from pipeline.records import Reject, Sentence
from pipeline.report.page import render_report
from pipeline.sentences.drawing.sources import SentenceSource
from pipeline.sentences.generate import (
    SentencesConfig,
    check_sentences,
    generate,
    licensed_sentences,
    sentences_digest,
)
from pipeline.splits import numbers_of
from pipeline.verify.dataset import verify
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices


def own_lines(tmp_path: Path, name: str, lines: list[str]) -> str:
    path = tmp_path / name
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def config_of(domain: Path | None, count: int, *files: dict) -> SentencesConfig:
    section = {"domain": domain and str(domain), "count": count, "files": files}
    return build(SentencesConfig, section, where="test.yaml")


def greetings(tmp_path: Path) -> Path:
    folder = tmp_path / "greetings"
    (folder / "templates").mkdir(parents=True)
    (folder / "lexicons").mkdir()
    (folder / "templates" / "greet.j2").write_text("Good {{ day }}, {{ name }}.\n")
    (folder / "lexicons" / "day.txt").write_text("day\nnight\nmorning\n")
    (folder / "lexicons" / "name.txt").write_text("Al\nBo\nCy\nDee\n")
    return folder


def drawn(config: SentencesConfig, seed: int = 1) -> list[Sentence]:
    check_sentences(config)
    return [row for row in generate(config, seed) if isinstance(row, Sentence)]


def test_each_source_gives_its_share_and_none_repeats_another(tmp_path: Path) -> None:
    mine = own_lines(tmp_path, "mine.txt", ["Hello there.", "Good day, Al.", "See you."])
    more = own_lines(tmp_path, "more calls.txt", ["Hello there.", "Ring me.", "Come here."])
    config = config_of(
        greetings(tmp_path), 12, {"path": mine, "share": 0.25}, {"path": more, "share": 0.15}
    )
    rows = drawn(config)
    assert len({row.text for row in rows}) == len({row.id for row in rows}) == 12
    assert Counter(row.domain for row in rows) == {"mine": 3, "more_calls": 2, "greetings": 7}
    assert all(row.id.startswith(f"{row.domain}-") for row in rows)
    assert {(row.source, row.domain == "greetings") for row in rows} == {
        ("files", False),
        ("templates", True),
    }


def test_a_source_must_declare_its_licence(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="licensed"):
        SentenceSource("poems.txt", "share", 1.0, print, lambda *_: iter(()), str)  # type: ignore[call-arg]
    own = {"path": own_lines(tmp_path, "mine.txt", ["Good day."]), "share": 0.5, "license": "MIT"}
    config = config_of(greetings(tmp_path), 2, own)
    declared = [(line.name, line.licence) for line in licensed_sentences(config, "cc-by-4.0")]
    assert declared == [("templates:greetings", "cc-by-4.0"), ("files:mine", "MIT")]


def test_a_source_that_runs_dry_says_which_key_to_lower(tmp_path: Path) -> None:
    mine = own_lines(tmp_path, "mine.txt", ["Hello.", "Bye."])
    more = own_lines(tmp_path, "more.txt", ["Hello.", "Bye."])
    config = config_of(
        greetings(tmp_path), 8, {"path": mine, "share": 0.25}, {"path": more, "share": 0.25}
    )
    with pytest.raises(
        DataError, match=r"more\.txt: 2 sent.*only 0 new.*lower sentences\.files\[1\]\.share"
    ):
        list(generate(config, 1))


@pytest.mark.parametrize(
    ("shares", "has_domain", "message"),
    [
        ([0.6, 0.5], True, "count: the shares of the sources sum to 1.1; at most 1 is allowed"),
        (
            [0.6, 0.3],
            False,
            "domain: none, so the shares of other sources must sum to 1; they sum to 0.9",
        ),
        ([], False, "domain: none, so the shares of other sources must sum to 1; they sum to 0"),
        ([0.001], True, "count: 20, of which a share of 0.001 is no sentence"),
        ([0.0], True, r"share: 0.0; above 0 and up to 1 is allowed"),
    ],
)
def test_wrong_shares(tmp_path: Path, shares: list[float], has_domain: bool, message: str) -> None:
    files = [{"path": "x.txt", "share": share} for share in shares]
    with pytest.raises(ConfigError, match=message):
        config_of(tmp_path if has_domain else None, 20, *files)


def test_the_last_source_takes_what_rounding_leaves() -> None:
    assert numbers_of([0.5, 0.5], 3) == [2, 1]
    assert numbers_of([0.3333333, 0.3333333, 0.3333334], 10) == [3, 3, 4]
    assert numbers_of([0.25, 0.75], 1000) == [250, 750]


def test_the_digest_follows_every_file(tmp_path: Path) -> None:
    mine = own_lines(tmp_path, "mine.txt", ["Hello."])
    domain = greetings(tmp_path)
    alone = sentences_digest(config_of(domain, 4))
    with_file = sentences_digest(config_of(domain, 4, {"path": mine, "share": 0.25}))
    Path(mine).write_text("Hello!\n")
    changed = sentences_digest(config_of(domain, 4, {"path": mine, "share": 0.25}))
    assert len({alone, with_file, changed}) == 3


def test_a_whole_build_without_a_domain(tmp_path: Path, tiny_voices: TinyVoices) -> None:
    mine = own_lines(tmp_path, "mine.txt", [f"Lamp {name}." for name in ("one", "two", "three")])
    config = write_tiny_build(tmp_path, tiny_voices, count=3, shard_size=2)
    files = f"[{{path: {mine}, share: 1, license: cc0-1.0}}]"
    job = stages.plan(
        load_build_config(config, ["sentences.domain=null", f"sentences.files={files}"])
    )
    dataset = run_stages(job)
    rows = rows_by_id(dataset)
    assert {row["template"] for row in rows.values()} == {"mine.txt:1", "mine.txt:2", "mine.txt:3"}
    assert all(row["source"] == "files" for row in rows.values())
    assert not verify(dataset)
    assert "No sentence comes from a template" in render_report(dataset)
    assert "come from `mine.txt` (cc0-1.0)." in (dataset / "README.md").read_text()


def test_what_is_no_text_is_rejected_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_bytes(b"Hello.\n\xff\xfe\nBye.\n")
    rows = list(generate(config_of(None, 2, {"path": str(path), "share": 1}), 1))
    assert [row.reason for row in rows if isinstance(row, Reject)] == ["mine.txt:2: not UTF-8 text"]
