"""Frozen data models: scenes, topology, edits, readouts, limits, errors and paths. Imports nothing of nnviz3d."""
