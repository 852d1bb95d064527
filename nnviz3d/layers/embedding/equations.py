"""z is a weight of the row that belongs to the token. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.aligned_equations import axes
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.layers.shared.equations_face import EquationsFace
from nnviz3d.layers.shared.matrix_lines import shapes
from nnviz3d.layers.shared.notation import a_, z_
from nnviz3d.spec.number_text import plain
from nnviz3d.spec.readout import LayerEnd, LayerReading, NeuronReading, Sum


class EmbeddingEquations(EquationsFace):
    title = "Its row of the table"
    returns = "Nothing: the number of a token is a name, which has no slope"

    def of(self, letters: list[str]) -> str:
        return rf"W\,[{letters[0]},\,f]"

    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """Which row, and the weight that stands there."""
        if reading.incoming is None:
            return []
        (term,), node = reading.incoming.terms, reading.incoming.node
        z, row = z_(reading.layer, reading.index), a_(node, term.index)
        lines = [Line(rf"{z} = W\,[{row},\,f]", tip="The token is the number of a row; the feature is the place in it.")]
        tip = f"The weight in row {plain(term.value)}, of the token at place {term.index}."
        lines.append(Line(row, (), term.weight, "bias", tip, ink="w"))
        return [*lines, Line(z, (), reading.z, "result", "The weight as it stands.")]

    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        return "0", []

    def layer(self, r: LayerReading) -> list[Line]:
        """z of all tokens."""
        (source,) = r.sources
        tip = "For each token the row of W with its number."
        return [Line(rf"{z_(r.layer)} = W\,[{a_(source.node)}]", tip=tip), shapes(f"{axes(r.axes)} = W[{axes(source.shape)}]")]

    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        return "0", f"({size:,})"


EQUATIONS = EmbeddingEquations()
