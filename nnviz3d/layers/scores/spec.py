"""The table of attention's scores: the product of every query with every key, head by head."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from nnviz3d.layers.shared.attention import Cells, check_heads, known, sequence
from nnviz3d.spec.layer_table import Axes, BadShape, Cost, LayerTable, Shape, Shapes


class ScoresLayer(LayerTable):
    """q k^T / sqrt(d) of queries and keys (T, D), read as `heads` heads of d = D / heads features: (heads, T, T). With `causal` a query
    has no score with keys that come after it: those cells are 0."""

    kind: Literal["scores"]
    heads: int = Field(default=1, ge=1, le=1024, description="how many heads share the features")
    causal: bool = Field(default=False, description="tokens look at themselves and at what stands before them only")

    fewest: ClassVar[int] = 2
    most: ClassVar[int] = 2

    def output_shape(self, inputs: Shapes) -> Shape | None:
        shapes = known(inputs)
        if shapes is None:
            return None
        (queries, width), (keys, other) = (sequence(shape, "scores") for shape in shapes)
        if width != other:
            raise BadShape("from", f"queries and keys need the same number of features; found {width:,} and {other:,}")
        if self.causal and queries != keys:
            raise BadShape("causal", f"causal needs as many queries as keys; found {queries:,} and {keys:,}")
        check_heads(width, self.heads)
        return self.heads, queries, keys

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        return "head", "query", "key"

    def cells(self, inputs: tuple[Shape, ...]) -> Cells:
        return Cells(self.heads, inputs[0][0], inputs[1][0], self.causal)

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """To each score all features of its query, and all of its key."""
        each = self.cells(inputs).count * (inputs[0][1] // self.heads)
        return each, each

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        (queries, width), (keys, _) = inputs
        return Cost(2 * queries * keys * width, 4 * (queries * width + keys * width + self.heads * queries * keys))


TABLE = ScoresLayer
