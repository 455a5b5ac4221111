"""Rows in which nobody speaks: a microphone's own hiss, under the noise and in the rooms that
speech has, so that a model learns what nothing is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.distributions import Distribution, within
from pipeline.licences.summary import OWN_LICENCE, LicensedSource
from pipeline.records import SILENCE, Negative, Sentence
from pipeline.sentences.drawing.sampling import Maker
from pipeline.sentences.drawing.sources import SentenceSource, check_share

KEY = "sentences.negatives.silence"


@dataclass(frozen=True)
class SilenceConfig:
    """A `share` of all sentences says nothing: clips of `duration_s` with white hiss at `level_db`
    relative to full scale, to which `augment` does what it does to speech.
    """

    share: float
    duration_s: Distribution = Distribution(low=0.5, high=3.0)
    level_db: Distribution = Distribution(low=-85.0, high=-60.0)

    def __post_init__(self) -> None:
        check_share(self.share)
        within(self.duration_s, 0.1, 60.0, "duration_s")
        within(self.level_db, -90.0, -30.0, "level_db")


def silence_source(config: SilenceConfig, intent: str) -> SentenceSource:
    """Silence as a source beside the templates; its rows have the negatives' `intent`."""
    return SentenceSource(
        location=KEY,
        lower=f"{KEY}.share",
        share=config.share,
        check=lambda _: None,
        rows=lambda maker, _: _rows(maker, intent),
        files=lambda: (),
        digest=lambda: "",
        licensed=LicensedSource("sentences", SILENCE, OWN_LICENCE, "", KEY, OWN_LICENCE),
    )


def _rows(maker: Maker, intent: str) -> Iterator[Sentence]:
    """As many as are taken."""
    number = 0
    while True:
        id = maker.id_of(f"\x1f{SILENCE} {number}")
        number += 1
        if maker.is_new(id.rpartition("-")[2]):
            negative = Negative(SILENCE)
            yield Sentence(id, "", maker.domain, "", intent, source=SILENCE, negative=negative)
