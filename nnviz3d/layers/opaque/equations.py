"""No equations: how an opaque tensor arises is not known here. The value of a cell is told, and what its layer reads. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import axes
from nnviz3d.layers.shared.equation_line import Line, Span
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_
from nnviz3d.spec.readout import LayerEnd, LayerReading, NeuronReading, ParameterEquations, Sum


class OpaqueEquations(EquationsFace):
    title = "Its value"
    still = "This network was built elsewhere: its values are known, but not the equations behind them."

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        if reading.known is not None:
            return [Line(rf"{a_(reading.layer, reading.index)} = \text{{not known}}", tip="No value of this tensor was captured.")]
        tip = "As the network's own framework computed it."
        return [Line(a_(reading.layer, reading.index), (), reading.a, "result", tip)]

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        return "", []

    def layer(self, r: LayerReading) -> list[Line]:
        """What it is made of, the shapes, and the settings of the operation."""
        inputs = ", ".join(a_(source.node) for source in r.sources)
        op = getattr(r.table, "op", "") or "f"
        name = "".join(c if c.isalnum() else r"\_" if c == "_" else " " for c in op)
        tip = f"{op}: computed by the network's own framework."
        sizes = ", ".join(axes(source.shape) for source in r.sources)
        settings = [Line("", (Span(f"{key}: {text}"),), tip=tip) for key, text in getattr(r.table, "settings", ())]
        return [Line(rf"{a_(r.layer)} = \mathrm{{{name}}}({inputs})", tip=tip), shapes(f"{axes(r.axes)} = {op}({sizes})"), *settings]

    def share(self, r: ParameterEquations) -> list[Line]:
        """What a parameter does is not known."""
        return []

    def gradient(self, r: ParameterEquations) -> list[Line]:
        return []

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        return "", ""


EQUATIONS = OpaqueEquations()
