"""What the `equations` face of a kind says: symbols first, then the same with numbers, then the result. Pure: lines from readings.

The activation function, the loss, the sum over all that a neuron feeds and the optimiser's rule are the same for all kinds: `ui.equations`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from nnviz3d.layers import face
from nnviz3d.layers.shared import shared_parameters
from nnviz3d.layers.shared.equation_line import Line
from nnviz3d.spec.readout import LayerEnd, LayerReading, MatrixReading, NeuronReading, ParameterEquations, Sum
from nnviz3d.spec.readout.window import Reduced
from nnviz3d.spec.topology import Connection, Node

Asked = dict[str, tuple[str, slice | np.ndarray]]
BATCH = "batch."  # how the arenas begin of which only a recorded step has any: what the rows of its batch have in common, by node


class EquationsFace(ABC):
    """`title`: of the section that tells how z arises. `applies`: an activation function, to z. `still`: one sentence of a kind without
    parameters, that there are none; "" of others. `sign`: what stands between the numbers that come in, in LaTeX. `returns`: what a layer
    that feeds such a one gets back from it, in words."""

    title = "Its input"
    applies = False
    still = ""
    sign = "+"
    returns = "The error of the next layer, unchanged"
    reduces: Reduced | None = None  # what is made of the cells that a cell reads, where these can be shown as parts of maps

    def of(self, letters: list[str]) -> str:
        """z in one line of symbols, of what comes in: "a_1", "a_2"."""
        return f" {self.sign} ".join(letters)

    def letter(self, part: str) -> str:
        """A parameter of an array in LaTeX."""
        return {"weight": "w", "bias": "b"}.get(part) or rf"\mathrm{{{part.replace('_', chr(92) + ' ')}}}"

    def word(self, part: str) -> str:
        """The same in words."""
        return part.replace("_", " ")

    def asks(self, node: Node, sources: tuple[Node, ...], j: int) -> Asked:
        """What the lines on neuron j need beside the terms of its sum, by name: `reading.given[name]`, float64. For example the row that
        a norm or a softmax goes over: {"row": ("activation", slice(...))}. Arenas: "activation", "z", "delta" (by neuron), "parameter",
        "gradient" (by parameter), "batch.<node>.<name>" (in a recorded step only); "number": the array itself."""
        return {}

    def asks_back(self, connection: Connection, i: int) -> Asked:
        """The same for what comes back to neuron i of the connection's source: `back.given[name]`."""
        return {}

    @abstractmethod
    def pre_activation(self, reading: NeuronReading) -> list[Line]:
        """How z of a neuron arises from what comes in."""

    @abstractmethod
    def returned(self, back: Sum, j: int) -> tuple[str, list[Line]]:
        """What neuron j, which feeds such a layer, gets back along one connection: symbols, and the terms; these add up to it."""

    @abstractmethod
    def layer(self, r: LayerReading) -> list[Line]:
        """z of all neurons from all that comes in, and the shapes of the arrays."""

    @abstractmethod
    def layer_returned(self, end: LayerEnd, size: int) -> tuple[str, str]:
        """What a whole layer of `size` neurons gets back from such a one: symbols, and their shapes."""

    def gradients(self, reading: NeuronReading) -> list[Line]:
        """Of the parameters that lead into a neuron, in a walk's step."""
        return []

    def share(self, r: ParameterEquations) -> list[Line]:
        """What a parameter adds to z; unless the kind says otherwise, of one that neurons share."""
        return shared_parameters.share(r, self.letter(r.part))

    def gradient(self, r: ParameterEquations) -> list[Line]:
        """dL/dw of a parameter for the shown sample; unless the kind says otherwise, as the sum over all places where it is used. Empty
        where no error has been sent back."""
        return shared_parameters.gradient(r, self.letter(r.part))

    def layer_gradient(self, r: MatrixReading) -> list[Line]:
        """Of all parameters of a layer, for the shown sample."""
        return []


def equations_of(kind: str) -> EquationsFace:
    """The face of a kind."""
    return face(kind, "equations").EQUATIONS
