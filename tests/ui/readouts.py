"""Readouts with real numbers: a small network computed here in numpy, so that equations can be checked against it."""

from __future__ import annotations

import numpy as np

from nnviz3d.spec import paths, toml
from nnviz3d.spec.readout import Charts, Label, NeuronReading, Performance, Readout, Sum, Term
from nnviz3d.spec.scene import Layer, Network, Scene
from nnviz3d.spec.scene_groups import group_of
from nnviz3d.spec.topology_builder import build_topology

SCENE = Scene(title="Handwritten digits", network=Network(layers=(Layer(units=48), Layer(units=32, activation="tanh"))))
TOPOLOGY = build_topology(SCENE.network, (8, 8), 10, "softmax", output_labels=tuple("0123456789"))
NODES = TOPOLOGY.nodes
_SCENES = {name: toml.load(path) for name, path in paths.scene_paths().items()}
SCENES = {name: scene.about for name, scene in _SCENES.items()}
GROUPS = tuple(map(group_of, _SCENES.values()))
_rng = np.random.default_rng(7)


def _forward():
    a = [np.round(_rng.random(64) ** 2, 3)]
    w, b, z = [None], [None], [None]
    for node in NODES[1:]:
        w.append(_rng.normal(0, 1.4 / np.sqrt(a[-1].size), (node.size, a[-1].size)))
        b.append(_rng.normal(0, 0.1, node.size))
        z.append(w[-1] @ a[-1] + b[-1])
        f = {"relu": lambda v: np.maximum(v, 0), "tanh": np.tanh, "softmax": lambda v: np.exp(v - v.max()) / np.exp(v - v.max()).sum()}
        a.append(f[node.activation](z[-1]))
    delta = [None, None, None, a[3] - np.eye(10)[3]]
    delta[2] = (1 - a[2] ** 2) * (w[3].T @ delta[3])
    delta[1] = (z[1] > 0) * (w[2].T @ delta[2])
    return a, w, b, z, delta


A, W, B, Z, DELTA = _forward()


def weighted(weights, values, first: int, k: int = 6, node: int = 0) -> Sum:
    """The largest k terms and the rest."""
    product = weights * values
    order = np.argsort(-np.abs(product))
    terms = tuple(Term(first + int(i), int(i), float(weights[i]), float(values[i])) for i in order[:k])
    return Sum(terms, max(0, len(product) - k), float(product[order[k:]].sum()), float(product.sum()), node)


def neuron(layer: int, j: int, **changes) -> NeuronReading:
    """The reading of one neuron of the network above."""
    node = NODES[layer]
    base = {"neuron": node.neurons.start + j, "layer": layer, "layer_name": node.name, "index": j, "activation": node.activation}
    if layer == 0:
        return NeuronReading(**{**base, "activation": "linear", "a": float(A[0][j]), **changes})
    slope = {"relu": float(Z[layer][j] > 0), "tanh": 1 - float(A[layer][j]) ** 2, "softmax": None}[node.activation]
    last = layer == 3
    out = None if last else weighted(W[layer + 1][:, j], DELTA[layer + 1], NODES[layer + 1].neurons.start, 4, layer + 1)
    facts = {
        "a": float(A[layer][j]), "z": float(Z[layer][j]), "bias": float(B[layer][j]), "slope": slope, "delta": float(DELTA[layer][j]),
        "incoming": weighted(W[layer][j], A[layer - 1], NODES[layer - 1].neurons.start, node=layer - 1), "outgoing": out,
        "target": float(j == 3) if last else None, "bias_gradient": -0.0123, "label": node.labels[j] if node.labels else "",
    }  # fmt: skip
    return NeuronReading(**{**base, **facts, **changes})


def charts(n: int = 4000) -> Charts:
    step = np.arange(1, n + 1, dtype=np.float32)
    loss = (2.3 * np.exp(-step / 600) + 0.05 + 0.06 * _rng.random(n) * np.exp(-step / 4000)).astype(np.float32)
    test_step = step[::50]
    accuracy = (1 - 0.9 * np.exp(-test_step / 300)).astype(np.float32)
    return Charts(step, loss, test_step, loss[::50] * 1.1 + 0.02, accuracy, (accuracy * 0.98).astype(np.float32))


CHARTS = charts()
SENTENCE = "Learning: the weights change a little after each batch of 32 digits."
STAGES = {"poll": 0.05, "overlay": 2.1, "train": 6.2, "publish": 0.4, "draw": 8.3, "present": 1.9}


def performance() -> Performance:
    history = (16 + 3 * _rng.random(240)).astype(np.float32)
    return Performance(STAGES, 18.4, 31.0, history, "llvmpipe (LLVM 15.0.6, 256 bits)", "cpu: numpy 2.1, 2 threads", "balanced", 0.75, 14)


def labels(n: int = 10) -> tuple[Label, ...]:
    classes = [Label(720, 150 + 22 * k, str(k), 1.0 if k == 3 else 0.45) for k in range(n)]
    layers = [Label(120 + 210 * k, 560, name, 0.8, "centre", "layer") for k, name in enumerate(("input", "hidden 1", "hidden 2"))]
    return (*classes, *layers, Label(420, 300, "0.873", 0.9, "left", "value"), Label(425, 305, "0.412", 0.5, "left", "value"))


def readout(**changes) -> Readout:
    facts = {
        "topology": TOPOLOGY, "sentence": SENTENCE, "running": True, "step": 1234,
        "epoch": 27.4, "loss": 0.0832, "test_loss": 0.1021, "train_accuracy": 0.991, "test_accuracy": 0.972, "steps_per_second": 812.0,
        "sample_count": 359, "sample_index": 16, "sample_label": "a 3", "sample_answer": "3 (97.2 %)", "sample_right": True,
        "data_name": "digits", "data_summary": "1,438 to train, 359 to test; 8×8 inputs, 10 classes", "class_names": tuple("0123456789"),
        "charts": CHARTS, "labels": labels(), "edges_shown": 2000, "edges_total": 4928, "edges_share": 0.71, "edges_peak": 0.3127,
        "performance": performance(), "scene_name": "digits", "scene_names": tuple(SCENES), "scene_abouts": tuple(SCENES.values()),
        "scene_groups": GROUPS,
        "can_undo": True, "dirty": True, "signals": 120,
    }  # fmt: skip
    return Readout(**{**facts, **changes})
