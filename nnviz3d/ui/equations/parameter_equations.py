"""The equations of one weight or bias, from a `ParameterEquations`: its share of z, its gradient. Its update: `updates`. Pure."""

from __future__ import annotations

from nnviz3d.spec.readout import ParameterEquations
from nnviz3d.ui.core.numbers import plain
from nnviz3d.ui.equations.equation_line import Line, Span, fill, number
from nnviz3d.ui.equations.neuron_equations import a_, delta_
from nnviz3d.ui.equations.updates import moved


def name(r: ParameterEquations) -> str:
    """LaTeX: w_{16,51} or b_{16}."""
    return rf"b_{{{r.index}}}" if r.source_index is None else rf"w_{{{r.index},{r.source_index}}}"


def share(r: ParameterEquations) -> list[Line]:
    """What it adds to the weighted sum."""
    z = rf"z^{{[{r.layer}]}}_{{{r.index}}}"
    rest = r.z - r.product
    others = r.fan_in if r.source is None else r.fan_in - 1
    if r.source is None:
        lines = [
            Line(rf"{z} = \sum_i w_{{{r.index},i}}\,{a_(r.layer - 1, 'i')} + {name(r)}", tip="A bias is added whatever the inputs are.")
        ]
        own = Line(name(r), (), r.value, "bias", "The bias itself.", ink="w")
        more, tip = f"{others:,} weighted {'input' if others == 1 else 'inputs'}", "The sum of weight times activation over all inputs."
    else:
        lines = [
            Line(
                rf"{z} = {name(r)}\,{a_(r.layer - 1, r.source_index)} + \ldots",
                tip="One addend of the weighted sum: this weight times the activation it starts from.",
            )
        ]
        spans = fill("{w} · {a}", w=number(r.value, "w"), a=number(r.a, "a", True))
        own = Line("", spans, r.product, "term", f"weight × activation: {plain(r.value)} × {plain(r.a)} = {plain(r.product)}.")
        more = f"{others:,} other {'term' if others == 1 else 'terms'} and the bias" if others else "the bias"
        tip = "Everything else that is added up."
    return [
        *lines,
        own,
        Line("", (Span(more),), rest, "rest", tip),
        Line(z, (), r.z, "result", "The pre-activation of the neuron it leads into."),
    ]


def gradient(r: ParameterEquations) -> list[Line]:
    """dL/dw = delta a for the shown sample, and the batch's mean."""
    lines, slope = [], rf"\partial L/\partial {name(r)}"
    if r.sample is not None and r.delta is not None:
        tip = "How much the loss of the shown sample would change if this number grew by one."
        if r.source is None:
            lines.append(Line(rf"{slope} = {delta_(r.layer, r.index)}", (), r.sample, "result", tip, ink="d"))
        else:
            tip = f"{tip} It is the error signal at its end times the activation at its start."
            spans = fill("{delta} · {a}", delta=number(r.delta, "d"), a=number(r.a, "a", True))
            lines += [
                Line(rf"{slope} = {delta_(r.layer, r.index)}\,{a_(r.layer - 1, r.source_index)}", tip=tip),
                Line("", spans, r.sample, "result", tip, ink="d"),
            ]
    if r.samples and r.batch is not None:
        inside = r.update is not None
        words = f"mean over the batch of {r.samples:,}" if inside else f"mean over the last step's batch of {r.samples:,}"
        tip = "With L1 and L2, before clipping. The sum over its samples divided by their number."
        lines.append(Line("", (Span(words),), r.batch, "number", tip, ink="d"))
    return lines + [_mask(what, factor, kept, r.samples) for what, factor, kept in r.masks]


def _mask(what: str, factor: float, kept: int, samples: int) -> Line:
    """What dropout did to one end of it in the step."""
    end = "the activation at its start" if what == "a" else "the neuron at its end"
    tip = f"Dropout in this step: {end} was kept in {kept:,} of {samples:,} samples, and scaled so that its mean stays the same."
    tip += " In the shown sample it was multiplied by this. The lines above show the network as it is used, without dropout."
    words = f"dropout: {'start' if what == 'a' else 'end'} kept in {kept:,} of {samples:,}; factor here"
    return Line("", (Span(words),), factor, "number", tip)


def change(r: ParameterEquations) -> list[Line]:
    """What the last step did to it: outside a walk, where the rule's numbers are not kept."""
    if r.update is not None or not r.samples:
        return []
    if r.before is None:
        return [Line("", (Span("all weights were replaced since"),), kind="note", tip="By a file: what the last step did to them is gone.")]
    name = "b" if r.source is None else "w"
    lines = [moved(name, r.before, r.before + r.change, r.change)]
    if r.edited:
        spans = fill("set by hand since, to {value}", value=number(r.value, "w"))
        lines.append(Line("", spans, kind="note", tip="The line above is of the last training step. The next one starts from this value."))
    return lines
