"""Distributions: how a config describes a random number, and how it is drawn.

Every draw takes exactly one number from its generator, whatever is drawn, so that changing one
distribution of a config leaves the later draws of the same row as they were.
"""

import bisect
import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar, Literal, TypeVar

import numpy as np

_V = TypeVar("_V", str, float)


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
        """One value in [low, high]."""
        return self.low + (self.high - self.low) * float(rng.random())


@dataclass(frozen=True)
class Distribution:
    """How a number is drawn. In YAML one of

        12                                  always this
        {low: 5, high: 25}                  uniform
        {low: 100, high: 8000, scale: log}  log-uniform
        {mean: 12, std: 5}                  normal
        {mean: 12, std: 5, low: 0}          normal, truncated on one side or both
        {choice: {8: 1, 16: 3}}             these values, by weight

    Raises `ValueError` naming the key for anything else.
    """

    BARE: ClassVar[str] = "value"

    low: float | None = None
    high: float | None = None
    mean: float | None = None
    std: float | None = None
    scale: Literal["linear", "log"] = "linear"
    choice: Mapping[float, float] | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        for key in ("low", "high", "mean", "std", "value"):
            number = getattr(self, key)
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{key}: {number} is not a finite number")
        if self.choice is not None:
            _check_weights(self.choice)
        has_range = self.low is not None and self.high is not None
        is_normal = self.mean is not None and self.std is not None
        is_bounded = is_normal or (has_range and self.mean is None and self.std is None)
        spare = [self.low, self.high, self.mean, self.std]
        is_alone = all(number is None for number in spare)
        points = (self.choice is not None) + (self.value is not None)
        if (points, is_alone) != (1, True) and not (points == 0 and is_bounded):
            raise ValueError("low: give a number, or low and high, or mean and std, or choice")
        self._check_numbers()

    def _check_numbers(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low: {self.low} lies above high: {self.high}; low <= high is needed")
        if self.std is not None and self.std <= 0:
            raise ValueError(f"std: {self.std}; above 0 is needed")
        if self.mean is not None and not self._between(self.low, self.high) > 1e-6:
            raise ValueError("mean: less than a millionth of it lies between low and high")
        if self.scale == "log" and (self.mean is not None or self.low is None or self.low <= 0):
            raise ValueError("scale: log is for low and high, both above 0")

    def draw(self, rng: np.random.Generator) -> float:
        """One value; takes one number from `rng`."""
        return self.at(float(rng.random()))

    def at(self, quantile: float) -> float:
        """The value below which the share `quantile`, in [0, 1), of all draws lies."""
        if self.value is not None:
            return self.value
        if self.choice is not None:
            return _pick(self.choice, quantile)
        if self.mean is not None:
            return self._normal_at(quantile)
        assert self.low is not None
        assert self.high is not None
        if self.scale == "log":
            drawn = self.low * (self.high / self.low) ** quantile
            return min(max(drawn, self.low), self.high)
        return self.low + (self.high - self.low) * quantile

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and highest value that can be drawn."""
        if self.value is not None:
            return self.value, self.value
        if self.choice is not None:
            possible = [value for value, weight in self.choice.items() if weight > 0]
            return min(possible), max(possible)
        low = -math.inf if self.low is None else self.low
        return low, math.inf if self.high is None else self.high

    def probabilities(self) -> dict[float, float] | None:
        """Value -> probability; None where the draws are continuous."""
        if self.value is not None:
            return {self.value: 1.0}
        return None if self.choice is None else _shares(self.choice)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """The probability of a draw at or below `x`, elementwise."""
        values = np.asarray(x, dtype=np.float64)
        discrete = self.probabilities()
        if discrete is not None:
            return sum(
                (share * (values >= value) for value, share in discrete.items()), 0.0 * values
            )
        low, high = self.bounds
        inside = np.clip(values, low, high)
        if self.mean is not None:
            below = np.vectorize(lambda value: self._between(self.low, value), otypes=[float])
            return below(inside) / self._between(self.low, self.high)
        if low == high:
            return (values >= low).astype(np.float64)
        if self.scale == "log":
            return np.log(inside / low) / math.log(high / low)
        return (inside - low) / (high - low)

    def describe(self) -> str:
        """In words: `uniform from 5 to 25`."""
        if self.value is not None:
            return f"always {self.value:g}"
        if self.choice is not None:
            shares = _shares(self.choice).items()
            return "one of " + ", ".join(f"{value:g} ({share:.0%})" for value, share in shares)
        span = "".join(
            f" {word} {bound:g}"
            for word, bound in (("from", self.low), ("to", self.high))
            if bound is not None
        )
        if self.mean is not None:
            return f"normal around {self.mean:g} with deviation {self.std:g}{span}"
        return f"{'log-uniform' if self.scale == 'log' else 'uniform'}{span}"

    def _normal_at(self, quantile: float) -> float:
        assert self.mean is not None
        assert self.std is not None
        normal = NormalDist(self.mean, self.std)
        below = normal.cdf(self.low) if self.low is not None else 0.0
        inside = below + quantile * self._between(self.low, self.high)
        low, high = self.bounds
        return min(max(normal.inv_cdf(min(max(inside, 1e-15), 1 - 1e-15)), low), high)

    def _between(self, low: float | None, high: float | None) -> float:
        """The untruncated normal's share from `low` to `high`."""
        assert self.mean is not None
        assert self.std is not None
        normal = NormalDist(self.mean, self.std)
        above = normal.cdf(high) if high is not None else 1.0
        return above - (normal.cdf(low) if low is not None else 0.0)


@dataclass(frozen=True)
class Choice:
    """A name drawn by weight: `{choice: {mp3: 2, opus: 1}}`; a bare name is always drawn."""

    BARE: ClassVar[str] = "value"

    choice: Mapping[str, float] | None = None
    value: str | None = None

    def __post_init__(self) -> None:
        if (self.choice is None) == (self.value is None):
            raise ValueError("choice: give a name, or choice with weights by name")
        if self.choice is not None:
            _check_weights(self.choice)

    def draw(self, rng: np.random.Generator) -> str:
        """One name; takes one number from `rng`."""
        return self.at(float(rng.random()))

    def at(self, quantile: float) -> str:
        """The name at `quantile`, in [0, 1), of the names in alphabetical order."""
        return _pick(self.probabilities(), quantile)

    def probabilities(self) -> dict[str, float]:
        """Name -> probability."""
        return {self.value: 1.0} if self.value is not None else _shares(self.choice or {})

    def describe(self) -> str:
        """In words: `one of mp3 (67%), opus (33%)`."""
        shares = self.probabilities().items()
        return "one of " + ", ".join(f"{name} ({share:.0%})" for name, share in shares)


def only(names: Choice, allowed: Mapping[str, object] | tuple[str, ...], key: str) -> None:
    """Raise `ValueError` unless every name of `names` is one of `allowed`."""
    for name in names.probabilities():
        if name not in allowed:
            raise ValueError(f"{key}: {name!r} is not one of {', '.join(allowed)}")


def check_share(share: float) -> None:
    """Raise `ValueError` for what is no share of the sentences."""
    if not 0 < share <= 1:
        raise ValueError(f"share: {share}; above 0 and up to 1 is allowed")


def within(numbers: Distribution, low: float, high: float, key: str) -> None:
    """Raise `ValueError` unless every number that may be drawn lies in [low, high]."""
    lowest, highest = numbers.bounds
    if lowest < low or highest > high:
        drawn = f"may be drawn from {lowest:g} to {highest:g}"
        found = f"{lowest:g}" if lowest == highest else drawn
        raise ValueError(f"{key}: {found}; {low:g} to {high:g} is allowed")


def _check_weights(weights: Mapping[float, float] | Mapping[str, float]) -> None:
    if any(weight < 0 or not math.isfinite(weight) for weight in weights.values()):
        raise ValueError("choice: a weight is negative or not finite; 0 or more is needed")
    if not any(weights.values()):
        raise ValueError("choice: no value has a weight; at least one must be positive")


def _shares(weights: Mapping[_V, float]) -> dict[_V, float]:
    """In the order of the values: a draw is the same in whatever order a config has them."""
    total = math.fsum(weights.values())
    return {value: weights[value] / total for value in sorted(weights) if weights[value] > 0}


def _pick(weights: Mapping[_V, float], quantile: float) -> _V:
    shares = _shares(weights)
    ends = list(itertools.accumulate(shares.values()))
    return list(shares)[min(bisect.bisect_right(ends, quantile), len(ends) - 1)]
