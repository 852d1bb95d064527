"""Which of the numbers that people log are the test loss and the accuracies: by the names that are usual."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

_TEST = ("val", "valid", "validation", "test", "eval", "dev")
_TRAIN = ("", "train", "training")
_LOSS, _ACCURACY = ("loss",), ("accuracy", "acc")


def scored(step: int, metrics: Mapping[str, float]) -> tuple[int, float | None, float | None, float | None] | None:
    """(step, test loss, train accuracy, test accuracy) with None for what is not there; None where nothing is.

    An accuracy over 1 is one in percent.
    """
    plain = {
        name.lower().replace("/", "_").replace("-", "_").replace(" ", "_"): value for name, value in metrics.items() if isfinite(value)
    }
    loss, train, test = _first(plain, _TEST, _LOSS), _first(plain, _TRAIN, _ACCURACY), _first(plain, _TEST, _ACCURACY)
    if loss is None and train is None and test is None:
        return None
    return step, loss, _share(train), _share(test)


def _first(metrics: Mapping[str, float], parts: tuple[str, ...], what: tuple[str, ...]) -> float | None:
    names = (f"{part}_{each}" if part else each for part in parts for each in what)
    return next((metrics[name] for name in names if name in metrics), None)


def _share(value: float | None) -> float | None:
    if value is None or not 0 <= value <= 100:
        return None
    return value / 100 if value > 1 else value
