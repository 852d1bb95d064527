"""What the network answers over the plane of its data, kept up to date in the picture: the plate, and every neuron's own tile.

Decides how fine and how often; the numbers are `sources.plane_eval`'s, the colours the bridge's. Plate and tiles take turns, each at every
third frame in which something changed: 0.4 ms each for two spirals, tiles 1 ms for a network of 400 neurons (one core).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isqrt
from typing import Literal

import numpy as np

from nnviz3d.bridge.network_columns import Picture
from nnviz3d.draw.plate import SIDE
from nnviz3d.engine.data.plane import Plane
from nnviz3d.layout.grid import Layout
from nnviz3d.sources.protocols import Source
from nnviz3d.sources.viewable import OWN, Viewable
from nnviz3d.spec.readout import Label, PlaneReading
from nnviz3d.spec.row_work import row_work
from nnviz3d.spec.scene import View
from nnviz3d.spec.topology import Topology
from nnviz3d.spec.units import Unit

Floats = Sequence[float]
Word = tuple[str, Literal["left", "centre", "right", "scale"]]  # with its alignment; "scale": with a bar of the plate's colours
TILES_UP_TO = 400  # neurons: more are too small on screen to be pictures
FINEST, COARSEST = 32, 12  # cells a side of a tile
WORK, VALUES = 1e7, 200_000  # multiply-adds, and activations, that one look for all tiles may cost
EVERY = 3
NAMED = 40  # inputs: more names cannot be read beside a column


def tile_cells(source: Source, view: View) -> int:
    """Cells a side of each neuron's tile; 0: none."""
    topology = source.topology
    if source.plane is None or not view.thumbnails or topology.n_neurons > TILES_UP_TO:
        return 0
    most = min(WORK / row_work(topology), VALUES / topology.n_neurons)
    return min(max(isqrt(int(most)), COARSEST), FINEST)


def plane_names(source: Source, layout: Layout) -> tuple[np.ndarray, list[Word], np.ndarray]:
    """Where words stand, (n, 3), the words with their alignment: inputs left of their neurons, axes at the plate, where "scale" is what its
    colours reach from and to if they stand for numbers with a unit; and the ids of the neurons that the first words name (-1: a stack)."""
    plane = source.plane
    named, words = input_names(source.topology, layout)
    points = [layout.stacks[0].foot if k < 0 else layout.place_n4[k, :3] for k in named]
    if plane is not None and layout.annex is not None:
        (x, low, near), (_, high, far) = layout.annex
        step = 0.06 * (high - low)
        below: list[Word] = [(plane.names[0], "centre")]
        if plane.slices:
            below.append(("others as in the shown sample", "centre"))
        if source.data.units:
            below.append((scale_words(source.data.units[0]), "scale"))
        words += [(plane.names[1], "left"), *below]
        points += [(x, high + 0.8 * step, near), *((x, low - (1.0 + 1.2 * k) * step, (near + far) / 2) for k in range(len(below)))]
    return np.array(points, np.float64).reshape(-1, 3), words, np.array(named, np.int64)


def input_names(topology: Topology, layout: Layout) -> tuple[list[int], list[Word]]:
    """Ids of inputs that stand in a column and have names, with these; of a folded layer's stack (-1) what it holds. Tokens that are
    answered one by one are named by what they are, not by their place (`labels.py`)."""
    inputs = topology.input
    if inputs.axes == ("token",) and len(topology.output.shape) == 2:
        return [], []
    stack = next((stack for stack in layout.stacks if stack.node == 0), None)
    if stack is None:
        labels = inputs.labels if len(inputs.labels) <= NAMED else ()
        return [inputs.neurons.start + k for k in range(len(labels))], [(str(name), "right") for name in labels]
    shown = stack.shown_k.tolist()
    names = [str(inputs.labels[k - inputs.neurons.start]) if inputs.labels else str(k) for k in shown]
    return [*shown, -1], [*((name, "right") for name in names), (stack.text, "right")]


def input_strengths(named: np.ndarray, activation_n: np.ndarray, plane: bool) -> list[float]:
    """How much each name counts where not all have room: as its neuron does. `plane`: of two coordinates both."""
    a = np.abs(np.nan_to_num(activation_n[np.maximum(named, 0)].astype(np.float64)))
    if plane or not len(named):
        return [0.5] * len(named)
    return np.where(named < 0, 0.9, 0.4 + 0.4 * a / max(float(a.max()), 1e-12)).tolist()


def place_labels(
    words: list[Word], named: np.ndarray, source: Source, seen: Viewable, x: Floats, y: Floats, depth: Floats, reach: float
) -> list[Label]:
    """What `plane_names` found where it is seen: `x`, `y` in imgui's units, `reach` of a neuron at distance 1."""
    activation_n = source.ops.to_host(seen.tensors("activation")[source.topology.input.neurons.slice])
    plane = source.plane is not None and not source.plane.slices
    strengths, found = input_strengths(named, activation_n, plane), []
    for k, (text, align) in enumerate(words):
        if depth[k] <= 0:
            continue
        strength, kind = (strengths[k], "layer" if plane else "minor") if k < len(named) else (0.5, "layer")
        left = float(x[k] - (reach / depth[k] + 5) * (align == "right"))
        if align == "scale":
            found.append(Label(left, float(y[k]), text, strength, "centre", "scale"))
        else:
            found.append(Label(left, float(y[k]), text, strength, align, kind))
    return found


def scale_words(unit: Unit) -> str:
    """What the plate's colours reach from and to."""
    return f"{unit.text(unit.low)} to {unit.text(unit.high)} {unit.name}"


class Responses:
    """Of one picture. `refresh` is cheap when nothing changed."""

    def __init__(self, picture: Picture):
        self.picture = picture
        self._turn = 0
        self._answered: tuple = (None, None)  # what plate and tiles show
        self._points: tuple | None = None
        self.range_n2: np.ndarray | None = None  # smallest and largest activation of each neuron over the plane, as its tile shows it

    def forget(self) -> None:
        """Other data: ask everything again."""
        self._answered, self._points = (None, None), None

    def refresh(self, source: Source, seen: Viewable, palette: str, exact: bool = False) -> None:
        """Bring plate, samples and tiles up to the source's state; `exact`: now, as films and stills need it.

        `seen`: the source, or the walk through one of its steps: then everything is as before that step, and in its last phase as after; or
        a kept moment of it.
        """
        plane, data, subject = source.plane, source.evaluator, self.picture.subject
        if plane is None or data is None:
            subject.spot = (-1.0, -1.0)
            return
        self._show_points(source, plane, palette)
        own = seen.sample.part == OWN
        subject.spot = (-1.0, -1.0) if own else plane.place(seen.sample.part, seen.sample.index)
        parameters, killed = seen.plane_state
        after = seen.view is not None and seen.view.renewed
        held = (seen.sample.part, seen.version if own else seen.sample.index) if plane.slices else None
        moment = (source.serial, source.objective, source.written, source.step, held, palette, seen.serial, after)
        self._turn = (self._turn + 1) % EVERY
        plate, tiles = self._answered
        if plate != moment and (exact or self._turn == 0) and self.picture.layout.annex is not None:
            levels = _levels(source, data.answers(SIDE, seen.sample.x, parameters, killed))
            self.picture.show_answers(levels, source.data.task, palette)
            plate = moment
        if tiles != moment and (exact or self._turn == 1) and subject.tile:
            responses_cn = data.responses(subject.tile_cells, seen.sample.x, parameters, killed)
            self.range_n2 = np.stack([responses_cn.min(0), responses_cn.max(0)], 1)
            self.picture.show_responses(responses_cn, source.data.task, self.range_n2, palette)
            tiles = moment
        self._answered = plate, tiles

    def reading(self, source: Source, hovered: int = -1) -> PlaneReading | None:
        """What the overlay says of the plane."""
        plane = source.plane
        if plane is None:
            return None
        found = self.range_n2 if self.picture.subject.tile else None
        around = _pair(found[hovered]) if found is not None and 0 <= hovered < len(found) else None
        low, high = _pair(plane.low), _pair(plane.high)
        units = source.data.units if self.picture.layout.annex is not None else ()
        subject = self.picture.subject
        dots = (subject.points, len(plane.points)) if self.picture.layout.annex is not None else (0, 0)
        return PlaneReading(plane.names, low, high, plane.slices, subject.tile > 0, around, dots, units[0] if units else None)

    def _show_points(self, source: Source, plane: Plane, palette: str) -> None:
        """The samples on the plate; they change with the data and the colours only."""
        if self._points is None or self._points[0] is not plane or self._points[1] != palette:
            self._points, units = (plane, palette), source.data.units
            plane = replace(plane, targets=units[0].level(plane.targets)) if units else plane
            self.picture.show_points(plane, source.data.n_outputs, source.data.task, palette)


def _pair(values: Sequence[float] | np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _levels(source: Source, outputs_no: np.ndarray) -> np.ndarray:
    """Answers as the plate's colours want them: numbers with units between the smallest (-1) and the largest value of the data (1)."""
    units = source.objective.units
    return units[0].level(units[0].own(outputs_no[:, :1].astype(np.float64))) if units else outputs_no
