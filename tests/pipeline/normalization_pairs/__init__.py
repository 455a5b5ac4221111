"""What is written, and what people say, by kind; `REJECTED` is what nobody can say."""

from tests.pipeline.normalization_pairs.everyday import PAIRS as EVERYDAY
from tests.pipeline.normalization_pairs.everyday import REJECTED
from tests.pipeline.normalization_pairs.further_forms import FURTHER
from tests.pipeline.normalization_pairs.quotes_and_unicode import PAIRS as UNICODE
from tests.pipeline.normalization_pairs.written_forms import FORMS

PAIRS = {
    **EVERYDAY,
    **{f"forms: {kind}": pairs for kind, pairs in FORMS.items()},
    **{f"further: {kind}": pairs for kind, pairs in FURTHER.items()},
    **UNICODE,
}

__all__ = ["PAIRS", "REJECTED"]
