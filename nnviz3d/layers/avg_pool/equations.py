"""z = the mean of the cells of a window. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.average_equations import AverageEquations

EQUATIONS = AverageEquations()
