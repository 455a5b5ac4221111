"""What a config may say about a random number, and the one way it is drawn."""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Range:
    """A number drawn uniformly between `low` and `high`; equal ends mean a constant."""

    low: float
    high: float

    def __post_init__(self) -> None:
        for key in ("low", "high"):
            value = getattr(self, key)
            if not math.isfinite(value):
                raise ValueError(f"{key}: {value} is not a finite number")
        if self.low > self.high:
            raise ValueError(f"low: {self.low} lies above high: {self.high}; low <= high is needed")

    def draw(self, rng: np.random.Generator) -> float:
        """One value in [low, high]. Takes one number from `rng` even for a constant, so that
        widening one range of a config leaves the later draws of the same row as they were."""
        return self.low + (self.high - self.low) * float(rng.random())
