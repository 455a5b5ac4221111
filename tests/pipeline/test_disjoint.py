"""Builds that keep things apart: solved where it is possible, told where it is not."""

from collections import defaultdict
from pathlib import Path

import pytest

from models.errors import ConfigError, DataError
from pipeline.build.config import check_build, load_build_config
from pipeline.build.stages import plan, stage_keys
from pipeline.dataset.files import read_build
from pipeline.dataset.leaks import values_of
from pipeline.sentences.drawing.split_plan import plan_splits
from tests.tiny_build import rows_by_id, run_stages, write_tiny_build
from tests.tiny_voices import TinyVoices

HALVES = "output.split={train: 0.5, test: 0.5}"


def _build(config: Path, *asked: str) -> tuple[dict[str, dict], Path]:
    loaded = load_build_config(config, [HALVES, *asked])
    check_build(loaded)
    dataset = run_stages(plan(loaded), pages=False)
    return rows_by_id(dataset), dataset


def _splits_of(rows: dict[str, dict], kind: str) -> list[set[str]]:
    found = defaultdict(set)
    for row in rows.values():
        for own, value in values_of(row):
            if own == kind:
                found[value].add(row["file"])
    return list(found.values())


@pytest.fixture
def config(tmp_path: Path, tiny_voices: TinyVoices) -> Path:
    return write_tiny_build(tmp_path, tiny_voices, count=12)


@pytest.mark.parametrize("kinds", [["template"], ["speaker"], ["slot:thing"], ["text"]])
def test_what_is_kept_apart_never_crosses(config: Path, kinds: list[str]) -> None:
    rows, dataset = _build(config, f"output.disjoint={kinds}", "sentences.count=8")
    for kind in kinds:
        splits = _splits_of(rows, kind)
        assert len(splits) > 1
        assert all(len(own) == 1 for own in splits)
    assert {row["file"] for row in rows.values()} == {"train", "test"}
    leaks = {leak["kind"]: leak for leak in read_build(dataset)["leaks"]}
    assert all(leaks[kind]["kept_apart"] and not leaks[kind]["crossing"] for kind in kinds)


def test_several_at_once_with_exact_shares_whatever_the_shards(config: Path) -> None:
    asked = [
        "output.disjoint=[slot:thing, speaker]",
        "sentences.repetitions=2",
        "sentences.count=8",
        "voice.quota={pace_bands: 2}",
    ]
    rows, _ = _build(config, *asked)
    assert sorted(row["file"] for row in rows.values()) == ["test"] * 8 + ["train"] * 8
    for kind in ("slot:thing", "speaker", "text"):
        assert all(len(own) == 1 for own in _splits_of(rows, kind))
    other = config.parent / "other"
    again, _ = _build(config, *asked, "runtime.shard_size=3", f"output.path={other}")
    assert again == rows


def test_by_default_the_report_tells_of_leaks_and_lets_them_be(config: Path) -> None:
    _, dataset = _build(config)
    leaks = {leak["kind"]: leak for leak in read_build(dataset)["leaks"]}
    assert leaks["template"]["crossing"] == 2
    assert not any(leak["kept_apart"] for leak in leaks.values())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["output.disjoint=[speakers]"], r"output.disjoint: speakers; allowed are text, template"),
        (
            ["output.disjoint=[speaker]", "voice.speakers={anna: 1, 'mix(anna, ben, 0.5)': 1}"],
            r"speaker: 2 voices in 1 families .* so test would have none",
        ),
        (["output.disjoint=[noise]"], r"output.disjoint: noise: augment.split_sources must be"),
        (
            ["output.disjoint=[template]", "output.split={train: 0.8, validation: 0.1, test: 0.1}"],
            r"template: 2 values, so test would have none; take `template` out",
        ),
    ],
)
def test_what_cannot_be_is_told_before_any_work(
    config: Path, asked: list[str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_build(load_build_config(config, [HALVES, *asked]))


def test_too_much_at_once_says_what_to_relax(config: Path) -> None:
    kinds = ["template", "slot:thing", "slot:place"]
    loaded = load_build_config(config, [HALVES, f"output.disjoint={kinds}"])
    assert loaded.sentences.domain is not None
    with pytest.raises(DataError, match=r"lacks \d+ sentences, .*relax output.disjoint \(template"):
        run_stages(plan(loaded), pages=False)


def test_what_is_kept_apart_is_a_setting_of_the_sentences(config: Path) -> None:
    keys, apart = (
        stage_keys(load_build_config(config, [HALVES, *asked]))
        for asked in ([], ["output.disjoint=[text]"])
    )
    assert keys["generate"] != apart["generate"]


def test_a_plan_without_a_domain_goes_by_the_text() -> None:
    assert plan_splits({"train": 0.5, "test": 0.5}, ["text"], 1, None).parts_sentences
