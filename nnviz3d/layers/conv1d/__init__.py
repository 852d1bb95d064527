"""Weighted sums of windows that slide along one axis."""
