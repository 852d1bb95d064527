"""Tensors side by side along one axis."""
