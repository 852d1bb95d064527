"""z = sum over the cells of a window of w a, plus b, and the way back through it: one cell, one weight, all maps. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import axes
from nnviz3d.layers.shared.convolution_table import ConvolutionTable
from nnviz3d.layers.shared.equation_line import Line, Span
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, z_
from nnviz3d.layers.shared.weighted_terms import terms
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import GradientReading, LayerEnd, LayerReading, NeuronReading, Sum


class ConvolutionEquations(EquationsFace):
    title = "Weighted sum of a window"
    reduces = "sum"
    applies = True
    returns = "The error of the next layer, sent back through the windows that a cell is in"

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """z = sum over channels and cells of the window of w a + b: symbols, the largest terms, the rest as one number, bias, result."""
        before, table = reading.incoming, reading.table
        if before is None or not isinstance(table, ConvolutionTable):
            return []
        j, z = reading.index, z_(reading.layer, reading.index)
        n, pair = (
            len(before.terms) + before.rest_count,
            table.kernel if isinstance(table.kernel, tuple) else (table.kernel,) * table.spatial,
        )
        window = " × ".join(map(str, pair[-table.spatial :]))
        tip = (
            f"The window of {window} cells in each channel that is read, {n:,} cells in all that lie on the maps: each times the weight at "
            "its place in the window, all added, plus the bias. The same weights serve at every place of this map."
        )
        lines = [Line(rf"{z} = \sum_{{c,\,r,\,s}} w_{{c,r,s}}\,{a_(before.node, 'c,r,s')} + b", tip=tip), *terms(before, "i", "a")]
        if reading.bias is not None:
            parameter = reading.bias_parameter if reading.bias_parameter >= 0 else None
            tip = "The bias of this map: the same at every place."
            lines.append(Line("b", (), reading.bias, "bias", tip, parameter=parameter))
        return [*lines, Line(z, (), reading.z, "result", f"The pre-activation of cell {j}: all of the above summed.")]

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What cell j gets back: a delta of each window that it is in, by the weight at its place in that window."""
        return rf"\sum_{{\mathrm{{windows}}}} w\,{delta_(back.node, 'k')}", terms(back, "k", "d")

    def gradients(self, reading: NeuronReading) -> list[Line]:
        """dL/dw of the weights that are distinguished: the sum over all places of delta a; in an update the batch's mean in front."""
        step, before = reading.step, reading.incoming
        if step is None or before is None:
            return []
        if step.updating:
            tip = f"The gradient used for the update: the mean over the {step.samples:,} samples of the batch, with L1 and L2."
            symbols = rf"\partial L/\partial w:\; \mathrm{{mean\ of\ the}}\ {step.samples}\ \mathrm{{samples}}"
        else:
            tip = (
                "The gradient of a weight: at every place of the window the error there, times the cell that the weight covers; all added."
            )
            symbols = rf"\partial L/\partial w = \sum_j {delta_(reading.layer, 'j')}\,{a_(before.node, 'i(j)')}"
        return [Line(symbols, tip=tip), *(_gradient(g, step.updating, step.samples) for g in step.gradients)]

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all maps."""
        (source,) = r.sources
        if not isinstance(r.table, ConvolutionTable):
            return []
        (_, weight), _ = r.table.parts((source.shape,))
        tip = "Each map is the sum over the channels that it reads of a window of weights that slides over the channel, plus its bias."
        return [
            Line(rf"{z_(r.layer)} = W^{{[{r.layer}]}} * {a_(source.node)} + b^{{[{r.layer}]}}", tip=tip),
            shapes(f"{axes(r.axes)} = {axes(weight)} ∗ {axes(source.shape)} + ({weight[0]:,})"),
        ]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        """What whole maps get back: every window puts its error, times its weights, where it read."""
        return rf"(W^{{[{end.node}]}})^{{\top}} * {delta_(end.node)}", f"W^T ∗ {axes(end.shape)}"


def _gradient(g: GradientReading, updating: bool, samples: int) -> Line:
    """One weight or bias: the shown sample's gradient and the batch's mean, the one that counts in front."""
    tip = f"Mean over the batch of {samples:,}, with L1 and L2, before clipping: {plain(g.batch)}. Of the shown sample: {plain(g.sample)}."
    first, second = (g.batch, g.sample) if updating else (g.sample, g.batch)
    at = {"tip": f"{tip}\nClick for its update.", "second": second, "parameter": g.parameter, "ink": "d"}
    if g.a is None or g.index is None:
        return Line(r"\partial L/\partial b", (), first, "bias", **at)
    return Line("", (Span("mean" if updating else "all places"),), first, "term", neuron=g.neuron, index=g.index, **at)
