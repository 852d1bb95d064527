"""First weights. All drawn by numpy on the host in float32, so that every backend starts from the same bytes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nnviz3d.layers import face
from nnviz3d.spec.activations import ACTIVATIONS
from nnviz3d.spec.topology import Topology


def parameters(topology: Topology, seed: int) -> np.ndarray:
    """(P,) float32. Nodes are drawn in order from Generator(PCG64([seed, 1])); batches have a stream of their own."""
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    arena = np.zeros(topology.n_parameters, np.float32)
    for node in topology.nodes:
        layer: Any = node.table
        for part, r in node.parameters:
            if r is not node.weight:
                r.view(arena)[...] = face(node.kind, "engine").first_value(layer, part)
                continue
            kind = layer.init
            if kind == "auto":
                kind = "he_uniform" if ACTIVATIONS[node.activation].relu_like else "xavier_uniform"
            r.view(arena)[...] = draw(kind, r.shape, face(node.kind, "engine").fans(r), rng)
            r.view(arena)[...] *= np.float32(layer.init_scale)
    return arena


def draw(kind: str, shape: tuple[int, ...], fans: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Float32 weights of this shape, outputs first; `fans`: (in, out) of one weight. `normal` is N(0, 1), `uniform` U(-1, 1) (both are
    meant to be scaled by `init_scale`); xavier sqrt(2/(in + out)), he sqrt(2/in), lecun sqrt(1/in) are standard deviations; a uniform one
    has the same, bound sqrt(3) times it; orthogonal has orthonormal rows or columns (Saxe et al. 2014); playground U(-0.5, 0.5)."""
    fan_in, fan_out = fans
    if kind == "zeros":
        return np.zeros(shape, np.float32)
    if kind == "orthogonal":
        return _orthogonal(shape, rng)
    if kind == "playground":
        return rng.random(shape, np.float32) - np.float32(0.5)
    family, _, form = kind.rpartition("_")
    std = {"xavier": math.sqrt(2 / (fan_in + fan_out)), "he": math.sqrt(2 / fan_in), "lecun": math.sqrt(1 / fan_in)}.get(family)
    if form == "normal":
        return rng.standard_normal(shape, np.float32) * np.float32(1.0 if std is None else std)
    bound = 1.0 if std is None else std * math.sqrt(3)
    return (2 * rng.random(shape, np.float32) - 1) * np.float32(bound)


def _orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    rows, columns = shape[0], math.prod(shape[1:])  # kernels as rows, as PyTorch has them
    tall = rng.standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(tall)
    q *= np.sign(np.diag(r))  # makes the draw uniform over orthogonal matrices (Mezzadri 2007)
    return np.ascontiguousarray(q if rows >= columns else q.T, np.float32).reshape(shape)
