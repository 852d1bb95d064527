"""z is what comes in; in a training step some of it is 0. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import AlignedEquations, axes
from nnviz3d.layers.shared.equation_line import Line, Span, number
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, z_
from nnviz3d.spec.number_text import percent
from nnviz3d.spec.readout import LayerReading, NeuronReading

USED = "The values above are for the network outside training, where dropout passes everything on."


class DropoutEquations(AlignedEquations):
    still = "Dropout has no weights and no bias: training changes nothing here."

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """What comes in, and what a training step makes of it."""
        lines = super().pre_activation(reading)
        if lines and reading.table is not None:
            lines += _training(reading.table.dropout)
        if reading.masked is not None:
            factor, kept, of = reading.masked
            tip = f"In this step the neuron was kept in {kept:,} of {of:,} samples. In the shown sample it was multiplied by this. {USED}"
            lines.append(Line("", (Span(f"in this step: kept in {kept:,} of {of:,}; factor here"),), factor, "number", tip))
        return lines

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all neurons."""
        lines = [Line(f"{z_(r.layer)} = {a_(r.sources[0].node)}", tip=USED), shapes(f"{axes(r.axes)} = {axes(r.sources[0].shape)}")]
        return lines if r.table is None else lines + _training(r.table.dropout)


def _training(share: float) -> list[Line]:
    """What a training step does to each number: zero, or larger in proportion, so that the mean stays."""
    words = f"in a training step: 0 with probability {percent(share, 0)}, else times "
    tip = f"1 / (1 − {share:g}): the values that are kept are scaled up, so that the mean stays the same. {USED}"
    return [Line("", (Span(words), *number(1 / (1 - share))), kind="note", tip=tip)]


EQUATIONS = DropoutEquations()
