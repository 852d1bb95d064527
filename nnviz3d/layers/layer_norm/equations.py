"""z = scale (a - mean) / deviation + shift, over the values of a sample or token. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.row_norm_equations import RowNormEquations

EQUATIONS = RowNormEquations()
