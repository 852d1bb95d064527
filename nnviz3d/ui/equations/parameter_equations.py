"""The equations of one weight or bias, from a `ParameterEquations`: its share of z, its gradient. Its update: `updates`. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.equation_line import Line, Span, fill, number
from nnviz3d.layers.shared.equations_face import equations_of
from nnviz3d.spec.readout import ParameterEquations
from nnviz3d.ui.equations.updates import moved


def share(r: ParameterEquations) -> list[Line]:
    """What it adds to the weighted sum."""
    return equations_of(r.kind).share(r)


def gradient(r: ParameterEquations) -> list[Line]:
    """dL/dw for the shown sample, and the batch's mean."""
    lines = equations_of(r.kind).gradient(r)
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
    if r.before is None or r.change is None:
        tip = "The weights were loaded from a file, so the last step no longer applies to them."
        return [Line("", (Span("all weights were replaced since"),), kind="note", tip=tip)]
    name = equations_of(r.kind).letter(r.part)
    lines = [moved(name, r.before, r.before + r.change, r.change)]
    if r.edited:
        spans = fill("set by hand since, to {value}", value=number(r.value, "w"))
        lines.append(
            Line("", spans, kind="note", tip="The line above refers to the last training step. The next one starts from this value.")
        )
    return lines
