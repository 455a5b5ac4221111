"""Spending limits of a speech endpoint, which charges by the character."""

import threading
from dataclasses import dataclass

from models.errors import DataError

_MILLION = 1e6


@dataclass(frozen=True)
class CharacterBudgetConfig:
    """Ceilings of one run of a build over what is sent to an endpoint; null: none. Kept answers
    cost nothing.
    """

    max_characters: int | None = 1_000_000
    max_cost_usd: float | None = None
    usd_per_million_characters: float | None = None

    def __post_init__(self) -> None:
        if self.max_characters is not None and self.max_characters < 1:
            raise ValueError(f"max_characters: {self.max_characters}; 1 or more, or null")
        if self.max_cost_usd is not None and not self.max_cost_usd > 0:
            raise ValueError(f"max_cost_usd: {self.max_cost_usd}; above 0, or null")
        price = self.usd_per_million_characters
        if price is not None and not price >= 0:
            raise ValueError(f"usd_per_million_characters: {price}; 0 or more, or null")
        if self.max_cost_usd is not None and price is None:
            raise ValueError("max_cost_usd: needs usd_per_million_characters")

    @property
    def most(self) -> float:
        """Characters that may be sent."""
        by_cost = float("inf")
        if self.max_cost_usd is not None and self.usd_per_million_characters:
            by_cost = self.max_cost_usd / self.usd_per_million_characters * _MILLION
        return min(by_cost, self.max_characters or float("inf"))


class CharacterBudget:
    """Counts what all threads of a process send."""

    def __init__(self, config: CharacterBudgetConfig, key: str) -> None:
        self._most, self._key, self._sent = config.most, key, 0
        self._lock = threading.Lock()

    def spend(self, characters: int) -> None:
        """Count a request before it goes. Raises `DataError` where it would be too much."""
        with self._lock:
            if self._sent + characters > self._most:
                raise DataError(
                    f"{self._key}.budget: {self._sent} characters are sent, and the next request "
                    f"of {characters} would pass the ceiling of {self._most:.0f}; what was spoken "
                    "is kept: raise it and run again, or lower the source's weight"
                )
            self._sent += characters
