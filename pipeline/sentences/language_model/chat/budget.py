"""Spending limits of a language model: checked before each request, counted after it."""

import threading
from dataclasses import dataclass

from models.errors import DataError
from pipeline.sentences.language_model.chat.messages import Usage

_MILLION = 1e6
_SECTION = "sentences.language_model.budget"


@dataclass(frozen=True)
class BudgetConfig:
    """Ceilings over all answers that the sentences are made of, kept ones included; null: none.

    Prices are in US dollars per million tokens, as the provider lists them.
    """

    max_tokens_total: int | None = 1_000_000
    max_cost_usd: float | None = None
    usd_per_million_input: float | None = None
    usd_per_million_output: float | None = None

    def __post_init__(self) -> None:
        prices = (self.usd_per_million_input, self.usd_per_million_output)
        if self.max_tokens_total is not None and self.max_tokens_total < 1:
            raise ValueError(f"max_tokens_total: {self.max_tokens_total}; 1 or more, or null")
        if self.max_cost_usd is not None and not self.max_cost_usd > 0:
            raise ValueError(f"max_cost_usd: {self.max_cost_usd}; above 0, or null")
        if any(price is not None and not price >= 0 for price in prices):
            raise ValueError("usd_per_million_input: prices must be 0 or more")
        if (prices[0] is None) != (prices[1] is None):
            raise ValueError("usd_per_million_input: give the price of output as well, or neither")
        if self.max_cost_usd is not None and None in prices:
            raise ValueError("max_cost_usd: needs usd_per_million_input and usd_per_million_output")

    def cost_usd(self, usage: Usage) -> float:
        """0 where no prices are given."""
        return (
            usage.input_tokens * (self.usd_per_million_input or 0)
            + usage.output_tokens * (self.usd_per_million_output or 0)
        ) / _MILLION


class Budget:
    """What has been spent, and what requests on their way may still take.

    A request is let go only when the ceilings hold even if it takes all that it can.
    """

    def __init__(self, config: BudgetConfig) -> None:
        self._config = config
        self._changed = threading.Condition()
        self._spent, self._held = Usage(), Usage()
        self._requests = 0

    def count(self, usage: Usage) -> None:
        """An answer that was kept from an earlier run."""
        with self._changed:
            self._spent = _sum(self._spent, usage)
            self._requests += 1

    def hold(self, at_most: Usage) -> None:
        """Wait until `at_most` fits beside what is on its way; `DataError` when it never will."""
        with self._changed:
            while too_much := self._too_much(_sum(_sum(self._spent, self._held), at_most)):
                if not any(self._held):
                    raise DataError(self._refusal(too_much))
                self._changed.wait()
            self._held = _sum(self._held, at_most)

    def settle(self, at_most: Usage, used: Usage) -> None:
        """What was held is free again, and `used` is spent."""
        with self._changed:
            self._held = _sum(self._held, Usage(-at_most.input_tokens, -at_most.output_tokens))
            self._spent = _sum(self._spent, used)
            self._requests += any(used)
            self._changed.notify_all()

    def _too_much(self, usage: Usage) -> str:
        tokens, most = sum(usage), self._config.max_tokens_total
        if most is not None and tokens > most:
            return f"max_tokens_total: {most}"
        cost, ceiling = self._config.cost_usd(usage), self._config.max_cost_usd
        if ceiling is not None and cost > ceiling:
            return f"max_cost_usd: {ceiling:g}"
        return ""

    def _refusal(self, too_much: str) -> str:
        cost = self._config.cost_usd(self._spent)
        dollars = f" (${cost:.4f})" if self._config.usd_per_million_input is not None else ""
        key = too_much.partition(":")[0]
        return (
            f"{_SECTION}.{too_much} could be exceeded by the next request; {sum(self._spent)} "
            f"tokens{dollars} are spent on {self._requests} requests, whose answers are kept; "
            f"raise {key}, or lower sentences.language_model.share"
        )


def _sum(one: Usage, two: Usage) -> Usage:
    return Usage(one.input_tokens + two.input_tokens, one.output_tokens + two.output_tokens)
