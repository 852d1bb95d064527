"""Lines on a parameter that many neurons share: what it does in each, and its gradient as the sum over all of them. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.equation_line import Line, Span, number
from nnviz3d.layers.shared.notation import a_, delta_
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import ParameterEquations


def share(r: ParameterEquations, name: str) -> list[Line]:
    """Its value, and what it adds to the sum of each neuron that has it. `name`: its letter, as LaTeX."""
    value = Line(name, (), r.value, "bias", "The number itself.", ink="w")
    if r.used is None:
        return [value]
    added = name if r.part == "bias" else rf"{name}\,{a_(r.source_layer, 'i')}"
    where = f"in each of {r.places:,} neurons" + ("" if r.part == "bias" else ", with another input in each")
    tip = "All these neurons share this number. A change of it changes all of them."
    return [value, Line(rf"z_j = {added} + \ldots", tip=tip), Line("", (Span(where),), kind="note", tip=tip)]


def gradient(r: ParameterEquations, name: str) -> list[Line]:
    """dL/dw for the shown sample: of each place where it is used the activation times the error, added. Empty without an error."""
    if r.sample is None:
        return []
    tip = "How fast the loss of the displayed sample changes with this number."
    slope = rf"\partial L/\partial {name}"
    if r.used is None:
        return [Line(slope, (), r.sample, "result", tip, ink="d")]
    bias, n = r.part == "bias", len(r.used.terms) + r.used.rest_count
    factor = "" if bias else rf"\,{a_(r.source_layer, 'i(j)')}"
    lines = [Line(rf"{slope} = \sum_j {delta_(r.layer, 'j')}{factor}", tip=f"{tip} It is the sum over all {n:,} places where it is used.")]
    for term in r.used.terms:
        a = () if bias else (*number(term.weight, "a", True),)
        spans = number(term.value, "d") + ((Span(" · "), *a) if a else ())
        what = f"The error of {term.called}: {plain(term.value)}" + ("." if bias else f"; its input: {plain(term.weight)}.")
        at = {"neuron": term.neuron, "index": term.index, "letter": "j"}
        lines.append(Line("", spans, term.product, "term", f"{what} Click for that neuron.", ink="d", **at))
    if r.used.rest_count:
        more = f"{r.used.rest_count:,} more {'place' if r.used.rest_count == 1 else 'places'}"
        lines.append(Line("", (Span(more),), r.used.rest, "rest", "The sum over the other places; each is smaller than those above."))
    return [*lines, Line(slope, (), r.sample, "result", f"{tip} The sum of the above.", ink="d")]
