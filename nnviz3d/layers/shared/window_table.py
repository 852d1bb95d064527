"""What tables of kinds have in common that look at maps through windows: convolutions and pools."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator

from nnviz3d.spec import limits
from nnviz3d.spec.layer_table import Axes, BadShape, LayerTable, Shape, text
from nnviz3d.spec.schema_errors import shown
from nnviz3d.spec.sliding_windows import Pair, Windows
from nnviz3d.spec.topology import Node


class Accepts(NamedTuple):
    """The range of a number, for controls that set it."""

    ge: int
    le: int = limits.IMAGE_SIDE


def _numbers(low: int, *others: str | int) -> BeforeValidator:
    """Checks one number or a pair of them, from `low` on, or one of the others: as one problem, not one for each form."""

    def check(value: Any) -> Any:
        pair = value if isinstance(value, list | tuple) else (value,)
        numbers = all(isinstance(n, int) and not isinstance(n, bool) and low <= n <= limits.IMAGE_SIDE for n in pair)
        if (numbers and 1 <= len(pair) <= 2) or (not isinstance(value, list | tuple | bool) and value in others):
            return value
        said = "".join(f', or "{other}"' if isinstance(other, str) else f", or {other}" for other in others)
        accepted = f"a whole number from {low} to {limits.IMAGE_SIDE:,}, or two of them, [rows, columns]{said}"
        raise ValueError(f"expected {accepted}; found {shown(value)}")

    return BeforeValidator(check)


Sides = Annotated[int | tuple[int, int], _numbers(1), Accepts(1)]
Steps = Annotated[int | tuple[int, int], _numbers(1, 0), Accepts(0)]
Padding = Annotated[int | tuple[int, int] | Literal["same", "valid"], _numbers(0, "same", "valid"), Accepts(0)]

WANTED = {
    0: "channels x rows x columns, channels x columns, or a picture",
    1: "channels x columns, or columns alone",
    2: "channels x rows x columns, or a picture of rows x columns",
}


def map_axes(kind: str, axes: Axes, spatial: int = 0) -> int:
    """How many of the axes windows slide along, 1 or 2; only `spatial` will do where it is given. Raises BadShape where there are no
    such."""
    own = 2 if axes[-2:] == ("row", "column") else int(axes[-1:] == ("column",))
    if not own or spatial not in (0, own) or axes[:-own] not in ((), ("channel",)):
        raise _no_maps(kind, " x ".join(f"{axis}s" for axis in axes) or "none", spatial)
    return own


def _no_maps(kind: str, found: str, spatial: int) -> BadShape:
    return BadShape("from", f"{kind} reads maps ({WANTED[spatial]}); found {found}. A reshape gives the same numbers other `axes`")


class WindowTable(LayerTable):
    """Windows slide along the last axes; the axis before these, where there is one, holds the channels."""

    kernel: Any
    stride: Any
    padding: Any

    @property
    def spatial(self) -> int:
        """How many axes the windows slide along."""
        return 2

    @property
    def steps(self) -> Pair:
        """The stride along rows and columns."""
        return self._pair(self.stride, 1)

    @property
    def gaps(self) -> Pair:
        """The dilation along rows and columns."""
        return 1, 1

    def over(self, axes: tuple[Axes, ...]) -> WindowTable:
        map_axes(self.kind, axes[0], self.spatial)
        return self

    def maps(self, shape: Shape) -> tuple[int, Pair]:
        """How many maps an input has, and their size. Raises BadShape where it has none."""
        channels, size = shape[: -self.spatial], shape[-self.spatial :]
        if len(size) < self.spatial or len(channels) > 1:
            raise _no_maps(self.kind, text(shape), self.spatial)
        return (channels or (1,))[0], (size[0], size[1]) if self.spatial == 2 else (1, size[0])

    def windows(self, shape: Shape) -> Windows:
        """Over an input of this shape. Raises BadShape where not a single window fits."""
        channels, size = self.maps(shape)
        for key in ("kernel", "stride", "padding", "dilation") if self.spatial == 1 else ():
            if isinstance(getattr(self, key, 0), tuple):
                raise BadShape(key, f"{self.kind} slides along one axis here: one number, not {text(getattr(self, key))}")
        kernel, steps, gaps = self._pair(self.kernel, 1), self.steps, self.gaps
        reach = [(k - 1) * d + 1 for k, d in zip(kernel, gaps, strict=True)]
        padding = self._empty(size, reach, steps)
        g = Windows(channels, size, kernel, steps, padding, gaps)
        self._check(g)
        return g

    def _pair(self, given: Sides, none: int) -> Pair:
        """(rows, columns) of a number or a pair; along one axis the other one is `none`."""
        pair = given if isinstance(given, tuple) else (given, given)
        return pair if self.spatial == 2 else (none, pair[-1])

    def _empty(self, size: Pair, reach: list[int], steps: Pair) -> tuple[Pair, Pair]:
        """Empty cells (before, after) of each axis. "same": as many places as ceil(size / stride); an odd one comes after."""
        if self.padding == "same":
            totals = [max((-(-n // s) - 1) * s + r - n, 0) for n, r, s in zip(size, reach, steps, strict=True)]
            rows, columns = ((total // 2, total - total // 2) for total in totals)
            return rows, columns
        top, left = (0, 0) if isinstance(self.padding, str) else self._pair(self.padding, 0)
        return (top, top), (left, left)

    def _check(self, g: Windows) -> None:
        """Each with what fits."""
        names = ("rows", "columns") if self.spatial == 2 else ("", "cells")
        for axis in (0, 1):
            n, padded, reach, what = g.size[axis], g.padded[axis], g.reach[axis], names[axis]
            around = f" with the padding ({n} without)" if padded != n else ""
            if max(g.padding[axis]) >= reach > 0 and padded != n:
                raise BadShape(
                    "padding", f"windows of {reach} {what} would lie in {max(g.padding[axis])} empty {what}; at most {reach - 1}"
                )
            if reach > padded:
                spread = g.kernel[axis] <= padded
                message = (
                    f"{g.kernel[axis]} {what} {g.dilation[axis]} apart reach over {reach}" if spread else f"a window of {reach} {what}"
                )
                raise BadShape("dilation" if spread else "kernel", f"{message}; the input has {padded}{around}, so that nothing is left")
            if g.stride[axis] > padded:
                raise BadShape("stride", f"steps of {g.stride[axis]} {what} in an input of {padded}{around}; at most {padded}")


_KEPT = "_windows"  # in a node, as cached properties are: a reading asks dozens of times, at 0.1 ms each


def windows_of(node: Node, sources: tuple[Node, ...]) -> Windows:
    """Those of a node that looks through windows."""
    shape, known = sources[0].shape, node.__dict__.get(_KEPT)
    if known is None or known[0] != shape:
        assert isinstance(node.table, WindowTable)
        known = node.__dict__[_KEPT] = shape, node.table.windows(shape)
    return known[1]
