"""What a row costs: by edges where weights are shared."""

from __future__ import annotations

from nnviz3d.spec.row_work import row_work
from nnviz3d.spec.scene import Network
from nnviz3d.spec.topology_builder import build_topology


def test_shared_weights_count_wherever_they_are_used_and_biases_of_dense_layers_too():
    dense = build_topology(Network.model_validate({"layers": [{"units": 5}]}), (4,), 3, "softmax")
    assert row_work(dense) == dense.n_parameters == (4 + 1) * 5 + (5 + 1) * 3
    maps = build_topology(Network.model_validate({"layers": [{"kind": "conv2d", "channels": 2, "kernel": 3}]}), (8, 8), 3, "softmax")
    assert row_work(maps) == 2 * 9 * 36 + 72 * 3 > maps.n_parameters
