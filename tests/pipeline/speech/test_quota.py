"""Every speaker in every accent at every pace, equally often."""

from collections import Counter
from pathlib import Path

import pytest

from models.errors import ConfigError
from pipeline.build.config import (
    assignments_of_build,
    check_build,
    load_build_config,
    split_plan_of,
)
from pipeline.build.sentence_shards import numbered
from pipeline.build.stages import plan, stage_keys
from pipeline.records import Sentence
from pipeline.sentences.generate import generate
from pipeline.speech.quota import Quota, QuotaConfig
from pipeline.speech.speaker_assignment import assignment_of
from tests.tiny_build import rows_of_build, write_tiny_build
from tests.tiny_voices import TinyVoices

QUOTA = Quota(QuotaConfig(pace_bands=2), ("anna", "ben"), ("en-gb", "en-us"), seed=1)


def test_each_round_fills_every_cell_once() -> None:
    assert QUOTA.num_cells == 8
    for turn in range(3):
        cells = [QUOTA.cell(8 * turn + index) for index in range(8)]
        assert len(set(cells)) == 8
    assert {cell.fastest for cell in cells} == {0.5, 1.0}


def test_rounds_and_seeds_differ_in_order() -> None:
    other = Quota(QUOTA.config, QUOTA.speakers, QUOTA.accents, seed=2)
    rounds = [[QUOTA.cell(8 * turn + index) for index in range(8)] for turn in range(2)]
    assert rounds[0] != rounds[1]
    assert rounds[0] != [other.cell(index) for index in range(8)]


def test_too_few_sentences_name_the_cells() -> None:
    with pytest.raises(ConfigError, match=r"2 speakers x 2 accents x 2 pace bands are 8 cells"):
        QUOTA.check(7)
    QUOTA.check(8)


def test_a_build_fills_its_cells_whatever_the_shards(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices, count=16)
    asked = [
        "voice.quota={pace_bands: 2, at_least: 2}",
        "text.accent={en-us: 3, en-gb: 1}",
        "voice.pace={low: 0.8, high: 1.2}",
    ]
    check_build(load_build_config(config, asked))
    rows = rows_of_build(plan(load_build_config(config, asked)))
    cells = Counter((row["speaker"], row["accent"], row["pace"] < 1.0) for row in rows.values())
    assert cells == dict.fromkeys(cells, 2)
    assert len(cells) == 8
    elsewhere = [*asked, "runtime.shard_size=3", f"output.path={tmp_path / 'other'}"]
    assert rows_of_build(plan(load_build_config(config, elsewhere))) == rows
    with pytest.raises(ConfigError, match=r"voice.quota: .* 8 cells, which take 24 sentences"):
        check_build(load_build_config(config, [*asked, "voice.quota.at_least=3"]))


def test_every_split_fills_its_cells_where_speakers_are_kept_apart(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    asked = [
        "voice.quota={pace_bands: 2, at_least: 2}",
        "output.disjoint=[speaker]",
        "output.split={train: 0.5, test: 0.5}",
    ]
    for seed in range(1, 7):
        path = write_tiny_build(tmp_path / str(seed), tiny_voices, count=8)
        config = load_build_config(path, [*asked, f"seed={seed}"])
        check_build(config)
        rows = numbered(generate(config.sentences, config.seed, split_plan_of(config)))
        by_split = assignments_of_build(config)
        cells = Counter(
            (row.split, assignment_of(by_split, row.split).cell(row.number))
            for row in rows
            if isinstance(row, Sentence)
        )
        assert cells == dict.fromkeys(cells, 2)
        assert len(cells) == 4


def test_a_quota_is_a_setting_of_accents_and_voices(
    tmp_path: Path, tiny_voices: TinyVoices
) -> None:
    config = write_tiny_build(tmp_path, tiny_voices)
    keys, with_quota = (
        stage_keys(load_build_config(config, asked))
        for asked in ([], ["voice.quota={pace_bands: 1}"])
    )
    assert keys["generate"] == with_quota["generate"]
    assert keys["frontend"] != with_quota["frontend"]
