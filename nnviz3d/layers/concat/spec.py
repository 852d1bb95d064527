"""The table of a concatenation: its inputs side by side along one axis."""

from __future__ import annotations

from math import prod
from typing import ClassVar, Literal

from pydantic import Field

from nnviz3d.spec import limits
from nnviz3d.spec.layer_table import MANY, BadShape, LayerTable, Shape, Shapes, text


class ConcatLayer(LayerTable):
    """Layers side by side as one: every neuron passes one number on, unchanged. It has no weights."""

    kind: Literal["concat"]
    axis: int = Field(default=0, ge=0, le=7, description="along which the inputs are joined; the others must be of equal length")

    fewest: ClassVar[int] = 2
    most: ClassVar[int] = MANY

    @property
    def fixed(self) -> str:
        return f"axis {self.axis}"

    def output_shape(self, inputs: Shapes) -> Shape | None:
        known = [shape for shape in inputs if shape is not None]
        for shape in known:
            if self.axis >= len(shape):
                raise BadShape("axis", f"there is no axis {self.axis} in an input of shape {text(shape)}; the first axis is 0")
        if len({shape[: self.axis] + shape[self.axis + 1 :] for shape in known}) > 1:
            found = " and ".join(map(text, dict.fromkeys(known)))
            raise BadShape("from", f"concat joins inputs that differ along axis {self.axis} only; found {found}")
        if sum(map(prod, known)) > limits.UNITS:
            raise BadShape("from", f"{sum(map(prod, known)):,} neurons; at most {limits.UNITS:,} are allowed")
        if len(known) < len(inputs):
            return None
        joined = list(known[0])
        joined[self.axis] = sum(shape[self.axis] for shape in known)
        return tuple(joined)


TABLE = ConcatLayer
