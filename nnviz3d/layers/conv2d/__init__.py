"""Weighted sums of windows that slide over maps."""
