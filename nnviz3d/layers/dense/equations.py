"""z = W a + b and the way back through it: one neuron, one weight, the whole matrix. Symbols first, then the same with numbers. Pure."""

from __future__ import annotations

import numpy as np

from nnviz3d.layers.shared.equation_line import Line, Span, fill, number
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.matrix_lines import length, shapes
from nnviz3d.layers.shared.notation import a_, called, delta_, z_
from nnviz3d.layers.shared.weighted_terms import terms
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import GradientReading, LayerEnd, MatrixReading, NeuronReading, ParameterEquations, Sum


class DenseEquations(EquationsFace):
    title = "Weighted sum"
    reduces = "sum"
    applies = True
    returns = "The error of the next layer, sent back through its weights"

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """z = sum of w a + b: symbols, the largest terms, the rest as one number, bias, result."""
        if reading.incoming is None:
            return []
        j, z, before = reading.index, z_(reading.layer, reading.index), reading.incoming
        n = len(before.terms) + before.rest_count
        lines = [
            Line(
                rf"{z} = \sum_{{i=0}}^{{{n - 1}}} w_{{{j},i}}\,{a_(before.node, 'i')} + b_{{{j}}}",
                tip="The weighted sum of all neurons of the previous layer, plus the bias.",
            )
        ]
        lines += terms(before, "i", "a")
        if reading.bias is not None:
            bias = reading.bias_parameter if reading.bias_parameter >= 0 else None
            lines.append(Line(rf"b_{{{j}}}", (), reading.bias, "bias", "The bias: added independently of the inputs.", parameter=bias))
        lines.append(Line(z, (), reading.z, "result", "The pre-activation: all of the above summed."))
        return lines

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What neuron j, which feeds such a layer, gets back from it: symbols, and the terms. A delta for each weight."""
        n = len(back.terms) + back.rest_count
        return rf"\sum_{{k=0}}^{{{n - 1}}} w_{{k,{j}}}\,{delta_(back.node, 'k')}", terms(back, "k", "d")

    def gradients(self, reading: NeuronReading) -> list[Line]:
        """dL/dw_ji = delta_j a_i for the weights that are distinguished, dL/db_j = delta_j; beside each the batch's mean. In an update the
        mean in front, and the sample's own beside it."""
        step, before = reading.step, reading.incoming
        if step is None or before is None:
            return []
        j = reading.index
        if step.updating:
            tip = f"The gradient used for the update: the mean over the {step.samples:,} samples of the batch, with L1 and L2."
            mean = rf"\mathrm{{mean\ of\ the}}\ {step.samples}\ \mathrm{{samples}}"
            found = (_mean(g, j, step.samples, before.labels) for g in step.gradients)
            return [Line(rf"\partial L/\partial w_{{{j},i}}:\; {mean}", tip=tip), *found]
        tip = "The gradient of a weight: the error signal at its end times the activation at its start."
        lines = [Line(rf"\partial L/\partial w_{{{j},i}} = {delta_(reading.layer, j)}\,{a_(before.node, 'i')}", tip=tip)]
        return [*lines, *(_gradient(g, step.delta, j, step.samples, before.labels) for g in step.gradients)]

    def share(self, r: ParameterEquations) -> list[Line]:
        """What it adds to the weighted sum."""
        if r.places > 1:
            return super().share(r)
        z, rest = z_(r.layer, r.index), r.z - r.product
        if r.source_index is None:
            others = r.fan_in
            symbols = rf"{z} = \sum_i w_{{{r.index},i}}\,{a_(r.source_layer, 'i')} + {_name(r)}"
            lines = [Line(symbols, tip="A bias is added independently of the inputs.")]
            own = Line(_name(r), (), r.value, "bias", "The bias itself.", ink="w")
            more, tip = f"{others:,} weighted {'input' if others == 1 else 'inputs'}", "The sum of weight times activation over all inputs."
        else:
            others = r.fan_in - 1
            symbols = rf"{z} = {_name(r)}\,{a_(r.source_layer, r.source_index)} + \ldots"
            lines = [Line(symbols, tip="One term of the weighted sum: this weight times the activation at its start.")]
            spans = fill("{w} · {a}", w=number(r.value, "w"), a=number(r.a, "a", True))
            own = Line("", spans, r.product, "term", f"weight × activation: {plain(r.value)} × {plain(r.a)} = {plain(r.product)}.")
            more = f"{others:,} other {'term' if others == 1 else 'terms'} and the bias" if others else "the bias"
            tip = "All other terms of the sum."
        return [
            *lines,
            own,
            Line("", (Span(more),), rest, "rest", tip),
            Line(z, (), r.z, "result", "The pre-activation of the neuron it leads into."),
        ]

    def gradient(self, r: ParameterEquations) -> list[Line]:
        """dL/dw = delta a for the shown sample. Empty where no error has been sent back."""
        if r.places > 1:
            return super().gradient(r)
        if r.sample is None or r.delta is None:
            return []
        slope, tip = rf"\partial L/\partial {_name(r)}", "How fast the loss of the displayed sample changes with this number."
        if r.source_index is None:
            return [Line(rf"{slope} = {delta_(r.layer, r.index)}", (), r.sample, "result", tip, ink="d")]
        tip = f"{tip} It is the error signal at its end times the activation at its start."
        spans = fill("{delta} · {a}", delta=number(r.delta, "d"), a=number(r.a, "a", True))
        return [
            Line(rf"{slope} = {delta_(r.layer, r.index)}\,{a_(r.source_layer, r.source_index)}", tip=tip),
            Line("", spans, r.sample, "result", tip, ink="d"),
        ]

    def layer(self, r: MatrixReading) -> list[Line]:
        """z of all neurons, as a product of arrays."""
        o, i = (f"{n:,}" for n in r.shape)
        k, z, (source,) = r.layer, z_(r.layer), r.sources
        if r.rows > 1:
            tip = "All tokens at once, each alone: row t of z is of token t. Row j of W holds the weights that lead into feature j."
            return [
                Line(rf"{z} = {a_(source.node)}\,(W^{{[{k}]}})^{{\top}} + b^{{[{k}]}}", tip=tip),
                shapes(f"({r.rows:,} × {o}) = ({r.rows:,} × {i})({i} × {o}) + ({o})"),
            ]
        tip = "All neurons of the layer at once: row j of W holds the weights that lead into neuron j."
        return [
            Line(rf"{z} = W^{{[{k}]}}\,{a_(source.node)} + b^{{[{k}]}}", tip=tip),
            shapes(f"({o}) = ({o} × {i})({i}) + ({o})"),
        ]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        """What a whole node of so many neurons gets back from such a layer: symbols, and their shapes."""
        return rf"(W^{{[{end.node}]}})^{{\top}}\,{delta_(end.node)}", f"({size:,} × {end.size:,})({end.size:,})"

    def layer_gradient(self, r: MatrixReading) -> list[Line]:
        """Of all weights and biases, for the shown sample."""
        if r.delta is None:
            return []
        o, i = (f"{n:,}" for n in r.shape)
        delta, a = delta_(r.layer), rf"({a_(r.sources[0].node)})^{{\top}}"
        if r.rows > 1:
            return self._of_tokens(r)
        tip = "Every error at the end times every activation at the start: the outer product of two vectors."
        product = length(r.delta) * length(r.x)
        return [
            Line(rf"\partial L/\partial W = {delta}\,{a}", tip=tip),
            shapes(f"({o} × {i}) = ({o} × 1)(1 × {i})"),
            Line(rf"\partial L/\partial b = {delta}", tip="The gradient of the biases is the error itself."),
            shapes(f"({o}) = ({o})"),
            Line(
                r"\lVert \delta\,a^{\top}\rVert", (), product, "number",
                "The norm (length) of the gradient for the displayed sample: the norm of delta times that of a.", ink="d",
            ),
        ]  # fmt: skip

    @staticmethod
    def _of_tokens(r: MatrixReading) -> list[Line]:
        """The same, where one matrix multiplies all tokens."""
        (o, i), n = r.shape, r.rows
        made = np.asarray(r.delta, np.float64).reshape(n, o).T @ np.asarray(r.x, np.float64).reshape(n, i)
        delta, tip = delta_(r.layer), "Of each token the error times the activation, added over all tokens."
        norm = "The norm (length) of the gradient for the displayed sample."
        return [
            Line(rf"\partial L/\partial W = {delta}^{{\top}}\,{a_(r.sources[0].node)}", tip=tip),
            shapes(f"({o:,} × {i:,}) = ({o:,} × {n:,})({n:,} × {i:,})"),
            Line(rf"\partial L/\partial b = \sum_t {delta}_t", tip="The gradient of the biases is the error, added over all tokens."),
            shapes(f"({o:,}) = ({o:,})"),
            Line(r"\lVert \delta^{\top} a\rVert", (), length(made), "number", norm, ink="d"),
        ]


def _mean(g: GradientReading, j: int, samples: int, labels: tuple[str, ...]) -> Line:
    tip = f"Mean over the batch of {samples:,}, with L1 and L2, before clipping: {plain(g.batch)}. Of the shown sample: {plain(g.sample)}."
    at = {"tip": f"{tip}\nClick for its update.", "second": g.sample, "parameter": g.parameter, "ink": "d"}
    if g.a is None or g.index is None:
        return Line(rf"\partial L/\partial b_{{{j}}}", (), g.batch, "bias", **at)
    return Line("", (Span("mean"),), g.batch, "term", neuron=g.neuron, index=g.index, name=called(labels, g.index), **at)


def _gradient(g: GradientReading, delta: float, j: int, samples: int, labels: tuple[str, ...]) -> Line:
    mean = f"Mean over the batch of {samples:,}, with L1 and L2, before clipping: {plain(g.batch)}. Click for its update."
    if g.a is None or g.index is None:
        tip = f"The bias: its gradient is delta, {plain(g.sample)}.\n{mean}"
        return Line(rf"\partial L/\partial b_{{{j}}}", (), g.sample, "bias", tip, second=g.batch, parameter=g.parameter, ink="d")
    own = called(labels, g.index)
    whose = f"{own} (neuron {g.index})" if own else f"neuron {g.index}"
    tip = f"Weight from {whose}: {plain(delta)} × {plain(g.a)} = {plain(g.sample)} for this sample.\n{mean}"
    spans = fill("{delta} · {a}", delta=number(delta, "d"), a=number(g.a, "a", True))
    return Line("", spans, g.sample, "term", tip, g.neuron, g.index, second=g.batch, parameter=g.parameter, ink="d", name=own)


def _name(r: ParameterEquations) -> str:
    """LaTeX: w_{16,51} or b_{16}."""
    return rf"b_{{{r.index}}}" if r.source_index is None else rf"w_{{{r.index},{r.source_index}}}"


EQUATIONS = DenseEquations()
