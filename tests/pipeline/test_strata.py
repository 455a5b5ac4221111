"""Sixty-four rows fill every distribution evenly, in any order of work."""

import dataclasses

import numpy as np
import pytest

from pipeline.augment import AugmentConfig, Augmenter, AugmentSetting
from pipeline.chain import draw_chain
from pipeline.distributions import Choice, Distribution
from pipeline.links.level import DcOffset, Gain
from pipeline.links.link import Place
from pipeline.links.transmission import Telephone
from pipeline.randomness import rng_for
from pipeline.strata import BLOCK_ROWS, Strata

PLACE = Place(16000, {}, {})
CHAIN = (
    Gain(gain_db=Distribution(low=-6, high=0)),
    DcOffset(probability=0.25, offset=Distribution(low=-0.1, high=0.1)),
    Telephone(codec=Choice(choice={"mu_law": 3, "gsm": 1})),
)


def numbers(row: int, seed: int = 1, name: str = "gain") -> np.ndarray:
    return Strata(rng_for(seed, "augment", str(row)), seed, name, row).random(3)


def test_each_number_falls_once_into_each_part_of_a_block():
    drawn = np.array([numbers(row) for row in range(2 * BLOCK_ROWS)])  # (rows, 3)
    for block in (drawn[:BLOCK_ROWS], drawn[BLOCK_ROWS:]):
        strata = np.sort(np.floor(block * BLOCK_ROWS), axis=0)
        np.testing.assert_array_equal(strata, np.arange(BLOCK_ROWS)[:, None].repeat(3, axis=1))
    between = np.corrcoef(np.array([numbers(row) for row in range(40 * BLOCK_ROWS)]).T)
    assert np.abs(between - np.eye(3)).max() < 0.06


def test_draws_depend_on_row_seed_and_name_alone():
    assert np.array_equal(numbers(5), numbers(5))
    for other in (numbers(6), numbers(5, seed=2), numbers(5, name="pitch")):
        assert not np.array_equal(numbers(5), other)


def test_a_chain_over_a_block_is_balanced():
    drawn = [dict(draw_chain(CHAIN, PLACE, 1, f"id-{row}", 100, row)) for row in range(BLOCK_ROWS)]
    assert sum("dc_offset" in d for d in drawn) == BLOCK_ROWS // 4
    gains_db = sorted(d["gain"]["gain_db"] for d in drawn)
    np.testing.assert_allclose(gains_db, np.linspace(-6, 0, BLOCK_ROWS), atol=6 / BLOCK_ROWS)
    codecs = [d["telephone"]["codec"] for d in drawn]
    assert codecs.count("gsm") == BLOCK_ROWS // 4


def test_the_sampler_of_a_config_asks_for_the_rows():
    config = AugmentConfig(chain=CHAIN[:1], sampler="stratified")
    wave = np.full(100, 0.1, np.float32)
    rows = {f"id-{row}": row for row in range(BLOCK_ROWS)}
    augmenter = Augmenter(config, 16000, AugmentSetting(rows=rows))
    gains_db = [augmenter.augment(id, wave, 1).channel.gain_db for id in reversed(rows)]
    assert len({int(gain_db * BLOCK_ROWS / 6) for gain_db in gains_db}) >= BLOCK_ROWS - 1
    plain = dataclasses.replace(config, sampler="independent")
    apart = [Augmenter(plain, 16000).augment(id, wave, 1).channel.gain_db for id in rows]
    assert len({int(gain_db * BLOCK_ROWS / 6) for gain_db in apart}) < 55
    with pytest.raises(AssertionError, match="needs numbered rows"):
        Augmenter(config, 16000).augment("id-1", wave, 1)
