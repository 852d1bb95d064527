"""What every `[[network.layers]]` of a scene has in common, whatever its kind; the kinds themselves live in `nnviz3d.layers`.

A kind's table says what leaves the layer for what goes in (shapes without the batch), which parameters it has and what it costs. `spec`
stands below `layers`, so the tables are found by name, through the one list of kinds there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from math import prod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from nnviz3d.spec.model_base import Table

Initializer = Literal[
    "auto", "zeros", "normal", "uniform", "xavier_uniform", "xavier_normal", "he_uniform", "he_normal",
    "lecun_normal", "orthogonal", "playground",
]  # fmt: skip
INPUT = "input"  # the name of the network's input
MANY = 64  # inputs of one layer
NAME = 60  # characters of a layer's name
NAME_PATTERN = r"^([A-Za-z_][A-Za-z0-9_.-]*)?$"
TAG = "tagged-"  # how the mark of a kind begins in the place of an error

Shape = tuple[int, ...]
Axis = Literal["neuron", "row", "column", "channel", "token", "feature", "head", "query", "key"]
Axes = tuple[str, ...]  # what each axis of a tensor runs over, each an `Axis`
Shapes = tuple[Shape | None, ...]  # None: not known before the data are


class BadShape(ValueError):
    """Shapes that do not fit: `key` of the layer's table, and what is wrong in words."""

    def __init__(self, key: str, message: str):
        super().__init__(message)
        self.key, self.message = key, message


@dataclass(frozen=True)
class Cost:
    """Of one row through the layer, forward: floating-point operations, and bytes of float32 that are read and written."""

    flop: int
    bytes: int


class LayerTable(Table):
    """A hidden layer of any kind. The list is read from top to bottom."""

    kind: str
    name: str = Field(
        default="",
        max_length=NAME,
        pattern=NAME_PATTERN,
        description="empty: its kind and its position, for example dense1",
    )
    from_: tuple[Annotated[str, Field(max_length=NAME)], ...] = Field(
        default=(),
        alias="from",
        max_length=MANY,
        description='names of the layers that this layer reads; empty: the one above; "input": the input',
    )

    fewest: ClassVar[int] = 1  # inputs
    most: ClassVar[int] = 1
    unlearned: ClassVar[tuple[str, ...]] = ()  # parts that training keeps up by itself instead of by their gradients
    variances: ClassVar[tuple[str, ...]] = ()  # parts that are never negative
    coupled: ClassVar[bool] = False  # in training, what a row of a batch becomes depends on the other rows
    weighted: ClassVar[bool] = True  # its part "weight" holds the weights of sums; the scale of a norm, a factor a channel, does not
    known: ClassVar[bool] = True  # how its numbers arise; of tensors that were built elsewhere it is not
    numbered: ClassVar[bool] = False  # files and scripts of a chain of this kind alone count layers instead of naming them

    @property
    def operation(self) -> str:
        """What it does, in words."""
        return self.kind.replace("_", " ")

    @property
    def function(self) -> str:
        """Name of the activation function that its sums go through."""
        return "linear"

    @property
    def dropped(self) -> float:
        """Share of its neurons that pass nothing on in a training step."""
        return 0.0

    @property
    def first_parameters(self) -> tuple[str, float, float] | None:
        """How they are drawn: the initialiser, its scale and the biases; None for a kind without."""
        return None

    @property
    def fixed(self) -> str:
        """The setting, in words, that only the scene file changes; "" where there is none."""
        return ""

    def over(self, axes: tuple[Axes, ...]) -> LayerTable:
        """The table as it is for inputs whose axes run over these. Raises BadShape where the kind cannot read such."""
        return self

    def output_shape(self, inputs: Shapes) -> Shape | None:
        """Of what leaves the layer; None where that depends on an input that is not known. Raises BadShape."""
        raise NotImplementedError

    def parts(self, inputs: Shapes) -> tuple[tuple[str, Shape], ...]:
        """Name and shape of each array of parameters, in the order of the arena; none where an input is not known."""
        return ()

    def parts_over(self, inputs: Shapes, axes: tuple[Axes, ...]) -> tuple[tuple[str, Shape], ...]:
        """The same for kinds whose parts depend on what the axes of their inputs run over."""
        return self.parts(inputs)

    def fewest_rows(self, shape: Shape, axes: Axes) -> int:
        """Of a batch of training: more than one where the kind compares the rows of a batch. `shape` and `axes` of its output."""
        return 1

    def axes(self, inputs: tuple[Axes, ...], shape: Shape) -> Axes:
        """What the axes of the output run over: those of the first input where there are as many, else a vector, a picture or maps."""
        return inputs[0] if inputs and len(inputs[0]) == len(shape) else plain_axes(shape)

    def unit_axis(self, axes: Axes) -> int | None:
        """The axis of the output that the first axis of each array of parameters runs along: a channel's cells share one kernel, the tokens
        one row of weights for each feature. None for a kind whose parameters belong to no neurons of their own (a table of embeddings)."""
        return 0 if axes[0] == "channel" else len(axes) - 1

    def own_cell(self, index: tuple[int, ...], shape: Shape) -> int | None:
        """The one neuron that a parameter makes, where others of its row make others; `shape`: of the output. -1: none."""
        return None

    def part_axes(self, part: str, shape: Shape, axes: Axes) -> tuple[str, ...]:
        """What each axis of an array of parameters runs over, in words; `axes`: of the output."""
        axis = self.unit_axis(axes)
        first = "row" if axis is None else "map" if axes[axis] == "channel" else axes[axis]
        if len(shape) > 2:
            return "kernel", "input channel", *(("row", "column") if len(shape) == 4 else ("column",))
        return (first, "input")[: len(shape)]

    def of_tokens(self, vocabulary: int) -> LayerTable:
        """The table as it is for data of so many different tokens; only what looks tokens up depends on that. Raises BadShape."""
        return self

    def edges(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """How many edges lead in from each input: one from every neuron, unless the kind says otherwise."""
        return tuple(map(prod, inputs))

    def cost(self, inputs: tuple[Shape, ...]) -> Cost:
        """One operation for every edge, and every number once, unless the kind says otherwise."""
        edges, out = sum(self.edges(inputs)), prod(self.output_shape(inputs) or ())
        return Cost(edges, 4 * (sum(map(prod, inputs)) + out))


@cache
def tables() -> dict[str, type[LayerTable]]:
    """Kind -> its table, in the order of `layers.KINDS`, then the composites."""
    layers = import_module("nnviz3d.layers")
    return {kind: layers.face(kind, "spec").TABLE for kind in (*layers.KINDS, *layers.COMPOSITES)}


def tables_of(kind: str) -> Any:
    """The table of a kind, of one that no scene has too: what was built elsewhere."""
    return import_module("nnviz3d.layers").face(kind, "spec").TABLE


def any_layer() -> Any:
    """The annotation of a layer of any kind, distinguished by `kind`; "dense" where there is none."""
    union: Any = None
    for kind, table in tables().items():
        one: Any = Annotated[table, Tag(TAG + kind)]
        union = one if union is None else union | one
    return Annotated[union, Discriminator(_tag)]


def _tag(value: Any) -> str:
    kind = value.get("kind", "dense") if isinstance(value, dict) else getattr(value, "kind", "dense")
    return f"{TAG}{kind}"


def plain_axes(shape: Shape) -> Axes:
    """Of a tensor of which nothing but its shape is known: a vector, a picture, a picture for each channel."""
    return {1: ("neuron",), 2: ("row", "column"), 3: ("channel", "row", "column")}.get(len(shape), ("axis",) * len(shape))


def same_shape(inputs: Shapes, kind: str) -> Shape | None:
    """The one shape of all inputs, as far as they are known. Raises BadShape where they differ."""
    known = [shape for shape in inputs if shape is not None]
    if len(set(known)) > 1:
        raise BadShape("from", f"{kind} needs inputs of one shape; found {' and '.join(map(text, dict.fromkeys(known)))}")
    return known[0] if known else None


def text(shape: Shape) -> str:
    """A shape for people: 8 x 8."""
    return " x ".join(map(str, shape))
