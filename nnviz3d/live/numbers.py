"""Numbers of any framework as numpy's, by what the objects offer; nothing is imported."""

from __future__ import annotations

from math import nan
from typing import Any

import numpy as np


def flat(values: Any) -> np.ndarray:
    """(n,) float32, in C order: a view of the values where they are float32 in memory already, so read it at once."""
    if hasattr(values, "detach"):
        values = values.detach()
        values = values.cpu() if values.device.type != "cpu" else values
        values = values.float() if str(values.dtype) != "torch.float32" else values
        return values.reshape(-1).numpy()
    return np.asarray(values, np.float32).reshape(-1)


def shape_of(values: Any) -> tuple[int, ...]:
    return tuple(int(side) for side in values.shape) if hasattr(values, "shape") else np.shape(values)


def rows_of(values: Any, count: int) -> np.ndarray:
    """A copy of the first rows of a batch: float32, or int64 where they are whole numbers."""
    if hasattr(values, "detach"):
        values = values[:count].detach().cpu()
        values = (values.float() if values.dtype.is_floating_point else values.long()).numpy()
    values = np.asarray(values[:count])
    return np.array(values, np.int64 if values.dtype.kind in "biu" else np.float32, order="C")


def is_batch(values: Any) -> bool:
    """Whether it is an array of rows."""
    return hasattr(values, "shape") and hasattr(values, "dtype") and len(values.shape) > 0 and values.shape[0] > 0


def number(value: Any) -> float | None:
    """None for what is no number."""
    try:
        return float(value.detach()) if hasattr(value, "detach") else float(value)
    except (TypeError, ValueError):
        return None


def now_or_later(value: Any) -> tuple[float, Any]:
    """(number, None), or (NaN, a copy to be read later) where reading it would wait for another device."""
    if value is None or isinstance(value, (int, float)):
        return nan if value is None else float(value), None
    if hasattr(value, "detach") and value.device.type != "cpu":
        return nan, value.detach().clone()
    if type(value).__module__.partition(".")[0] in ("jax", "jaxlib"):
        return nan, value
    found = number(value)
    return nan if found is None else found, None
