"""z = the mean of all cells of a map. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.average_equations import AverageEquations


class GlobalAverageEquations(AverageEquations):
    what = "map"


EQUATIONS = GlobalAverageEquations()
