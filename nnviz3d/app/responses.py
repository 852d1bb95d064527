"""What the network answers over the plane of its data, kept up to date in the picture: the plate, and every neuron's own tile.

Decides how fine and how often; the numbers are `sources.asking`'s, the colours the bridge's. Plate and tiles take turns, each at every
third frame in which something changed: 0.4 ms each for two spirals, tiles 1 ms for a network of 400 neurons (one core).
"""

from __future__ import annotations

from dataclasses import replace
from math import isqrt

import numpy as np

from nnviz3d.bridge.picture import Picture
from nnviz3d.draw.plate import SIDE
from nnviz3d.layout.grid import Layout
from nnviz3d.spec.readout import PlaneReading
from nnviz3d.spec.units import Unit

TILES_UP_TO = 400  # neurons: more are too small on screen to be pictures
FINEST, COARSEST = 32, 12  # cells a side of a tile
WORK, VALUES = 1e7, 200_000  # multiply-adds, and activations, that one look for all tiles may cost
EVERY = 3
NAMED = 16  # inputs: more names cannot be read beside a column


def tile_cells(source, view) -> int:
    """Cells a side of each neuron's tile; 0: none."""
    topology = source.topology
    if source.plane is None or not view.thumbnails or topology.n_neurons > TILES_UP_TO:
        return 0
    most = min(WORK / max(topology.n_parameters, 1), VALUES / topology.n_neurons)
    return min(max(isqrt(int(most)), COARSEST), FINEST)


def plane_names(source, layout: Layout) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Where words of the plane stand, (n, 3), and the words with their alignment: inputs left of their neurons, axes at the plate; "scale"
    is what the plate's colours reach from and to, where they stand for numbers with a unit."""
    plane, inputs = source.plane, source.topology.input
    if plane is None:
        return np.zeros((0, 3)), []
    words = [(name, "right") for name in inputs.labels[:NAMED]] if len(inputs.labels) <= NAMED else []
    points = [*layout.place_n4[inputs.neurons.slice, :3][: len(words)]]
    if layout.annex is not None:
        (x, low, near), (_, high, far) = layout.annex
        step = 0.06 * (high - low)
        below = [(plane.names[0], "centre")]
        below += [("others as in the shown sample", "centre")] if plane.slices else []
        below += [(scale_words(source.data.units[0]), "scale")] if source.data.units else []
        words += [(plane.names[1], "left"), *below]
        points += [(x, high + 0.8 * step, near), *((x, low - (1.0 + 1.2 * k) * step, (near + far) / 2) for k in range(len(below)))]
    return np.array(points, np.float64).reshape(-1, 3), words


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

    def refresh(self, source, seen, palette: str, exact: bool = False) -> None:
        """Bring plate, samples and tiles up to the source's state; `exact`: now, as films and stills need it.

        `seen`: the source, or the walk through one of its steps: then everything is as before that step, and in its last phase as after; or
        a kept moment of it.
        """
        plane, subject = source.plane, self.picture.subject
        if plane is None:
            subject.spot = (-1.0, -1.0)
            return
        self._show_points(source, palette)
        subject.spot = plane.place(seen.sample.part, seen.sample.index)
        told, parameters, killed, after = None, None, None, False
        if hasattr(seen, "tape"):
            told, after = seen.tape, seen.kind == "after"
            parameters = told.after if after else told.before
        elif seen is not source:
            told, parameters, killed = seen.told, seen.told.parameters, seen.told.holds.killed
        held = (seen.sample.part, seen.sample.index) if plane.slices else None
        trainer = source.trainer
        moment = (trainer, trainer.objective, trainer.writes, source.step, held, palette, told, after)
        self._turn = (self._turn + 1) % EVERY
        plate, tiles = self._answered
        if plate != moment and (exact or self._turn == 0) and self.picture.layout.annex is not None:
            told = _levels(source, source.answers(SIDE, seen.sample.x, parameters, killed))
            self.picture.show_answers(told, source.data.task, palette)
            plate = moment
        if tiles != moment and (exact or self._turn == 1) and subject.tile:
            responses_cn = source.responses(subject.tile_cells, seen.sample.x, parameters, killed)
            self.range_n2 = np.stack([responses_cn.min(0), responses_cn.max(0)], 1)
            self.picture.show_responses(responses_cn, source.data.task, self.range_n2, palette)
            tiles = moment
        self._answered = plate, tiles

    def reading(self, source, hovered: int = -1) -> PlaneReading | None:
        """What the overlay says of the plane."""
        plane = source.plane
        if plane is None:
            return None
        found = self.range_n2 if self.picture.subject.tile else None
        around = tuple(map(float, found[hovered])) if found is not None and 0 <= hovered < len(found) else None
        low, high = (tuple(map(float, corner)) for corner in (plane.low, plane.high))
        units = source.data.units if self.picture.layout.annex is not None else ()
        return PlaneReading(plane.names, low, high, plane.slices, self.picture.subject.tile > 0, around, units[0] if units else None)

    def _show_points(self, source, palette: str) -> None:
        """The samples on the plate; they change with the data and the colours only."""
        if self._points is None or self._points[0] is not source.plane or self._points[1] != palette:
            self._points = source.plane, palette
            plane, units = source.plane, source.data.units
            plane = replace(plane, targets=units[0].level(plane.targets)) if units else plane
            self.picture.show_points(plane, source.data.n_outputs, source.data.task, palette)


def _levels(source, outputs_no: np.ndarray) -> np.ndarray:
    """Answers as the plate's colours want them: numbers with units between the smallest (-1) and the largest value of the data (1)."""
    units = source.objective.units
    return units[0].level(units[0].own(outputs_no[:, :1].astype(np.float64))) if units else outputs_no
