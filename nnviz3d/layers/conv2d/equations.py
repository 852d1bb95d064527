"""A convolution over maps. Pure."""

from __future__ import annotations

from nnviz3d.layers.shared.convolution_equations import ConvolutionEquations

EQUATIONS = ConvolutionEquations()
