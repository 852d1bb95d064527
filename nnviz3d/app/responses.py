"""What the network answers over the plane of its data, kept up to date in the picture: the plate, and every neuron's own tile.

Decides how fine and how often; the numbers are `sources.asking`'s, the colours the bridge's. Plate and tiles take turns, each at every third
frame in which something changed: 0.4 ms and 0.5 ms for a small network, at most about 3 ms for the largest that has tiles.
"""

from __future__ import annotations

from math import isqrt

from nnviz3d.bridge.picture import Picture
from nnviz3d.draw.plate import SIDE

TILES_UP_TO = 400  # neurons: more are too small on screen to be pictures
FINEST, COARSEST = 32, 12  # cells a side of a tile
WORK, VALUES = 1e7, 200_000  # multiply-adds, and activations, that one look for all tiles may cost
EVERY = 3


def tile_cells(source, view) -> int:
    """Cells a side of each neuron's tile; 0: none."""
    topology = source.topology
    if source.plane is None or not view.thumbnails or topology.n_neurons > TILES_UP_TO:
        return 0
    most = min(WORK / max(topology.n_parameters, 1), VALUES / topology.n_neurons)
    return min(max(isqrt(int(most)), COARSEST), FINEST)


class Responses:
    """Of one picture. `refresh` is cheap when nothing changed."""

    def __init__(self, picture: Picture):
        self.picture = picture
        self._turn = 0
        self._answered: tuple = (None, None)  # what plate and tiles show
        self._points: tuple | None = None

    def forget(self) -> None:
        """Other data: ask everything again."""
        self._answered, self._points = (None, None), None

    def refresh(self, source, palette: str, exact: bool = False) -> None:
        """Bring plate, samples and tiles up to the source's state; `exact`: now, as films and stills need it."""
        plane = source.plane
        if plane is None:
            return
        self._show_points(source, palette)
        held = source.sample.index if plane.slices else None
        moment = (source.trainer, source.trainer.objective, source.trainer.writes, source.step, held, palette)
        self._turn = (self._turn + 1) % EVERY
        plate, tiles = self._answered
        if plate != moment and (exact or self._turn == 0) and self.picture.layout.annex is not None:
            self.picture.show_answers(source.answers(SIDE), source.data.task, palette)
            plate = moment
        if tiles != moment and (exact or self._turn == 1) and self.picture.subject.tile:
            self.picture.show_responses(source.responses(self.picture.subject.tile_cells), source.data.task, palette)
            tiles = moment
        self._answered = plate, tiles

    def mark(self, source, seen) -> None:
        """Where the shown sample lies."""
        self.picture.subject.spot = source.plane.place(seen.sample.part, seen.sample.index) if source.plane is not None else (-1.0, -1.0)

    def _show_points(self, source, palette: str) -> None:
        """The samples on the plate; they change with the data and the colours only."""
        if self._points is None or self._points[0] is not source.plane or self._points[1] != palette:
            self._points = source.plane, palette
            self.picture.show_points(source.plane, source.data.n_outputs, source.data.task, palette)
