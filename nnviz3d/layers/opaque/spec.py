"""The table of an opaque tensor: what made it, as its own framework says. No scene has one."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from nnviz3d.spec.layer_table import Axes, Cost, LayerTable, Shape, Shapes


class OpaqueTable(LayerTable):
    """`op`: the operation; `place`: where it comes from, in words, which does not count where nodes are compared; `settings`: its own."""

    kind: Literal["opaque"]
    op: str = ""
    place: str = Field(default="", exclude=True)
    settings: tuple[tuple[str, str], ...] = ()

    fewest: ClassVar[int] = 0
    known: ClassVar[bool] = False
    weighted: ClassVar[bool] = False  # what its arrays of parameters do is not known

    @property
    def operation(self) -> str:
        return self.op or self.kind

    def output_shape(self, inputs: Shapes) -> Shape | None:
        """It does not follow from those of the inputs."""
        return None

    def unit_axis(self, axes: Axes) -> int | None:
        """Which parameters belong to which cells is not known."""
        return None

    def part_axes(self, part: str, shape: Shape, axes: Axes) -> tuple[str, ...]:
        return tuple(f"axis {k}" for k in range(len(shape)))

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """One for each input: the connection itself, which is drawn as one line."""
        return (1,) * len(inputs)

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        """Not known."""
        return Cost(0, 0)


TABLE = OpaqueTable
