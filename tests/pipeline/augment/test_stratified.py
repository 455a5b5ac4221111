"""Stratified draws: every stretch of rows covers the range, and nothing else is given away."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pipeline.augment.augmenter import Augmenter, AugmentSetting
from pipeline.augment.chain import draw_chain
from pipeline.augment.config import AugmentConfig
from pipeline.augment.intent_ranks import ranks_of
from pipeline.augment.links.level import DcOffset, Gain
from pipeline.augment.links.link import SoundPool
from pipeline.augment.links.transmission import Telephone
from pipeline.augment.stratified import BLOCK, Rank, StratifiedDraws, stratified_order
from pipeline.distributions import Choice, Distribution
from pipeline.randomness import rng_for
from pipeline.records import Reject, Sentence
from pipeline.statistics.independence import mutual_information_test, tables_by_stratum
from pipeline.storage.shards import write_shard

CHAIN = (
    Gain(gain_db=Distribution(low=-6, high=0)),
    DcOffset(probability=0.25, offset=Distribution(low=-0.1, high=0.1)),
    Telephone(codec=Choice(choice={"mu_law": 3, "gsm": 1})),
)


def _draws(group: str, count: int, num_draws: int = 1, seed: int = 3) -> np.ndarray:
    """(count, num_draws) of the rows of a group."""
    rows = []
    for rank in range(count):
        rng = StratifiedDraws(
            rng_for(seed, "augment", f"{group}-{rank}"), seed, "noise", Rank(group, rank)
        )
        rows.append([rng.random() for _ in range(num_draws)])
    return np.array(rows)


@pytest.mark.parametrize("level", range(7))
def test_rows_that_follow_on_each_other_fall_into_different_parts(level: int) -> None:
    order, size = stratified_order(np.random.default_rng(level), 6), 1 << level
    for stretch in order.reshape(-1, size):
        assert sorted(stretch >> (6 - level)) == list(range(size))


def test_every_number_is_as_likely_at_every_index() -> None:
    orders = np.array([stratified_order(np.random.default_rng(seed), 3) for seed in range(2000)])
    for position in range(8):
        counts = np.bincount(orders[:, position], minlength=8)
        assert stats.chisquare(counts).pvalue > 1e-4


def test_draws_lie_nearer_to_uniform_than_independent_ones_for_any_number_of_rows() -> None:
    for count in (5, 16, 37, 100):
        even = [stats.kstest(_draws(f"g{n}", count)[:, 0], "uniform").statistic for n in range(20)]
        rng = np.random.default_rng(0)
        free = [stats.kstest(rng.random(count), "uniform").statistic for _ in range(20)]
        assert np.mean(even) < 0.8 * np.mean(free)


def test_two_draws_of_a_row_tell_nothing_about_each_other() -> None:
    rows = np.concatenate([_draws(f"intent {n}", 8, num_draws=2) for n in range(100)])
    codes = (rows * 8).astype(int)
    tables = tables_by_stratum(codes[:, 0], codes[:, 1])
    assert mutual_information_test(tables, np.random.default_rng(1)).p > 0.001


def test_a_row_is_the_same_whatever_was_drawn_before() -> None:
    rank = Rank("lights", 70)

    def draw() -> list[float]:
        rng = StratifiedDraws(rng_for(1, "augment", "row"), 1, "gain", rank)
        return [rng.random(), *rng.random(3).tolist()]

    first = draw()
    _draws("lights", 2 * BLOCK)
    assert draw() == first
    assert all(0 <= number < 1 for number in first)


def test_groups_names_and_seeds_have_orders_of_their_own() -> None:
    usual = _draws("lights", 64)[:, 0]
    for other in (_draws("music", 64)[:, 0], _draws("lights", 64, seed=4)[:, 0]):
        assert not np.array_equal(np.floor(64 * usual), np.floor(64 * other))
    assert not np.array_equal(np.floor(64 * usual), np.floor(64 * _draws("lights", 128)[64:, 0]))


@pytest.mark.parametrize("count", [8, 16, 64])
def test_a_chain_is_balanced_over_the_rows_of_an_intent(count: int) -> None:
    drawn = [
        dict(
            draw_chain(CHAIN, SoundPool(16000, {}, {}), 1, f"id-{rank}", 100, Rank("lights", rank))
        )
        for rank in range(count)
    ]
    assert sum("dc_offset" in links for links in drawn) == count // 4
    assert [links["telephone"]["codec"] for links in drawn].count("gsm") == count // 4
    gains_db = sorted(links["gain"]["gain_db"] for links in drawn)
    np.testing.assert_allclose(gains_db, np.linspace(-6, 0, count), atol=6 / count)


def test_the_sampler_of_a_config_reads_the_ranks() -> None:
    wave = np.full(100, 0.1, np.float32)
    ranks = {f"id-{rank}": Rank("lights", rank) for rank in range(16)}

    def sixteenths(sampler: str) -> int:
        config = AugmentConfig(chain=CHAIN[:1], sampler=sampler)  # type: ignore[arg-type]
        augmenter = Augmenter(config, 16000, AugmentSetting(ranks=ranks))
        gains_db = [augmenter.augment(id, wave, 1).channel.gain_db for id in reversed(ranks)]
        return len({int(-gain_db * 16 / 6) for gain_db in gains_db})

    assert sixteenths("stratified") >= 15
    assert sixteenths("independent") < 14


def test_ranks_are_counted_by_intent_whatever_the_shards_are(tmp_path: Path) -> None:
    rows: list[Sentence | Reject] = [
        Sentence(f"d-{number}", "x", "d", "t", "ab"[number % 3 == 0]) for number in range(12)
    ]
    rows.insert(5, Reject("d-r", "generate", "filtered"))
    found = []
    for size in (2, 5, 20):
        cuts = [rows[start : start + size] for start in range(0, len(rows), size)]
        shards = [tmp_path / f"{size}-{index}.parquet" for index in range(len(cuts))]
        for shard, cut in zip(shards, cuts, strict=True):
            write_shard(shard, cut, Sentence)
        ranks = [ranks_of(shards, index) for index in range(len(shards))]
        found.append({id: rank for part in ranks for id, rank in part.items()})
    assert found[0] == found[1] == found[2]
    assert found[0]["d-4"] == Rank("a", 2)
    assert found[0]["d-9"] == Rank("b", 3)
