"""Cells of attention, (heads, queries, keys): which of them there are, and in which order their edges are counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nnviz3d.spec.layer_table import BadShape, Shape, Shapes, text


def check_heads(width: int, heads: int) -> None:
    """Raises BadShape where the heads do not divide the features."""
    if width % heads:
        divisors = ", ".join(str(k) for k in range(1, min(width, 64) + 1) if not width % k)
        raise BadShape("heads", f"{heads} heads do not divide {width:,} features; {divisors} do")


def sequence(shape: Shape, kind: str) -> tuple[int, int]:
    """(tokens, features) of an input. Raises BadShape where it is no such tensor."""
    if len(shape) != 2:
        raise BadShape("from", f"{kind} reads tokens x features; found an input of shape {text(shape)}")
    return shape[0], shape[1]


def known(inputs: Shapes) -> tuple[Shape, ...] | None:
    """The shapes, where all are known."""
    found = tuple(shape for shape in inputs if shape is not None)
    return found if len(found) == len(inputs) else None


@dataclass(frozen=True)
class Cells:
    """The cells in order: head by head, query by query; with `causal` only the keys up to the query's own place."""

    heads: int
    queries: int
    keys: int
    causal: bool

    @property
    def per_head(self) -> int:
        return self.queries * (self.queries + 1) // 2 if self.causal else self.queries * self.keys

    @property
    def count(self) -> int:
        return self.heads * self.per_head

    def split(self, cell: Any) -> tuple[Any, Any, Any]:
        """(head, query, key) of cells by their number; numbers or arrays of numpy's or CuPy's."""
        head, inside = cell // self.per_head, cell % self.per_head
        if not self.causal:
            return head, inside // self.keys, inside % self.keys
        query = (((8.0 * inside + 1) ** 0.5 - 1) / 2 + 1e-9) // 1
        query = query.astype("int64") if hasattr(query, "astype") else int(query)
        return head, query, inside - query * (query + 1) // 2

    def number(self, head: Any, query: Any, key: Any) -> Any:
        """The reverse, of cells that there are."""
        before = query * (query + 1) // 2 if self.causal else query * self.keys
        return head * self.per_head + before + key

    def flat(self, head: Any, query: Any, key: Any) -> Any:
        """Its place in the tensor (heads, queries, keys)."""
        return (head * self.queries + query) * self.keys + key

    def known_to(self, query: int) -> int:
        """How many keys a query sees: the first so many."""
        return query + 1 if self.causal else self.keys
