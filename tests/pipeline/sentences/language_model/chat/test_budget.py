import re
import threading

import pytest

from models.config import build
from models.errors import ConfigError, DataError
from pipeline.sentences.language_model.chat.budget import Budget, BudgetConfig
from pipeline.sentences.language_model.chat.messages import Usage

PRICED = {"usd_per_million_input": 1.0, "usd_per_million_output": 10.0}


def test_a_request_goes_only_if_it_fits_at_its_worst() -> None:
    budget = Budget(BudgetConfig(max_tokens_total=1000))
    budget.hold(Usage(400, 500))
    budget.settle(Usage(400, 500), Usage(300, 100))
    budget.hold(Usage(400, 200))
    budget.settle(Usage(400, 200), Usage(300, 100))
    with pytest.raises(DataError, match=r"budget\.max_tokens_total: 1000 could be exceeded"):
        budget.hold(Usage(1, 200))


def test_the_cost_is_counted_by_price() -> None:
    budget = Budget(BudgetConfig(max_tokens_total=None, max_cost_usd=0.01, **PRICED))
    budget.count(Usage(2000, 500))
    with pytest.raises(DataError) as caught:
        budget.hold(Usage(0, 301))
    assert re.search(
        r"max_cost_usd: 0\.01 could .* 2500 tokens \(\$0\.0070\) are spent on 1 requests.*raise",
        str(caught.value),
    )
    budget.hold(Usage(0, 300))


def test_a_request_waits_for_what_is_on_its_way() -> None:
    budget = Budget(BudgetConfig(max_tokens_total=100))
    budget.hold(Usage(50, 40))
    went = threading.Event()
    thread = threading.Thread(target=lambda: (budget.hold(Usage(50, 40)), went.set()))
    thread.start()
    assert not went.wait(0.05)
    budget.settle(Usage(50, 40), Usage(5, 5))
    assert went.wait(5)
    thread.join()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"max_cost_usd": 1.0}, "max_cost_usd: needs usd_per_million_input and"),
        ({"usd_per_million_input": 1.0}, "give the price of output as well"),
        ({"usd_per_million_input": -1.0, "usd_per_million_output": 1.0}, "0 or more"),
        ({"max_tokens_total": 0}, "max_tokens_total: 0; 1 or more"),
        ({"max_cost_usd": 0.0, **PRICED}, r"max_cost_usd: 0\.0; above 0"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict[str, float], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        build(BudgetConfig, settings, "x.yaml")
