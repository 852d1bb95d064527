"""z = x + what belongs to the place; with rotary x cos + x' sin. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import axes
from nnviz3d.layers.shared.equation_line import Line, Span, number
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, delta_, z_
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import LayerEnd, LayerReading, NeuronReading, Sum

PLACE = r"p"  # what belongs to the place


class PositionEquations(EquationsFace):
    title = "Its place"

    def of(self, letters: list[str]) -> str:
        """One number comes in, and its place is added; or two, which are turned."""
        if len(letters) == 1:
            return f"{letters[0]} + {PLACE}"
        return rf"{letters[0]}\,\mathrm{{cos}} + {letters[1]}\,\mathrm{{sin}}"

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """The activation, and what the place adds to it; or two features of a pair, turned."""
        if reading.incoming is None or reading.z is None:
            return []
        before, z, table = reading.incoming, z_(reading.layer, reading.index), reading.table
        if table.form == "rotary":
            symbols = rf"{z} = {a_(before.node, 'f')}\,\mathrm{{cos}} + {a_(before.node, 'g')}\,\mathrm{{sin}}"
            lines = [Line(symbols, tip="Two features of a head are turned by an angle that grows with the place.")]
            lines += [_turned(before, k) for k in range(len(before.terms))]
        else:
            (term,) = before.terms
            lines = [Line(rf"{z} = {a_(before.node, term.index)} + {PLACE}_{{{reading.index}}}", tip="The same is added in every sample.")]
            at = {"neuron": term.neuron, "index": term.index, "name": before.name, "ink": "a"}
            lines.append(Line(a_(before.node, term.index), (), term.value, "term", f"The activation: {plain(term.value)}.", **at))
            lines.append(Line(rf"{PLACE}_{{{reading.index}}}", (), reading.z - term.value, "bias", "What belongs to this place."))
        return [*lines, Line(z, (), reading.z, "result", "All of the above summed.")]

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """A sum passes the error on as it is; a turn turns it back."""
        lines, symbols = [], delta_(back.node, j)
        for term in back.terms:
            spans = () if len(back.terms) == 1 else (*number(term.weight), Span(" · "), *number(term.value, "d", True))
            at = {"neuron": term.neuron, "index": term.index, "name": back.name, "ink": "d"}
            tip = f"{plain(term.weight)} × delta of neuron {term.index} of {back.name}: {plain(term.value)}. Click to show it."
            lines.append(Line("" if spans else symbols, spans, term.product, "term", tip, **at))
        return symbols if len(lines) == 1 else rf"{symbols}\,\mathrm{{cos}} + {delta_(back.node, 'g')}\,\mathrm{{sin}}", lines

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all tokens."""
        (source,) = r.sources
        turned = r.table.form == "rotary"
        symbols = rf"\mathrm{{turn}}({a_(source.node)})" if turned else f"{a_(source.node)} + P"
        tip = "Each place has an angle of its own." if turned else "A row of P for each place: the same in every sample."
        return [Line(f"{z_(r.layer)} = {symbols}", tip=tip), shapes(f"{axes(r.axes)} = {axes(source.shape)}")]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        return delta_(end.node), f"({size:,})"


def _turned(before: Sum, k: int) -> Line:
    term = before.terms[k]
    spans = (*number(term.weight), Span(" · "), *number(term.value, "a", True))
    tip = f"{plain(term.weight)} × the activation of neuron {term.index} of {before.name}: {plain(term.value)}. Click to show it."
    return Line("", spans, term.product, "term", tip, neuron=term.neuron, index=term.index, name=before.name)


EQUATIONS = PositionEquations()
