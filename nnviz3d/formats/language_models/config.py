"""What a `config.json` says, checked key by key: numbers in their ranges, names from closed lists. All else in it is ignored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nnviz3d.spec.errors import InputError, Problem


class Config:
    """Of one file. A key that is wrong is a problem that `check` raises, all at once, and reads as its default until then."""

    def __init__(self, said: dict[str, Any], path: Path):
        self.said, self.path = said, path
        self._problems: list[Problem] = []

    @property
    def architecture(self) -> str:
        """Of the list of classes that the model was saved from, the first; else its type."""
        named = self.said.get("architectures")
        first = named[0] if isinstance(named, list) and named else self.said.get("model_type", "")
        return str(first)[:80]

    @property
    def model_type(self) -> str:
        return str(self.said.get("model_type", ""))[:80]

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int:
        value = self.said.get(key, default)
        if value is None and default is not None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        return self._wrong(key, value, f"expected a whole number from {low:,} to {high:,}", low if default is None else default)

    def number(self, key: str, low: float, high: float, default: float) -> float:
        value = self.said.get(key, default)
        if isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high:
            return float(value)
        return self._wrong(key, value, f"expected a number from {low:g} to {high:g}", default)

    def flag(self, key: str, default: bool) -> bool:
        value = self.said.get(key, default)
        return value if isinstance(value, bool) else self._wrong(key, value, "expected true or false", default)

    def one_of(self, key: str, known: dict[str, str], default: str) -> str:
        """What the name stands for here."""
        value = self.said.get(key, default)
        if isinstance(value, str) and value in known:
            return known[value]
        return self._wrong(key, value, f"expected one of {', '.join(known)}", known[default])

    def only(self, key: str, allowed: tuple[Any, ...], why: str) -> None:
        """A key that must be absent or one of these, or else the model does something that our kinds do not do."""
        value = self.said.get(key, allowed[0])
        if not any(value is each or (value == each and type(value) is type(each)) for each in allowed):
            self._wrong(key, value, why, None)

    def check(self) -> None:
        """Raises InputError with every problem so far."""
        if self._problems:
            raise InputError(*self._problems)

    def wrong(self, key: str, message: str) -> None:
        self._problems.append(Problem(str(self.path), key, message))

    def _wrong(self, key: str, value: Any, message: str, default: Any) -> Any:
        self.wrong(key, f"{message}; found {str(value)[:60]!r}" if key in self.said else f"{message}; it is missing")
        return default


ACTIVATIONS = {
    "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "gelu_fast": "gelu_tanh", "gelu": "gelu", "relu": "relu", "silu": "silu",
    "swish": "silu", "tanh": "tanh", "sigmoid": "sigmoid",
}  # fmt: skip
