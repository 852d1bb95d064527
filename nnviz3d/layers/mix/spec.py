"""The table of attention's mixture: each token takes from the values of all others by its weights."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from nnviz3d.layers.shared.attention import Cells, check_heads, known, sequence
from nnviz3d.spec.layer_table import Axes, BadShape, Cost, LayerTable, Shape, Shapes, text


class MixLayer(LayerTable):
    """Weights (heads, T, T) times values (T, D), head by head, each with its D / heads features: (T, D)."""

    kind: Literal["mix"]
    causal: bool = Field(default=False, description="tokens take from themselves and from what stands before them only")

    fewest: ClassVar[int] = 2
    most: ClassVar[int] = 2

    def output_shape(self, inputs: Shapes) -> Shape | None:
        shapes = known(inputs)
        if shapes is None:
            return None
        weights, (tokens, width) = shapes[0], sequence(shapes[1], "mix")
        if len(weights) != 3 or weights[2] != tokens:
            message = f"mix reads weights (heads x queries x keys), then values with a row for each key; found {text(weights)} and "
            raise BadShape("from", message + text(shapes[1]))
        if self.causal and weights[1] != weights[2]:
            raise BadShape("causal", f"causal needs as many queries as keys; found {weights[1]:,} and {weights[2]:,}")
        check_heads(width, weights[0])
        return weights[1], width

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        return "token", "feature"

    def cells(self, inputs: tuple[Shape, ...]) -> Cells:
        heads, queries, keys = inputs[0]
        return Cells(heads, queries, keys, self.causal)

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """Each weight multiplies the features of one value in its head, and each of these goes once to every query that sees it."""
        each = self.cells(inputs).count * (inputs[1][1] // inputs[0][0])
        return each, each

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        (heads, queries, keys), (_, width) = inputs
        return Cost(2 * queries * keys * width, 4 * (heads * queries * keys + keys * width + queries * width))


TABLE = MixLayer
