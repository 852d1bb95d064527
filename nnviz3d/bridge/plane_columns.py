"""The columns of two-dimensional data: samples and answers on the plate, responses of neurons over the plane."""

from __future__ import annotations

import numpy as np

from nnviz3d.bridge import plate_colors
from nnviz3d.draw.network_buffers import Subject
from nnviz3d.spec.topology import Topology


class PlaneColumns:
    """A part of a picture: `_points` samples at most fit on its plate."""

    topology: Topology
    subject: Subject
    _points: int

    def show_points(self, plane, classes: int, task: str, palette: str = "blue_orange") -> None:
        """The samples on the plate; they change with the data only."""
        dots = plate_colors.dots(plane, classes, task, palette)
        if len(dots) > self._points:  # evenly: a table may be sorted by class
            dots = dots[np.linspace(0, len(dots) - 1, self._points).astype(np.intp)]
        self.subject.points = len(dots)
        self.subject.columns["t_point"].write(dots)

    def show_answers(self, outputs_no: np.ndarray, task: str, palette: str = "blue_orange") -> None:
        """The network's outputs (SIDE * SIDE, O) over the plane."""
        self.subject.columns["t_plate"].write(plate_colors.cells(outputs_no, task, self.topology.output.activation, palette))

    def show_responses(self, responses_cn: np.ndarray, task: str, range_n2: np.ndarray, palette: str = "blue_orange") -> None:
        """Every neuron's activation at each cell of the plane, (cells * cells, N) from the top; each by its own scale, from its range."""
        columns = self.subject.columns
        columns["t_response"].write(responses_cn)
        columns["t_tint"].write(np.column_stack([plate_colors.tints(self.topology, task, palette), plate_colors.scales(range_n2)]))
