"""A small network and weights for it."""

from __future__ import annotations

import numpy as np

from nnviz3d.formats import weights
from nnviz3d.spec.scene import Layer, Network, Scene
from nnviz3d.spec.topology_builder import build_topology

SCENE = Scene(title="Bücher", network=Network(layers=(Layer(units=3), Layer(units=2))))


TOPOLOGY = build_topology(SCENE.network, (4,), 2, "softmax")


def parameters() -> dict[str, np.ndarray]:
    rng = np.random.Generator(np.random.PCG64(0))
    return {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in weights.names(TOPOLOGY).items()}
