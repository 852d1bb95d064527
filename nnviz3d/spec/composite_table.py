"""What layers of a scene have in common that stand for several: they expand into nodes before the graph is traced.

A composite writes its inner layers with the tables of their own kinds, so that all their checks hold. The scene keeps the composite as it
was written; in the network there are only the nodes inside it, `<name>.<inner>` or, repeated, `<name>.<k>.<inner>`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, ValidationError

from nnviz3d.spec import limits, schema_errors
from nnviz3d.spec.layer_table import INPUT, BadShape, LayerTable, Shape, Shapes, tables

NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Inner:
    """A layer inside a composite. Its `name` and `from` are those inside: "input" is what the composite reads; an empty `from` is the part
    above. `keys`: which key of the composite decides a key of the part, where they are not called the same."""

    table: LayerTable
    keys: Mapping[str, str] = field(default_factory=dict)


class CompositeTable(LayerTable):
    """Several layers under one name."""

    repeat: int = Field(
        default=1, ge=1, le=limits.LAYERS, description="blocks one after another, called NAME.0, NAME.1, ...; 1: one, called NAME"
    )

    def block(self, shape: Shape | None) -> list[Inner]:
        """The layers of one block, the last of which is its output; `shape`: of what it reads, None before the data are known (then sizes
        that depend on it may be any). Raises BadShape."""
        raise NotImplementedError

    def output_shape(self, inputs: Shapes) -> Shape | None:
        raise TypeError(f"{self.kind} is no node of a network; its parts are")

    def prefix(self, name: str, number: int) -> str:
        """What the names of the nodes of block `number` begin with."""
        return f"{name}.{number}" if self.repeat > 1 else name

    def key(self, part: Inner, key: str) -> str:
        """Where a problem at `key` of a part is reported: at the setting that decides it, "" where none does."""
        found = part.keys.get(key, key)
        return found if found in type(self).model_fields and found not in ("kind", "name") else ""


def part(
    composite: CompositeTable, kind: str, name: str, reads: tuple[str, ...] = (), keys: Mapping[str, str] = NOTHING, **settings: Any
) -> Inner:
    """An inner layer, checked by the table of its kind. Raises BadShape with the key of the composite."""
    try:
        table = tables()[kind].model_validate({"kind": kind, "name": name, "from": reads, **settings})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = keys.get(str(first["loc"][0]), str(first["loc"][0])) if first["loc"] else ""
        known = key if key in type(composite).model_fields else ""
        raise BadShape(known, f"{name}: {schema_errors.message(first)}") from None
    return Inner(table, keys)


__all__ = ["INPUT", "CompositeTable", "Inner", "part"]
