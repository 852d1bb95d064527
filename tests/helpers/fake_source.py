"""A network out of nowhere: no learner, no data, no gradients, no past. What shows it must show any opened model."""

from __future__ import annotations

import numpy as np

from nnviz3d.backend import choose
from nnviz3d.sources.still import StillSource
from nnviz3d.sources.viewable import Array, Sample
from nnviz3d.spec.scene import Layer, Network, Scene
from nnviz3d.spec.topology_builder import build_topology


class FakeSource(StillSource):
    def __init__(self):
        network = Network(layers=(Layer(units=4, activation="tanh"),))
        topology = build_topology(network, (3,), 2, "linear", input_labels=("u", "v", "w"), output_labels=("yes", "no"))
        super().__init__(topology, choose("cpu"), Scene(title="Fake", network=network))
        random = np.random.default_rng(5)
        p, x = random.normal(size=topology.n_parameters).astype(np.float32), np.array([0.5, -1.0, 2.0], np.float32)
        zs, activations = [x], [x]
        for node in topology.nodes[1:]:
            zs.append(node.weight.view(p) @ activations[-1] + node.bias.view(p))
            activations.append(np.tanh(zs[-1]) if node.activation == "tanh" else zs[-1])
        delta = random.normal(size=topology.n_neurons).astype(np.float32)
        self.known = {"parameter": p, "z": np.concatenate(zs), "activation": np.concatenate(activations), "delta": delta}
        self.sample = Sample(0, 1, "given", x, None, "three numbers")

    def tensors(self, kind: str) -> Array | None:
        return self.known.get(kind)
