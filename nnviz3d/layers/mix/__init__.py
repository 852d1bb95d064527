"""Sums of values, weighted by attention."""
