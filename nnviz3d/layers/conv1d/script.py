"""A convolution along one axis as a line of numpy or PyTorch."""

from __future__ import annotations

from nnviz3d.layers.shared.convolution_script import numpy, torch

__all__ = ["numpy", "torch"]
