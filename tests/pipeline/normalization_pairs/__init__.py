"""What is written, and what people say, by kind; `REJECTED` is what nobody can say."""

from pathlib import Path

from tests.pipeline.normalization_pairs.everyday import PAIRS as EVERYDAY
from tests.pipeline.normalization_pairs.everyday import REJECTED
from tests.pipeline.normalization_pairs.further_forms import FURTHER
from tests.pipeline.normalization_pairs.quotes_and_unicode import PAIRS as UNICODE
from tests.pipeline.normalization_pairs.written_forms import FORMS


def _table(name: str) -> dict[str, list[tuple[str, str]]]:
    """Of a file of kind, written form and spoken form, a line each."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for line in Path(__file__).with_name(name).read_text("utf-8").splitlines()[1:]:
        kind, written, spoken = line.split("\t")
        pairs.setdefault(kind, []).append((written, spoken))
    return pairs


PAIRS = {
    **EVERYDAY,
    **{f"forms: {kind}": pairs for kind, pairs in FORMS.items()},
    **{f"further: {kind}": pairs for kind, pairs in FURTHER.items()},
    **{f"third round: {kind}": pairs for kind, pairs in _table("third_round.tsv").items()},
    **{f"fourth round: {kind}": pairs for kind, pairs in _table("fourth_round.tsv").items()},
    **{f"fifth round: {kind}": pairs for kind, pairs in _table("fifth_round.tsv").items()},
    **{f"sixth round: {kind}": pairs for kind, pairs in _table("sixth_round.tsv").items()},
    **UNICODE,
}

__all__ = ["PAIRS", "REJECTED"]
