"""A numeric target in the unit of its data: how it is scaled for training, between what it lies, and how many digits tell its values apart.

Networks learn (value - mean) / deviation where targets are standardised; people read values. Pure arithmetic, no arrays of samples kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor, isfinite, log10, sqrt

import numpy as np

MANY = 100_000  # values that the digits are found by
SIGNIFICANT = 6  # digits of a deviation that 32 bits hold with certainty
ANSWER = 3  # digits of a deviation that an answer has at least
APART = 0.99  # share of the different values that the digits tell apart
EXACT = 1e-6  # of a last digit: what a sum in 64 bits leaves
PLAIN = 1e13  # larger numbers, and those that need more than PLACES decimals, are written with a power of ten
PLACES = 8


@dataclass(frozen=True)
class Unit:
    """One numeric target. An output `a` of the network means `mean + deviation * a`; unscaled that is `a` itself: mean 0, deviation 1.

    `low`, `high`: its smallest and largest value in the data. `decimals` tell its values apart, `spread` is their standard deviation.
    """

    name: str
    mean: float = 0.0
    deviation: float = 1.0
    low: float = -1.0
    high: float = 1.0
    spread: float = 1.0
    decimals: int = 0

    @property
    def scaled(self) -> bool:
        return (self.mean, self.deviation) != (0.0, 1.0)

    @property
    def unscaled(self) -> Unit:
        """The same target where a network learns its values as they are."""
        return replace(self, mean=0.0, deviation=1.0)

    def own(self, a):
        """What an output, or an array of them, means."""
        return self.mean + self.deviation * a

    def level(self, value):
        """Where values lie between the smallest (-1) and the largest one (1)."""
        return (value - (self.low + self.high) / 2) / ((self.high - self.low) / 2 or 1.0)

    def text(self, value: float) -> str:
        """A value of the data by its own digits, any other by enough of them: "249,812", "21.43", "-3.125e-12"."""
        if not isfinite(value):
            return "not a number" if value != value else "∞" if value > 0 else "-∞"
        exact = abs(round(value, self.decimals) - value) <= _slack(self.decimals, self.spread)
        places = self.decimals if exact else max(self.decimals, _places(self.spread, ANSWER))
        if places <= PLACES and abs(value) < PLAIN:
            return f"{0.0 if value == 0 or round(value, places) == 0 else value:,.{places}f}"
        return f"{value:.{min(max(places + floor(log10(abs(value) or 1)), 2), 15)}e}"

    def difference(self, value: float) -> str:
        """A difference of two values: as `error`, with its sign where it is negative."""
        return ("-" if value < 0 else "") + self.error(abs(value))

    def error(self, value: float) -> str:
        """A mean error, which has the target's unit: three digits at least."""
        if not isfinite(value) or value == 0:
            return self.text(value) if value else "0"
        places = max(self.decimals, _places(value, ANSWER)) if value < self.spread else max(_places(self.spread, ANSWER), 0)
        return f"{value:,.{places}f}" if places <= PLACES and value < PLAIN else f"{value:.3g}"

    def formula(self, a: float) -> tuple[str, str, str]:
        """Mean, deviation and an output, with so many digits that `mean + deviation * a` gives the printed answer."""
        places = max(self.decimals, _places(self.spread, ANSWER)) + 1
        of_a = min(max(ceil(log10(self.deviation)) + places, 4), 7)
        if places > PLACES or abs(self.mean) >= PLAIN or self.deviation >= PLAIN:
            return f"{self.mean:.6e}", f"{self.deviation:.6e}", f"{a:.7f}"
        return f"{self.mean:,.{places}f}", f"{self.deviation:,.{places}f}", f"{a:.{of_a}f}"


@dataclass(frozen=True)
class SquaredError:
    """What a mean squared loss is as a root mean square error: `factor` times its root, in the target's own unit.

    `unit` None: of several targets, in standard deviations of each.
    """

    factor: float
    unit: Unit | None
    scaled: bool  # the loss itself is of standardised targets, and has no unit

    def rmse(self, loss: float) -> float:
        return self.factor * sqrt(max(loss, 0.0))

    def text(self, loss: float | None) -> str:
        """ "7,312", or "0.562 sd": standard deviations."""
        if loss is None:
            return "–"
        found = self.rmse(loss)
        return self.unit.error(found) if self.unit is not None else f"{found:.3g} sd"


def of(name: str, train_n: np.ndarray, test_n: np.ndarray) -> Unit:
    """By a target's values: mean and deviation of the training set alone; a constant target has the deviation 1 and so becomes 0."""
    both = np.concatenate([train_n, test_n]).astype(np.float64)
    constant = train_n.min() == train_n.max()
    mean = float(train_n[0]) if constant else float(train_n.mean(dtype=np.float64))
    deviation = 1.0 if constant else float(train_n.std(dtype=np.float64)) or 1.0
    low, high = float(both.min()), float(both.max())
    spread = deviation if not constant else (high - low) or abs(mean) or 1.0
    return Unit(name, mean, deviation, low, high, spread, _decimals(both, spread))


def _decimals(values_n: np.ndarray, spread: float) -> int:
    """As few as write (nearly) all values exactly; of values with more digits than 32 bits hold, as few as tell them apart."""
    different = np.unique(values_n[:MANY])
    most = min(_places(spread, SIGNIFICANT), 15)
    rounded = [np.round(different, k) for k in range(most + 1)]
    exact = (k for k, r in enumerate(rounded) if (np.abs(r - different) <= _slack(k, spread)).mean() >= APART)
    apart = (k for k, r in enumerate(rounded) if len(np.unique(r)) >= APART * len(different))
    return next(exact, next(apart, most))


def _slack(decimals: int, spread: float) -> float:
    """By how much a value may miss its printed digits and still be exactly that."""
    return min(EXACT * 10.0**-decimals, 1e-4 * spread)


def _places(size: float, significant: int) -> int:
    """Decimals that show so many digits of a number of this size."""
    return max(significant - 1 - floor(log10(size)), 0)
