"""Values as JSON knows them."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """Only what JSON knows: no tuples, paths, numpy numbers or NaN."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return plain(value.item()) if hasattr(value, "item") else str(value)
