"""What a chain draws is distributed as its config asks, in every clip independently.

An audit takes this for granted: it looks at a dataset for what its builder can get wrong.
"""

from collections import Counter
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pipeline.augment.augmenter import Augmenter
from pipeline.augment.chain import draw_chain
from pipeline.augment.config import AugmentConfig
from pipeline.augment.links import LINKS
from pipeline.augment.links.link import AuditShape, Drawn, Link, SoundPool
from pipeline.distributions import Choice, Distribution
from pipeline.randomness import rng_for
from pipeline.statistics.independence import contingency_table
from tests.pipeline.augment.links.every_link import RATE, every_link, link_of, write_sounds

CLIPS = 1500
ODD = 1e-5  # the p below which draws are not what was asked for
SNR_DB = Distribution(low=5.0, high=25.0)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    write_sounds(folder)
    return folder


def pool_of(*links: Link) -> SoundPool:
    pool: SoundPool = next(iter(Augmenter(AugmentConfig(chain=links), RATE).pools.values()))  # type: ignore[arg-type]
    return pool


def noisy_rows(sounds: Path) -> list[Drawn | None]:
    """What each of many clips draws of a noise that eight in ten have."""
    noise = link_of("background_noise", sounds, 0.8, snr_db={"low": 5, "high": 25}, count=1)
    pool = pool_of(noise)
    drawn = [draw_chain([noise], pool, 7, f"clip-{n}", RATE // 2) for n in range(CLIPS)]
    return [dict(links).get("background_noise") for links in drawn]


def odd_ones(rows: list[Drawn | None]) -> set[str]:
    """Which questions the rows answer otherwise than by chance."""
    noise = [row for row in rows if row is not None]
    snr_db = np.array([row["snr_db"] for row in noise])
    sources = np.unique([row["sources"][0] for row in noise], return_inverse=True)[1]
    followed = contingency_table(sources[:-1], sources[1:])
    p_of = {
        "rate": stats.binomtest(len(noise), len(rows), 0.8).pvalue,
        "shape": stats.kstest(snr_db, SNR_DB.cdf).pvalue,
        "kinds": stats.chisquare(list(Counter(r["classes"][0] for r in noise).values())).pvalue,
        "recordings": stats.chisquare(np.bincount(sources)).pvalue,
        "order of numbers": stats.spearmanr(snr_db[:-1], snr_db[1:]).pvalue,
        "order of recordings": stats.chi2_contingency(followed).pvalue,
    }
    return {question for question, p in p_of.items() if p < ODD}


def clip_snr(rows: list[Drawn | None]) -> None:
    for row in rows:
        if row:
            row["snr_db"] = min(row["snr_db"], 18.0)


def take_noise_away(rows: list[Drawn | None]) -> None:
    rows[::3] = [None] * len(rows[::3])


def keep_noise_for_two(rows: list[Drawn | None]) -> None:
    for index in range(1, len(rows), 2):
        if rows[index - 1]:
            rows[index] = rows[index - 1]


def test_noise_is_drawn_as_asked(sounds: Path) -> None:
    assert odd_ones(noisy_rows(sounds)) == set()


@pytest.mark.parametrize(
    ("plant", "question"),
    [
        (clip_snr, "shape"),
        (take_noise_away, "rate"),
        (keep_noise_for_two, "order of recordings"),
    ],
)
def test_draws_that_are_not_as_asked_are_found(sounds: Path, plant, question: str) -> None:  # type: ignore[no-untyped-def]
    rows = noisy_rows(sounds)
    plant(rows)
    assert question in odd_ones(rows)


@pytest.mark.parametrize("kind", LINKS)
def test_every_parameter_of_a_link_is_drawn_from_its_own_distribution(
    kind: str, tmp_path: Path
) -> None:
    (link,) = [link for link in every_link(tmp_path) if link.link == kind]
    pool = pool_of(link)
    drawn = [link.draw(rng_for(3, "draws", str(n)), pool, RATE // 2) for n in range(400)]
    for field in fields(link):
        asked = getattr(link, field.name)
        if field.name in drawn[0] and isinstance(asked, Distribution | Choice):
            values = [row[field.name] for row in drawn]
            shares = asked.probabilities()
            if shares is None:
                assert isinstance(asked, Distribution)
                assert stats.kstest(values, asked.cdf).pvalue > ODD, field.name
            elif len(shares) > 1:
                counts = [values.count(value) for value in shares]
                expected = np.array(list(shares.values())) * len(values)
                assert stats.chisquare(counts, expected).pvalue > ODD, field.name


def test_a_link_that_declares_neither_licence_nor_audit_is_refused() -> None:
    with pytest.raises(TypeError, match=r"licence.*audit"):

        class Undeclared(Link):  # type: ignore[call-arg]
            pass


def test_links_with_recordings_say_under_which_licence_kind_and_where_they_name_them() -> None:
    for kind in LINKS.values():
        has_folder = any(field.name == "folder" for field in fields(kind))
        assert has_folder == (kind.licence != "none") == bool(kind.audit.recordings)
    assert LINKS["gain"].audit == AuditShape()
