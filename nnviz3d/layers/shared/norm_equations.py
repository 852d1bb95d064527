"""Equations that norms share: mean, deviation, what is normalised, scaled and shifted; and the terms of the error that comes back. Pure.

Every number is worked out in float64 from what the kind asked for, so that the rows add up to the printed result.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from nnviz3d.layers.shared.aligned_equations import axes
from nnviz3d.layers.shared.equation_line import Line, Span, fill, number
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, z_
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import LayerReading, NeuronReading, ParameterEquations, Sum


@dataclass(frozen=True)
class Normed:
    """Of one neuron: `mean` (None: none is taken off) and `deviation` of what is normalised together, `scale`, and `shift` (None: none)."""

    mean: float | None
    deviation: float
    scale: float
    shift: float | None

    def normal(self, a: float) -> float:
        """An input, normalised."""
        return (a - (self.mean or 0.0)) / self.deviation


@dataclass(frozen=True)
class Returned:
    """What comes back to one neuron: `factor` times its delta; `mean`, `along`: what is taken off, None where nothing is."""

    factor: float
    mean: float | None = None
    along: float | None = None


class NormEquations(EquationsFace):
    """`together`: what shares a mean and a deviation, in words. `spread`: the deviation in symbols."""

    title = "Normalisation"
    returns = "The error of the next layer, without its mean and its part along the normalised values"
    together = ""
    spread = r"\sigma"

    def letter(self, part: str) -> str:
        return {"weight": r"\gamma", "bias": r"\beta"}.get(part) or super().letter(part)

    def word(self, part: str) -> str:
        return {"weight": "scale", "bias": "shift"}.get(part) or super().word(part)

    def gradients(self, reading: NeuronReading) -> list[Line]:
        """dL/dgamma and dL/dbeta: sums over all that share them; in an update the batch's mean in front."""
        step = reading.step
        if step is None:
            return []
        delta, letters = delta_(reading.layer, "j"), [self.letter(part) for part in ("weight", "bias")]
        tip = "The scale multiplies the normalised input, the shift is added: their gradients are sums over all that share them."
        symbols = rf"\partial L/\partial {letters[0]} = \sum_j {delta}\,\hat{{x}}_j"
        if step.updating:
            tip = f"The gradient used for the update: the mean over the {step.samples:,} samples of the batch, with L1 and L2."
            symbols = rf"\partial L/\partial {letters[0]}:\; \mathrm{{mean\ of\ the}}\ {step.samples}\ \mathrm{{samples}}"
        lines = [Line(symbols, tip=tip)]
        for letter, g in zip(letters, step.gradients, strict=False):
            first, second = (g.batch, g.sample) if step.updating else (g.sample, g.batch)
            mean = f"Mean over the batch of {step.samples:,}, with L1 and L2, before clipping: {plain(g.batch)}. "
            at = {"tip": f"{mean}Of the shown sample: {plain(g.sample)}.\nClick for its update.", "parameter": g.parameter, "ink": "d"}
            lines.append(Line(rf"\partial L/\partial {letter}", (), first, "bias", second=second, **at))
        return lines

    def share(self, r: ParameterEquations) -> list[Line]:
        """Its value, and where it stands in z."""
        tip = f"The same number serves {r.places:,} neurons." if r.places > 1 else "It belongs to this neuron alone."
        symbols = f"z_j = {self.symbols(a_(r.source_layer, 'j'))}"
        return [Line(symbols, tip=tip), Line(self.letter(r.part), (), r.value, "number", tip, ink="w")]

    def gradient(self, r: ParameterEquations) -> list[Line]:
        """Of the scale: the errors times the normalised inputs; of the shift: the errors; summed over all that share it."""
        if r.part == "bias" or r.sample is None:
            return super().gradient(r)
        tip = "How fast the loss of the displayed sample changes with this number."
        symbols = rf"\partial L/\partial {self.letter(r.part)}"
        if r.part != "weight":
            return []
        return [
            Line(rf"{symbols} = \sum_j {delta_(r.layer, 'j')}\,\hat{{x}}_j", tip=tip),
            Line(symbols, (), r.sample, "result", tip, ink="d"),
        ]

    @abstractmethod
    def normed(self, reading: NeuronReading) -> Normed | None:
        """The numbers of one neuron; None where they are not known."""

    @abstractmethod
    def comes_back(self, back: Sum) -> Returned | None:
        """What comes back to one neuron; None where that is not known."""

    def symbols(self, a: str, index: int | str = "") -> str:
        """z of what comes in."""
        scale, shift = (rf"{letter}_{{{index}}}" if index != "" else letter for letter in (r"\gamma", r"\beta"))
        return rf"{scale}\,\frac{{{a} - \mu}}{{{self.spread}}} + {shift}"

    def of(self, letters: list[str]) -> str:
        """The normalised input has a hat: there is little room."""
        return rf"\gamma\,\hat{{{letters[0][0]}}}{letters[0][1:]} + \beta"

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """z of one neuron: the statistics, its normalised input, scaled, shifted."""
        if reading.incoming is None:
            return []
        (part,), (term,) = reading.incoming.connections, reading.incoming.terms
        z, a, n = z_(reading.layer, reading.index), a_(part.node, term.index), self.normed(reading)
        lines = [Line(f"{z} = {self.symbols(a, reading.index)}", tip=f"The input from {part.name}, normalised over {self.together}.")]
        if n is not None:
            lines += [*self._statistics(n), *self._addends(n, term, part.name, reading.index)]
        end = " and shifted." if n is not None and n.shift is not None else "."
        return [*lines, Line(z, (), reading.z, "result", f"The normalised input, scaled{end}")]

    def _statistics(self, n: Normed) -> list[Line]:
        lines = [] if n.mean is None else [Line(r"\mu", (), n.mean, "number", f"The mean over {self.together}.")]
        return [*lines, Line(self.spread, (), n.deviation, "number", f"The deviation over {self.together}, with epsilon under the root.")]

    def _addends(self, n: Normed, term, name: str, j: int) -> list[Line]:
        normal = n.normal(term.value)
        way = "({a} − {m}) / {s}" if n.mean is not None else "{a} / {s}"
        spans = fill(way, a=number(term.value, "a"), m=number(n.mean, bracket=True), s=number(n.deviation))
        tip = f"The activation of neuron {term.index} of {name}, normalised: {plain(normal)}. Click to show it."
        at = {"neuron": term.neuron, "index": term.index, "name": name}
        lines = [
            Line("", (Span("x̂ = "), *spans), normal, "number", tip),
            Line("", (*number(n.scale, "w"), Span(" · "), *number(normal, "a", True)), n.scale * normal, "term", f"Scale × {tip}", **at),
        ]
        if n.shift is not None:
            lines.append(Line(rf"\beta_{{{j}}}", (), n.shift, "bias", "The shift: added independently of the input."))
        return lines

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What a neuron that feeds a norm gets back: its own error scaled, without what all errors have in common."""
        (term,), r = back.terms, self.comes_back(back)
        delta, lines = delta_(back.node, term.index), []
        symbols = rf"\frac{{\gamma}}{{{self.spread}}}\,{delta}"
        if r is None:
            return symbols, lines
        tip = f"Scale / deviation × error of neuron {term.index} of {back.name}: {plain(r.factor)} × {plain(term.value)}."
        spans = (*number(r.factor, "w"), Span(" · "), *number(term.value, "d", True))
        at = {"neuron": term.neuron, "index": term.index, "name": back.name, "ink": "d"}
        lines.append(Line("", spans, r.factor * term.value, "term", f"{tip} Click to show it.", **at))
        alike = f"The mean of these errors over {self.together}: a change of all inputs alike changes nothing."
        longer = f"Their part along the normalised values of {self.together}: inputs of another length change nothing."
        taken = (r.mean, r"\overline{g}", alike), (r.along, r"\hat{x}\,\overline{g\hat{x}}", longer)
        for value, latex, tip in taken:
            if value is not None:
                symbols += f" - {latex}"
                lines.append(Line(f"- {latex}", (), -value, "rest", tip, ink="d"))
        return rf"\left({symbols}\right)" if len(lines) > 1 else symbols, lines

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all neurons."""
        symbols = f"{z_(r.layer)} = {self.symbols(a_(r.sources[0].node))}"
        tip = f"Mean and deviation are taken over {self.together}."
        return [Line(symbols, tip=tip), shapes(f"{axes(r.axes)} = {axes(r.sources[0].shape)}")]
