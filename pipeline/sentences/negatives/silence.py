"""Rows without speech: white noise, with the background noise and rooms of other rows."""

from collections.abc import Iterator

from pipeline.licences.summary import OWN_LICENCE, LicensedSource
from pipeline.records import SILENCE, Negative, Sentence
from pipeline.sentences.drawing.sampling import Maker
from pipeline.sentences.drawing.sources import SentenceSource
from pipeline.sentences.negatives.silence_config import KEY, SilenceConfig


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
